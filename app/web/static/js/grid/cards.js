// One page of crops.

import { h } from '../dom.js';
import { PAGE } from './items.js';

const SIGNS = { pending: '', accepted: '✓', rejected: '✕', unsure: '?', gone: '–' };

export class Cards {
  #api;
  #cards = new Map(); // item -> element
  #shown = [];

  /**
   * @param {import('../api.js').Api} api @param {HTMLElement} element
   * @param {{onPick: (item: object, how: {extend: boolean, toggle: boolean}) => void, onOpen: (item: object) => void,
   *          estimate: (item: object) => string, categoryName: (item: object) => string, isChosen: (item: object) => boolean}} screen
   */
  constructor(api, element, screen) {
    this.#api = api;
    this.element = element;
    this.screen = screen;
    const itemOf = (event) => this.#shown[Number(event.target.closest('[data-place]')?.dataset.place)];
    element.addEventListener('mousedown', (event) => event.shiftKey && event.preventDefault()); // no text is selected
    element.addEventListener('click', (event) => {
      const item = itemOf(event);
      if (item) screen.onPick(item, { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
    });
    element.addEventListener('dblclick', (event) => itemOf(event) && screen.onOpen(itemOf(event)));
  }

  /** @param {object[]} items of a page @param {number} first place of the first one in the whole list */
  show(items, first, total) {
    this.#shown = items;
    this.#cards.clear();
    items.forEach((item, place) => this.#cards.set(item, this.#card(item, place, first, total)));
    this.element.replaceChildren(...this.#cards.values());
    this.element.scrollTop = 0;
  }

  /** Decided, named or selected: its marks are others now. */
  update(item) {
    const card = this.#cards.get(item);
    if (card) this.#dress(card, item);
  }

  updateAll() {
    for (const item of this.#shown) this.update(item);
  }

  mark(item) {
    this.element.querySelector('.at-cursor')?.classList.remove('at-cursor');
    const card = this.#cards.get(item);
    card?.classList.add('at-cursor');
    card?.scrollIntoView({ block: 'nearest' });
    if (card) this.element.setAttribute('aria-activedescendant', card.id);
    else this.element.removeAttribute('aria-activedescendant');
  }

  /** Crops in a row. */
  get columns() {
    return getComputedStyle(this.element).gridTemplateColumns.split(' ').length;
  }

  /** Have the pictures of a page ready that may come next. */
  prefetch(items) {
    for (const item of items.slice(0, PAGE)) new Image().src = this.#api.cropUrl(item.id, item.crop);
  }

  /** Wait until every picture of the page is there, or cannot be. */
  async loaded() {
    const pictures = [...this.element.querySelectorAll('img')].filter((picture) => !picture.complete);
    await Promise.all(
      pictures.map((picture) => new Promise((done) => {
        picture.addEventListener('load', done, { once: true });
        picture.addEventListener('error', done, { once: true });
      })),
    );
  }

  #card(item, place, first, total) {
    const picture = h('img', { alt: '', draggable: 'false', decoding: 'async' });
    const card = h(
      'div',
      { role: 'option', id: `crop-${item.id}`, data: { place, id: item.id }, 'aria-posinset': first + place + 1, 'aria-setsize': total },
      h('span', { class: 'crop' }, picture, h('i', { class: 'sign', 'aria-hidden': 'true' })),
      h('span', { class: 'facts' }, h('b'), h('span', { class: 'name' })),
    );
    picture.addEventListener('error', () => card.classList.add('is-missing'));
    this.#dress(card, item);
    return card;
  }

  #dress(card, item) {
    const { estimate, categoryName, isChosen } = this.screen;
    const chosen = isChosen(item);
    const classes = ['card-crop', `is-${item.state}`, chosen && 'is-chosen', item.gone && 'is-gone'];
    for (const kept of ['at-cursor', 'is-missing']) classes.push(card.classList.contains(kept) && kept);
    card.className = classes.filter(Boolean).join(' ');
    const picture = card.querySelector('img');
    const source = this.#api.cropUrl(item.id, item.crop);
    if (!item.gone && picture.getAttribute('src') !== source) picture.src = source; // somebody may have given it other pixels
    card.setAttribute('aria-selected', String(chosen));
    card.querySelector('.sign').textContent = SIGNS[item.gone ? 'gone' : item.state];
    card.querySelector('b').textContent = estimate(item);
    card.querySelector('.name').textContent = categoryName(item);
    const words = [`Mask ${item.id}`, item.gone ? 'no longer on its image' : item.state, estimate(item), categoryName(item)];
    card.setAttribute('aria-label', words.filter(Boolean).join(', '));
  }
}
