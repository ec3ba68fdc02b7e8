// The Queue: all images of the workspace as a virtual list with filters; a page of rows is fetched when it comes into sight.

import { Api } from './api.js';
import { h, shown } from './dom.js';
import { VirtualList } from './virtual.js';

const PAGE = 100;
const TYPING_PAUSE = 200; // ms after the last letter of a search
const FILTERS = [
  ['', 'All'],
  ['todo', 'To do'],
  ['doing', 'Begun'],
  ['done', 'Done'],
  ['new', 'No proposals'],
  ['error', 'Unreadable'],
];
const WORDS = { new: 'no proposals', todo: 'to do', doing: 'begun', done: 'done', error: 'unreadable' };
const ICONS = { new: '·', todo: '○', doing: '◐', done: '✓', error: '!' };

class Queue {
  #pages = new Map(); // page number -> rows, or a promise of them
  #total = 0;
  #active = 0;
  #asked = 0; // number of the latest question; late answers to older ones are dropped
  #counts = '';

  constructor(element, { api, onOpen }) {
    this.api = new Api(api);
    this.onOpen = onOpen;
    this.element = element;
    this.status = '';
    this.#layOut();
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail));
    document.addEventListener('annotator:tab', ({ detail }) => detail === 'queue' && this.load());
    document.addEventListener('annotator:search', () => this.search.focus());
  }

  #layOut() {
    this.filters = h('div', { class: 'queue-filters', role: 'group', 'aria-label': 'Status' });
    this.filters.append(...FILTERS.map(([status, label]) => this.#filter(status, label)));
    this.search = h('input', { type: 'search', placeholder: 'Search file names… (/)', 'aria-label': 'Search file names', maxlength: 200 });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.load(), TYPING_PAUSE);
    });
    this.search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'ArrowDown') this.rows.focus();
      if (event.key === 'Escape') this.search.blur();
    });
    this.progress = h('div', { class: 'queue-progress', role: 'status' });
    this.rows = h('div', { class: 'queue-rows', role: 'listbox', tabindex: 0, 'aria-label': 'Images' });
    this.empty = h('p', { class: 'queue-empty', hidden: true }, 'No image matches.');
    this.element.classList.add('queue');
    this.element.replaceChildren(h('div', { class: 'queue-head' }, this.filters, this.search, this.progress), this.empty, this.rows);
    this.list = new VirtualList(this.rows, { height: 64, make: (index) => this.#row(index) });
    this.rows.addEventListener('click', (event) => this.#open(event.target.closest('[data-index]')?.dataset.index));
    this.rows.addEventListener('keydown', (event) => this.#key(event));
  }

  #filter(status, label) {
    const pick = () => {
      this.status = status;
      for (const button of this.filters.children) button.setAttribute('aria-pressed', String(button.dataset.status === status));
      this.load();
    };
    return h(
      'button', { type: 'button', 'aria-pressed': String(status === ''), data: { status }, onclick: pick },
      label, h('b', { class: 'number' }),
    );
  }

  /** Ask for the list anew and keep the place in it. */
  async load() {
    const asked = ++this.#asked;
    const first = await this.#fetch(0).catch((error) => ({ error }));
    if (asked !== this.#asked) return;
    if (first.error) {
      this.#say(first.error.message);
      return;
    }
    this.#pages = new Map([[0, first.rows]]);
    this.#total = first.total;
    this.#active = Math.min(this.#active, Math.max(0, first.total - 1));
    this.#say(first.total ? '' : 'No image matches.');
    this.list.reset(first.total);
  }

  #say(text) {
    this.empty.textContent = text;
    this.empty.hidden = text === '';
  }

  #fetch(page) {
    const query = new URLSearchParams({ offset: page * PAGE, limit: PAGE, search: this.search.value.trim() });
    if (this.status) query.set('status', this.status);
    return this.api.get(`/images?${query}`);
  }

  /** The row's data, or null while it is fetched. */
  #data(index) {
    const page = Math.floor(index / PAGE);
    const rows = this.#pages.get(page);
    if (Array.isArray(rows)) return rows[index % PAGE] ?? null;
    if (!rows) {
      const asked = this.#asked;
      const waiting = this.#fetch(page).then(
        (answer) => {
          if (asked !== this.#asked) return;
          this.#pages.set(page, answer.rows);
          answer.rows.forEach((_, k) => this.list.update(page * PAGE + k));
        },
        () => this.#pages.delete(page),
      );
      this.#pages.set(page, waiting);
    }
    return null;
  }

  #row(index) {
    const image = this.#data(index);
    const attributes = {
      class: 'queue-row', role: 'option', id: `queue-row-${index}`, data: { index }, 'aria-selected': String(index === this.#active),
      'aria-posinset': index + 1, 'aria-setsize': this.#total,
    };
    if (!image) return h('div', { ...attributes, class: 'queue-row is-loading' });
    const picture = image.status === 'error'
      ? h('span', { class: 'no-picture', 'aria-hidden': 'true' }, '!')
      : h('img', { src: this.api.thumbnailUrl(image.id, image.version), alt: '', loading: 'lazy', decoding: 'async' });
    const count = (state, sign) => (image[state] ? h('span', { class: `count is-${state}`, title: `${image[state]} ${state}` }, `${sign} ${image[state]}`) : null);
    return h(
      'div', { ...attributes, class: `queue-row is-${image.status}` },
      picture,
      h('span', { class: 'queue-name', title: image.name }, image.name, h('small', {}, image.error || `${image.width} × ${image.height}`)),
      h('span', { class: 'queue-counts' }, count('accepted', '✓'), count('rejected', '✕'), count('unsure', '?'), count('pending', '○')),
      h('span', { class: 'queue-status' }, h('i', { 'aria-hidden': 'true' }, ICONS[image.status]), WORDS[image.status]),
    );
  }

  #open(index) {
    if (index === undefined) return;
    this.#activate(Number(index));
    const image = this.#data(Number(index));
    if (image) this.onOpen(image.id);
  }

  #activate(index) {
    if (index < 0 || index >= this.#total) return;
    const before = this.#active;
    this.#active = index;
    this.list.update(before);
    this.list.scrollTo(index);
    this.list.update(index);
    this.rows.setAttribute('aria-activedescendant', `queue-row-${index}`);
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.rows.clientHeight / 64) - 1);
    const moves = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key === 'Enter') this.#open(this.#active);
    else if (event.key === '/') this.search.focus();
    else if (event.key in moves) this.#activate(Math.min(this.#total - 1, Math.max(0, this.#active + moves[event.key])));
    else return;
    event.preventDefault();
  }

  #overview({ images }) {
    for (const button of this.filters.children) {
      const { status } = button.dataset;
      button.querySelector('.number').textContent = status ? images[status] : images.total;
    }
    this.progress.textContent = images.total ? `${images.done} of ${images.total} done` : '';
    const counts = JSON.stringify(images);
    if (counts !== this.#counts && shown(this.element)) this.load();
    this.#counts = counts;
  }
}

/** Build the list inside an element; `onOpen` gets the id of the image to review. */
export function mountQueue(element, options) {
  const queue = new Queue(element, options);
  queue.load();
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // for the numbers beside the filters
  return queue;
}
