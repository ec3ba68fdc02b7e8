// The Queue: all images of the workspace as a virtual list or grid with filters, search and orders.

import { Api } from './api.js';
import { h, shown } from './dom.js';
import { Arrangement } from './queue/arrangement.js';
import { itemOf, SHAPES } from './queue/items.js';
import { Pages } from './queue/pages.js';
import { icon } from './review/icons.js';
import { belongsElsewhere } from './review/keyboard.js';
import { byImage } from './others.js';
import { VirtualList } from './virtual.js';

const TYPING_PAUSE = 200; // ms after the last letter of a search
const FILTERS = [
  ['', 'All'],
  ['todo', 'To do'],
  ['doing', 'Begun'],
  ['done', 'Done'],
  ['new', 'No proposals'],
  ['error', 'Unreadable'],
  ['alike', 'Look-alikes'],
  ['picked', 'Picked'],
  ['changed', 'Changed'],
];
const SPECIAL = new Set(['alike', 'picked', 'changed']); // lists across all statuses, shown where there is something in them
/** A click with the mouse leaves the focus where it is, so that the arrow keys stay with the list. */
const keepFocus = (event) => event.preventDefault();
const LAYOUT = 'annotator:queue-layout';

class Queue {
  #ending = new AbortController();
  #active = 0;
  #counts = '';
  #filter = '';
  #layout = localStorage.getItem(LAYOUT) === 'grid' ? 'grid' : 'list';

  constructor(element, { api, onOpen }) {
    this.api = new Api(api);
    this.onOpen = onOpen;
    this.element = element;
    this.pages = new Pages(this.api, (first, count) => this.#arrived(first, count));
    this.#layOut();
    this.list = new VirtualList(this.items, { ...SHAPES[this.#layout], make: (index) => this.#item(index) });
    const { signal } = this.#ending;
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail), { signal });
    document.addEventListener('annotator:tab', ({ detail }) => detail === 'queue' && this.#come(), { signal });
    window.addEventListener('hashchange', () => this.route(), { signal });
    document.addEventListener('annotator:changes', ({ detail }) => this.#changed(detail), { signal });
    document.addEventListener('annotator:others', () => this.list.updateAll(), { signal });
    document.addEventListener('annotator:search', () => this.search.select(), { signal });
    document.addEventListener('keydown', (event) => shown(element) && this.#key(event), { signal });
  }

  destroy() {
    this.#ending.abort();
    this.arrangement.stop();
  }

  #layOut() {
    const filters = FILTERS.map(([filter, label]) => this.#filterButton(filter, label));
    this.filters = h('div', { class: 'queue-filters', role: 'group', 'aria-label': 'Filter' }, ...filters);
    this.search = h('input', {
      type: 'search', placeholder: 'Search file names…  /', 'aria-label': 'Search file names', maxlength: 200, autocomplete: 'off',
      spellcheck: 'false',
    });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.load(), TYPING_PAUSE);
    });
    this.search.addEventListener('keydown', (event) => this.#searchKey(event));
    this.arrangement = new Arrangement(this.api, { onArranged: () => this.#toTop(), onState: (state) => this.#special(state) });
    const layouts = [this.#layoutButton('list', 'List'), this.#layoutButton('grid', 'Grid')];
    this.layouts = h('div', { class: 'queue-layouts', role: 'group', 'aria-label': 'Layout' }, ...layouts);
    this.bar = h('i');
    this.words = h('span');
    const bar = h('span', { class: 'queue-bar', 'aria-hidden': 'true' }, this.bar);
    this.progress = h('div', { class: 'queue-progress', role: 'status' }, bar, this.words);
    this.items = h('div', { class: 'queue-items', role: 'listbox', tabindex: 0, 'aria-label': 'Images' });
    this.items.addEventListener('click', (event) => this.#open(event.target.closest('[data-index]')?.dataset.index));
    this.empty = h('p', { class: 'queue-empty', hidden: true, role: 'status' });
    this.element.classList.add('queue');
    this.element.replaceChildren(
      h('div', { class: 'queue-head' }, this.filters, this.search, this.arrangement.select, this.layouts, this.progress),
      this.arrangement.line, this.empty, this.items,
    );
  }

  #filterButton(filter, label) {
    return h(
      'button',
      {
        type: 'button', 'aria-pressed': String(filter === ''), data: { status: filter }, hidden: SPECIAL.has(filter),
        onclick: () => this.#pick(filter), onmousedown: keepFocus,
      },
      label, h('b', { class: 'number' }),
    );
  }

  #pick(filter) {
    this.#filter = filter;
    for (const button of this.filters.children) button.setAttribute('aria-pressed', String(button.dataset.status === filter));
    this.#toTop();
  }

  /** Show the list that the address names: #/queue/picked. */
  route() {
    const [, tab, filter] = location.hash.split('/');
    if (tab !== 'queue' || !FILTERS.some(([each]) => each && each === filter)) return;
    history.replaceState(null, '', '#/queue'); // the person may choose another one, which has no address
    this.#pick(filter);
  }

  #toTop() {
    this.#active = 0;
    this.items.scrollTop = 0;
    this.load();
  }

  #come() {
    this.load();
    this.arrangement.look();
  }

  /** Numbers of the special lists; an empty one is not offered. */
  #special(state) {
    for (const button of this.filters.children) {
      const { status } = button.dataset;
      if (!SPECIAL.has(status)) continue;
      button.hidden = !state[status] && this.#filter !== status;
      button.querySelector('.number').textContent = state[status];
    }
  }

  #layoutButton(layout, word) {
    const pick = () => {
      this.#layout = layout;
      localStorage.setItem(LAYOUT, layout);
      for (const button of this.layouts.children) button.setAttribute('aria-pressed', String(button.dataset.layout === layout));
      this.list.shape(SHAPES[layout].height, SHAPES[layout].width);
      this.list.reset(this.pages.total);
      this.list.scrollTo(this.#active);
    };
    return h(
      'button',
      {
        type: 'button', 'aria-pressed': String(layout === this.#layout), 'aria-label': word, title: word, data: { layout }, onclick: pick,
        onmousedown: keepFocus,
      },
      icon(layout),
    );
  }

  /** Ask for the list anew and keep the place in it. */
  async load() {
    const special = SPECIAL.has(this.#filter);
    const query = { status: special ? '' : this.#filter, only: special ? this.#filter : '', search: this.search.value.trim() };
    try {
      if (!(await this.pages.load(query))) return;
    } catch (error) {
      this.#say(error.message);
      return;
    }
    const { total } = this.pages;
    this.#active = Math.min(this.#active, Math.max(0, total - 1));
    this.#say(total ? '' : query.search ? `No image here has “${query.search}” in its name.` : 'No image here.');
    this.list.reset(total);
  }

  #say(text) {
    this.empty.textContent = text;
    this.empty.hidden = text === '';
  }

  #arrived(first, count) {
    for (let index = first; index < first + count; index++) this.list.update(index);
  }

  #item(index) {
    return itemOf(this.pages.row(index), {
      layout: this.#layout, index, total: this.pages.total, active: index === this.#active,
      others: byImage().get(this.pages.row(index)?.id) ?? [],
      thumbnail: ({ id, version }) => this.api.thumbnailUrl(id, version),
    });
  }

  #open(index) {
    if (index === undefined) return;
    this.#activate(Number(index));
    const image = this.pages.row(Number(index));
    if (image) this.onOpen(image.id);
  }

  #activate(index) {
    if (index < 0 || index >= this.pages.total) return;
    const before = this.#active;
    this.#active = index;
    this.list.update(before);
    this.list.scrollTo(index);
    this.list.update(index);
    this.items.setAttribute('aria-activedescendant', `queue-item-${index}`);
  }

