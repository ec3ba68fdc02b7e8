// A list of any length of which only the rows in sight exist.

import { h, oncePerFrame } from './dom.js';

export class VirtualList {
  #rows = new Map();
  #count = 0;

  /**
   * @param {HTMLElement} element scrolls; gets the list inside
   * @param {{height: number, make: (index: number) => HTMLElement}} options row height in CSS pixels
   */
  constructor(element, { height, make }) {
    this.element = element;
    this.height = height;
    this.make = make;
    this.inner = h('div', { class: 'virtual', role: 'presentation' });
    element.append(this.inner);
    this.render = oncePerFrame(() => this.#render());
    element.addEventListener('scroll', this.render, { passive: true });
    new ResizeObserver(this.render).observe(element);
  }

  /** Other contents: all rows are made again. */
  reset(count) {
    this.#count = count;
    this.inner.style.height = `${count * this.height}px`;
    this.#rows.forEach((row) => row.remove());
    this.#rows.clear();
    this.#render();
  }

  /** This row looks different now. */
  update(index) {
    const old = this.#rows.get(index);
    if (!old) return;
    const row = this.#place(index);
    old.replaceWith(row);
    this.#rows.set(index, row);
  }

  row(index) {
    return this.#rows.get(index);
  }

  scrollTo(index) {
    const top = index * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
    this.#render();
  }

  #place(index) {
    const row = this.make(index);
    row.style.transform = `translateY(${index * this.height}px)`;
    return row;
  }

  #render() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - 4);
    const last = Math.min(this.#count, Math.ceil((scrollTop + clientHeight) / this.height) + 4);
    for (const [index, row] of this.#rows) {
      if (index < first || index >= last) {
        row.remove();
        this.#rows.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      if (this.#rows.has(index)) continue;
      const row = this.#place(index);
      this.inner.append(row);
      this.#rows.set(index, row);
    }
  }
}
