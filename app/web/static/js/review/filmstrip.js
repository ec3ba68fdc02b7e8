// Thumbnails of the images around the current one.

import { h } from '../dom.js';
import { byImage } from '../others.js';

const AROUND = 15;
const MARGIN = 3; // thumbnails before the end at which more are fetched

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
    if (this.#rows[image.index - this.#offset]?.id !== image.id || this.#nearEnd(image)) {
      const offset = Math.max(0, image.index - AROUND);
      const page = await this.#api.get(`/images?offset=${offset}&limit=${2 * AROUND + 1}`).catch(() => null);
      if (!page || this.#current !== image.id) return;
      this.#offset = offset;
      this.#rows = page.rows;
      this.element.replaceChildren(...this.#rows.map((row) => this.#thumbnail(row)));
      this.setOthers();
    }
    this.#mark();
  }

  setStatus(id, status) {
    const button = this.element.querySelector(`[data-id="${id}"]`);
    if (button) button.dataset.status = status;
  }

  /** Mark the images that others have open. */
  setOthers() {
    const others = byImage();
    for (const button of this.element.children) {
      const names = others.get(Number(button.dataset.id))?.join(', ');
      const { name } = this.#rows.find(({ id }) => id === Number(button.dataset.id));
      button.toggleAttribute('data-here', names !== undefined);
      button.title = names ? `${name}\nOpen at ${names}` : name;
      button.setAttribute('aria-label', names ? `${name}, open at ${names}` : name);
    }
  }

  #nearEnd({ index, total }) {
    const end = this.#offset + this.#rows.length;
    return (index - this.#offset < MARGIN && this.#offset > 0) || (index > end - 1 - MARGIN && end < total);
  }

  #thumbnail({ id, name, status, version, alike }) {
    const words = alike ? `${name}, ${alike} look alike` : name;
    return h(
      'button',
      {
        type: 'button', class: 'thumb', title: words, 'aria-label': words, data: { id, status }, onclick: () => this.onOpen(id),
        onmousedown: (event) => event.preventDefault(), // the keys stay with the masks
      },
      status === 'error' ? null : h('img', { src: this.#api.thumbnailUrl(id, version), alt: '', loading: 'lazy', decoding: 'async' }),
      alike ? h('span', { class: 'thumb-alike', 'aria-hidden': 'true' }, `≈${alike}`) : null,
    );
  }

  #mark() {
    for (const button of this.element.children) {
      const current = Number(button.dataset.id) === this.#current;
      if (current) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      if (current) this.element.scrollLeft = button.offsetLeft + button.offsetWidth / 2 - this.element.clientWidth / 2;
    }
  }
}
