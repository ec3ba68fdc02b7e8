// A list of any length, one or several items a row, of which only the items in sight exist.

import { h, oncePerFrame } from './dom.js';

const AHEAD = 3; // rows made before they come into sight

export class VirtualList {
  #items = new Map();
  #count = 0;

  /**
   * @param {HTMLElement} element scrolls; gets the list inside
   * @param {{height: number, width?: number, make: (index: number) => HTMLElement}} options CSS pixels of an item; it is at least so
   *   wide, and without a width fills the row
   */
  constructor(element, { height, width = 0, make }) {
    this.element = element;
    this.make = make;
    this.inner = h('div', { class: 'virtual', role: 'presentation' });
    element.append(this.inner);
    this.shape(height, width);
    this.render = oncePerFrame(() => this.#render());
    element.addEventListener('scroll', this.render, { passive: true });
    new ResizeObserver(() => this.#resized()).observe(element);
  }

  /** Items of another size; `reset` must follow. */
  shape(height, width) {
    this.height = height;
    this.width = width;
    this.columns = this.#columns();
  }

  /** Other contents: all items are made again. */
  reset(count) {
    this.#count = count;
    this.inner.style.height = `${Math.ceil(count / this.columns) * this.height}px`;
    this.inner.replaceChildren();
    this.#items.clear();
    this.#render();
  }

  /** This item looks different now. */
  update(index) {
    const old = this.#items.get(index);
    if (!old) return;
    const item = this.#place(index);
    old.replaceWith(item);
    this.#items.set(index, item);
  }

  /** All of them may look different now. */
  updateAll() {
    for (const index of [...this.#items.keys()]) this.update(index);
  }

  scrollTo(index) {
    const top = Math.floor(index / this.columns) * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
    this.#render();
  }

  #columns() {
    return this.width ? Math.max(1, Math.floor(this.element.clientWidth / this.width)) : 1;
  }

  #resized() {
    this.columns = this.#columns();
    if (this.width) this.reset(this.#count);
    else this.render();
  }

  #place(index) {
    const item = this.make(index);
    const row = Math.floor(index / this.columns);
    const width = this.width ? Math.floor(this.element.clientWidth / this.columns) : 0;
    if (width) item.style.width = `${width}px`;
    item.style.transform = `translate(${(index % this.columns) * width}px, ${row * this.height}px)`;
    return item;
  }

  #render() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - AHEAD) * this.columns;
    const last = Math.min(this.#count, (Math.ceil((scrollTop + clientHeight) / this.height) + AHEAD) * this.columns);
    for (const [index, item] of this.#items) {
      if (index >= first && index < last) continue;
      item.remove();
      this.#items.delete(index);
    }
    for (let index = first; index < last; index++) {
      if (this.#items.has(index)) continue;
      const item = this.#place(index);
      this.inner.append(item);
      this.#items.set(index, item);
    }
  }
}
