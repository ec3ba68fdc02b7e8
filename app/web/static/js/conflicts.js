// Conflicts as a table: what was decided here, what elsewhere, and a choice for each or for all.

import { h } from './dom.js';

const CHOICES = [['ours', 'Ours', 'Keep what was decided here'], ['theirs', 'Theirs', 'Take what was decided there'], ['both', 'Both', 'Keep ours, and add theirs as a mask of its own']];
const KEYS = { o: 'ours', t: 'theirs', b: 'both' };

export class Conflicts {
  #chosen = new Map(); // conflict's key -> ours, theirs or both
  #rows = [];
  #name;

  /**
   * @param {string} name of the table, unique on the page
   * @param {string} why there are conflicts, a sentence
   * @param apply called with {key: choice} when the choices are to be carried out
   */
  constructor(name, why, apply) {
    this.#name = name;
    this.body = h('tbody', { onkeydown: (event) => this.#key(event) });
    this.more = h('p', { hidden: true });
    this.button = h('button', { type: 'button', class: 'primary', data: { act: 'apply' }, onclick: () => apply(Object.fromEntries(this.#chosen)) });
    this.all = CHOICES.map(([value, word, help]) => h('button', { type: 'button', title: help, data: { all: value }, onclick: () => this.#all(value) }, word));
    this.element = h('section', { class: 'conflicts', 'aria-labelledby': `${name}-title` },
      h('h3', { id: `${name}-title` }, 'Conflicts'),
      h('p', {}, `${why} Ours stay until you choose. In a row `, h('kbd', {}, 'O'), ' is ours, ', h('kbd', {}, 'T'), ' theirs, ', h('kbd', {}, 'B'), ' both, and the arrows go up and down.'),
      h('div', { class: 'conflicts-all', role: 'group', 'aria-label': 'The same for all' }, h('span', {}, 'For all:'),
        ...this.all),
      h('div', { class: 'conflicts-scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, ...['Image', 'Mask', 'Ours', 'Theirs', 'Choice'].map((name) => h('th', { scope: 'col' }, name)))),
        this.body)),
      this.more,
      this.button);
    this.show([], 0);
  }

  /** @param conflicts those to choose about. @param {number} count of them, with those that are not listed. */
  show(conflicts, count) {
    this.element.hidden = conflicts.length === 0;
    this.#chosen.clear();
    this.#rows = conflicts.map((conflict) => this.#row(conflict));
    this.body.replaceChildren(...this.#rows.map(({ element }) => element));
    for (const button of this.all) button.hidden = !this.#rows.some(({ radios }) => radios.has(button.dataset.all));
    const hidden = count - conflicts.length;
    this.more.hidden = hidden <= 0;
    this.more.textContent = `${hidden.toLocaleString('en')} more are listed when these are decided.`;
    this.#tell();
  }

  #row({ key, image_id: image, image: name, instance_id: mask, ours, theirs, can_both: canBoth = true, task_url: task }) {
    const radios = new Map();
    const choices = canBoth ? CHOICES : CHOICES.filter(([value]) => value !== 'both');
    const choice = ([value, word, help]) => {
      const radio = h('input', { type: 'radio', name: `${this.#name}-${key}`, value, onchange: () => this.#choose(key, value) });
      radios.set(value, radio);
      return h('label', { title: help }, radio, word);
    };
    const element = h('tr', { data: { conflict: key } },
      h('th', { scope: 'row' }, h('a', { href: `#/review/${image}` }, name)),
      h('td', {}, mask ? h('a', { href: `#/review/${image}/${mask}`, title: 'Look at it in Review' }, `#${mask}`) : 'new'),
      h('td', {}, ours),
      h('td', {}, theirs, ...(task ? [' ', h('a', { href: task, target: '_blank', rel: 'noopener' }, 'task')] : [])),
      h('td', {}, h('span', { class: 'conflicts-choice', role: 'radiogroup', 'aria-label': mask ? `Choice for mask ${mask} of ${name}` : `Choice for a new mask of ${name}` }, ...choices.map(choice))));
    return { key, element, radios };
  }

  /** Tick a choice; whether there is such a one. */
  #check({ key, radios }, value) {
    if (!radios.has(value)) return false;
    radios.get(value).checked = true;
    this.#chosen.set(key, value);
    return true;
  }

  #choose(key, value) {
    this.#chosen.set(key, value);
    this.#tell();
  }

  #all(value) {
    for (const row of this.#rows) this.#check(row, value);
    this.#tell();
  }

  /** O, T, B choose and go on to the next row; the arrows up and down change rows, left and right choose (as radios do). */
  #key(event) {
    const place = this.#rows.findIndex(({ element }) => element.contains(event.target));
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const value = KEYS[event.key.toLowerCase()];
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!value && !step) return;
    event.preventDefault();
    event.stopPropagation();
    if (value && !this.#check(this.#rows[place], value)) return;
    this.#tell();
    this.#focus(place + (step ?? 1));
  }

  #focus(place) {
    const row = this.#rows[place];
    if (!row) {
      if (place >= this.#rows.length) this.button.focus();
      return;
    }
    const radios = [...row.radios.values()];
    (radios.find(({ checked }) => checked) ?? radios[0]).focus();
  }

  #tell() {
    const number = this.#chosen.size;
    this.button.disabled = number === 0;
    this.button.textContent = `Decide ${number.toLocaleString('en')} of ${this.#rows.length.toLocaleString('en')}`;
  }
}
