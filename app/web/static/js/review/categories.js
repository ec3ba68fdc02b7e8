// The categories as a row of buttons with their number keys, and a field to add one.

import { h } from '../dom.js';

export class Categories {
  #all = [];
  #api;

  /** @param {import('../api.js').Api} api @param {HTMLElement} element @param {{onPick: (id: number) => void, onError: (text: string) => void}} events */
  constructor(api, element, events) {
    this.#api = api;
    this.events = events;
    this.buttons = h('div', { class: 'category-buttons', role: 'group', 'aria-label': 'Categories' });
    this.field = h('input', { type: 'text', placeholder: 'New category…', maxlength: 100, 'aria-label': 'New category' });
    const form = h('form', { class: 'category-add', onsubmit: (event) => this.#add(event) }, this.field);
    element.append(this.buttons, form);
  }

  set(categories) {
    if (JSON.stringify(categories) === JSON.stringify(this.#all)) return;
    this.#all = categories;
    this.#render();
  }

  name(id) {
    return this.#all.find((category) => category.id === id)?.name ?? '';
  }

  /** The category of a number key: 1 is the first, 0 the tenth. */
  byKey(key) {
    return this.#all[(Number(key) + 9) % 10] ?? null;
  }

  mark(id) {
    for (const button of this.buttons.children) button.setAttribute('aria-pressed', String(Number(button.dataset.id) === id));
  }

  #render() {
    const button = (category, index) =>
      h(
        'button',
        { type: 'button', 'aria-pressed': 'false', data: { id: category.id }, onclick: () => this.events.onPick(category.id) },
        index < 10 ? h('kbd', {}, String((index + 1) % 10)) : null,
        h('span', {}, category.name),
      );
    this.buttons.replaceChildren(...this.#all.map(button));
  }

  async #add(event) {
    event.preventDefault();
    const name = this.field.value.trim();
    if (!name) return;
    try {
      const category = await this.#api.post('/categories', { name });
      this.#all = [...this.#all, category];
      this.#render();
      this.field.value = '';
      this.field.blur();
      this.events.onPick(category.id);
    } catch (error) {
      this.events.onError(error.message);
    }
  }
}
