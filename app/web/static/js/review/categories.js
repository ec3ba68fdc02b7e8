// The categories as a row of buttons with their number keys, and a field to add one.

import { h } from '../dom.js';
import { keyOf } from './keymap.js';

export class Categories {
  #all = [];
  #api;

  /**
   * @param {import('../api.js').Api} api
   * @param {HTMLElement} element
   * @param {{onPick: (id: number) => void, onError: (text: string) => void}} events
   */
  constructor(api, element, events) {
    this.#api = api;
    this.element = element;
    this.events = events;
    this.buttons = h('div', { class: 'category-buttons', role: 'group', 'aria-label': 'Categories' });
    const words = { placeholder: 'New category…', 'aria-label': 'New category' };
    this.field = h('input', { type: 'text', maxlength: 100, autocomplete: 'off', ...words });
    this.field.addEventListener('keydown', (event) => event.key === 'Escape' && this.field.blur());
    const key = h('kbd', { 'aria-hidden': 'true' }, keyOf('new-category'));
    const form = h('form', { class: 'category-add', onsubmit: (event) => this.#add(event) }, this.field, key);
    element.append(h('h3', {}, 'Category'), this.buttons, form);
  }

  /** @returns {boolean} whether they are others than before */
  set(categories) {
    if (JSON.stringify(categories) === JSON.stringify(this.#all)) return false;
    this.#all = categories;
    this.#render();
    return true;
  }

  /** The table of keys is another one. */
  showKeys() {
    this.element.querySelector('.category-add kbd').textContent = keyOf('new-category');
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
        {
          type: 'button', 'aria-pressed': 'false', title: category.name, data: { id: category.id },
          onclick: () => this.events.onPick(category.id), onmousedown: (event) => event.preventDefault(), // the keys stay with the masks
        },
        index < 10 ? h('kbd', { 'aria-hidden': 'true' }, keyOf('category', index)) : null,
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
