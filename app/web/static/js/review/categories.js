// The categories as a row of buttons with their number keys, a field to add one, and what a mask is called or probably is.

import { h } from '../dom.js';
import { pref, setPrefs } from '../prefs.js';
import { keyOf } from './keymap.js';
import { suggestionOf } from './suggestions.js';

const percent = ({ p }) => `${Math.round(100 * p)} %`;

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
    this.naming = h('input', { type: 'checkbox', onchange: () => setPrefs({ acceptNames: this.naming.checked }) });
    this.option = h('label', { class: 'category-naming', hidden: true }, this.naming, 'Accept with the suggested name', h('kbd', { 'aria-hidden': 'true' }));
    element.append(h('h3', {}, 'Category'), this.buttons, form, this.option);
    this.showPrefs();
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
    this.showPrefs();
    this.#render();
  }

  /** The person prefers something else. */
  showPrefs() {
    this.naming.checked = pref('acceptNames');
    this.option.querySelector('kbd').textContent = keyOf('accept-names');
  }

  name(id) {
    return this.#all.find((category) => category.id === id)?.name ?? '';
  }

  /** What a mask is called, or with a question mark what it probably is; '' where nothing is known. */
  nameOf(mask) {
    const suggested = suggestionOf(mask);
    return suggested ? `${this.name(suggested.category_id)}?` : this.name(mask.category_id);
  }

  /** The same in full. */
  describe(mask) {
    const suggested = suggestionOf(mask);
    if (!suggested) return this.name(mask.category_id);
    const how = pref('acceptNames') ? `${keyOf('accept')} names it so` : keyOf('suggested-name');
    return `looks like ${this.name(suggested.category_id)} (est. ${percent(suggested)}, ${how})`;
  }

  /** The category of a number key: 1 is the first, 0 the tenth. */
  byKey(key) {
    return this.#all[(Number(key) + 9) % 10] ?? null;
  }

  /** Show what a mask is called and probably is. @param {object | null} mask */
  mark(mask) {
    const suggested = suggestionOf(mask);
    if (suggested) this.option.hidden = false; // from the first suggestion on
    for (const button of this.buttons.children) {
      const id = Number(button.dataset.id);
      const likely = suggested?.category_id === id;
      button.setAttribute('aria-pressed', String(mask?.category_id === id));
      button.classList.toggle('is-likely', likely);
      button.querySelector('em').textContent = likely ? percent(suggested) : '';
    }
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
        h('em', {}),
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
