// Thumbnails of the images around the current one.

import { h } from '../dom.js';

const AROUND = 12;

export class Filmstrip {
  #api;
  #rows = [];
  #offset = 0;
  #current = null;

  /** @param {import('../api.js').Api} api @param {HTMLElement} element @param {(id: number) => void} onOpen */
  constructor(api, element, onOpen) {
    this.#api = api;
    this.element = element;
    this.onOpen = onOpen;
  }

  async show(image) {
    this.#current = image.id;
    if (!this.#rows.some(({ id }) => id === image.id) || this.#nearEnd(image.index)) {
      this.#offset = Math.max(0, image.index - AROUND);
      const page = await this.#api.get(`/images?offset=${this.#offset}&limit=${2 * AROUND + 1}`).catch(() => null);
      if (!page || this.#current !== image.id) return;
      this.#rows = page.rows;
      this.element.replaceChildren(...this.#rows.map((row) => this.#thumbnail(row)));
    }
    this.#mark();
  }

  setStatus(id, status) {
    const button = this.element.querySelector(`[data-id="${id}"]`);
    if (button) button.dataset.status = status;
  }

  #nearEnd(index) {
    const place = index - this.#offset;
    return (place < 3 && this.#offset > 0) || (place > this.#rows.length - 4 && this.#rows.length === 2 * AROUND + 1);
  }

  #thumbnail({ id, name, status, version }) {
    return h(
      'button',
      { type: 'button', class: 'thumb', title: name, 'aria-label': name, data: { id, status }, onclick: () => this.onOpen(id) },
      status === 'error' ? null : h('img', { src: this.#api.thumbnailUrl(id, version), alt: '', loading: 'lazy', decoding: 'async' }),
    );
  }

  #mark() {
    for (const button of this.element.children) {
      const current = Number(button.dataset.id) === this.#current;
      button.toggleAttribute('aria-current', current);
      if (current) {
        const middle = button.offsetLeft + button.offsetWidth / 2 - this.element.clientWidth / 2;
        this.element.scrollLeft = middle;
      }
    }
  }
}
