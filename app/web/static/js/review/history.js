// What was decided on the image, step by step: a list over the canvas. A step leads to its mask.

import { ApiError } from '../api.js';
import { h } from '../dom.js';
import { keyOf } from './keymap.js';
import { flushAll } from './saver.js';

const when = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export class History {
  #screen;
  #list = h('div', { role: 'listbox', tabindex: 0, 'aria-label': 'Steps, the newest first' });
  #shown = null; // id of the image whose steps are in the list

  /** @param {object} screen the Review @param {AbortSignal} signal ends it */
  constructor(screen, signal) {
    this.#screen = screen;
    document.addEventListener('annotator:save', ({ detail }) => detail.state === 'saved' && this.refresh(), { signal });
    this.panel = screen.parts.history;
    const close = h('button', { type: 'button', 'aria-label': 'Close', onclick: () => this.close() }, '✕');
    this.panel.append(h('header', {}, h('h3', {}, 'History'), close), this.#list);
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#list.addEventListener('click', (event) => this.#open(event.target.closest('[role=option]')));
  }

  toggle() {
    if (!this.close()) this.show();
  }

  /** Something was decided or taken back. */
  refresh() {
    if (!this.panel.hidden) this.show({ focus: false });
  }

  /** Tells whether it was open. */
  close() {
    if (this.panel.hidden) return false;
    const inside = this.panel.contains(document.activeElement);
    this.panel.hidden = true;
    if (inside) this.#screen.parts.marks.focus({ preventScroll: true });
    return true;
  }

  /** Ask for the steps on the image and list them. */
  async show({ focus = true } = {}) {
    const { image, api, board } = this.#screen;
    if (!(await flushAll())) board.notice('The app does not answer: the newest decisions are not in the history yet.');
    try {
      const { events } = await api.get(`/images/${image.id}/history`);
      if (image !== this.#screen.image) return;
      this.#shown = image.id;
      this.#list.replaceChildren(...events.map((event, index) => this.#row(event, index)));
      if (!events.length) this.#list.append(h('p', {}, 'Nothing was decided on this image yet.'));
      this.panel.hidden = false;
      this.#mark(this.#list.firstElementChild);
      if (focus) this.#list.focus({ preventScroll: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      board.notice(error.message);
    }
  }

  #row({ at, who, what, instance_ids: ids, is_undone: undone }, index) {
    const masks = ids.map((id) => this.#screen.image.masks.find((mask) => mask.id === id)).filter(Boolean);
    const numbers = masks.slice(0, 3).map(({ number }) => `#${number}`).join(' ') + (masks.length > 3 ? ' …' : '');
    const time = new Date(at);
    return h(
      'div',
      { role: 'option', id: `step-${index}`, class: undone ? 'is-undone' : '', 'aria-selected': 'false', data: masks.length ? { mask: masks[0].id } : {} },
      h('b', {}, what), h('span', {}, [numbers, undone ? 'taken back' : ''].filter(Boolean).join(' · ')),
      h('small', {}, h('time', { datetime: at }, when.format(time)), who ? ` · ${who}` : ''),
    );
  }

  get #at() {
    return this.#list.querySelector('[aria-selected=true]');
  }

  #mark(row) {
    this.#at?.setAttribute('aria-selected', 'false');
    if (!row?.id) return;
    row.setAttribute('aria-selected', 'true');
    row.scrollIntoView({ block: 'nearest' });
    this.#list.setAttribute('aria-activedescendant', row.id);
  }

  #key(event) {
    const at = this.#at;
    const step = { ArrowDown: at?.nextElementSibling, ArrowUp: at?.previousElementSibling }[event.key];
    if (event.key === 'Enter') this.#open(at);
    else if (step) this.#mark(step);
    else if (!event.key.startsWith('Arrow')) return; // what else a key does it does
    event.preventDefault();
    event.stopPropagation();
  }

  /** Select the mask of a step. */
  #open(row) {
    if (!row?.dataset.mask) return;
    this.#mark(row);
    const { image, display, board } = this.#screen;
    if (image?.id === this.#shown) display.showMask(Number(row.dataset.mask));
    else board.notice(`This is the history of another image: ${keyOf('history')} shows this one's.`);
  }
}