  #searchKey(event) {
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault();
      this.items.focus();
    } else if (event.key === 'Escape' && this.search.value === '') this.search.blur();
  }

  #key(event) {
    if (belongsElsewhere(event) || event.ctrlKey || event.metaKey) return;
    const across = this.#layout === 'grid' ? 1 : 0;
    const { columns } = this.list;
    const page = columns * Math.max(1, Math.floor(this.items.clientHeight / this.list.height) - 1);
    const moves = {
      ArrowDown: columns, j: columns, ArrowUp: -columns, k: -columns, ArrowRight: across, ArrowLeft: -across,
      PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    };
    if (event.key === 'Enter') this.#open(this.#active);
    else if (event.key === '/') this.search.select();
    else if (moves[event.key]) this.#activate(Math.min(this.pages.total - 1, Math.max(0, this.#active + moves[event.key])));
    else return;
    event.preventDefault();
  }

  /** Others decided masks: the rows say so where they are. */
  #changed({ images, many }) {
    if (many && shown(this.element)) this.load();
    for (const index of this.pages.update(images.map(({ row }) => row))) this.list.update(index);
  }

  #overview({ images }) {
    for (const button of this.filters.children) {
      const { status } = button.dataset;
      if (!SPECIAL.has(status)) button.querySelector('.number').textContent = status ? images[status] : images.total;
    }
    this.words.textContent = images.total ? `${images.done} of ${images.total} done` : '';
    this.bar.style.width = `${images.total ? (100 * images.done) / images.total : 0}%`;
    const counts = JSON.stringify(images);
    if (counts !== this.#counts && shown(this.element)) this.#come();
    this.#counts = counts;
  }
}

let current = null;

/** Build the list inside an element; `onOpen` gets the id of the image to review. A second call replaces the first. */
export function mountQueue(element, options) {
  current?.destroy();
  current = new Queue(element, options);
  current.load();
  current.route();
  current.arrangement.look();
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // for the numbers beside the filters
  return current;
}
