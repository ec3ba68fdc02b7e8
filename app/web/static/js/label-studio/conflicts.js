// Conflicts of a pull as a table: what was decided here, what in Label Studio, and a choice for each or for all.

import { h } from '../dom.js';

const CHOICES = [['ours', 'Ours', 'Keep what was decided here'], ['theirs', 'Theirs', 'Take what was decided in Label Studio'], ['both', 'Both', 'Keep ours, and add theirs as a mask of its own']];
const KEYS = { o: 'ours', t: 'theirs', b: 'both' };

export class Conflicts {
  #chosen = new Map(); // conflict's key -> ours, theirs or both
  #rows = [];

  /** @param apply called with {key: choice} when the choices are to be carried out. */
  constructor(apply) {
    this.body = h('tbody', { onkeydown: (event) => this.#key(event) });
    this.more = h('p', { hidden: true });
    this.button = h('button', { type: 'button', class: 'primary', data: { act: 'apply' }, onclick: () => apply(Object.fromEntries(this.#chosen)) });
    this.element = h('section', { class: 'ls-conflicts', hidden: true, 'aria-labelledby': 'ls-conflicts-title' },
      h('h3', { id: 'ls-conflicts-title' }, 'Conflicts'),
      h('p', {}, 'Somebody decided otherwise here since the push. Ours stay until you choose. In a row ', h('kbd', {}, 'O'), ' is ours, ', h('kbd', {}, 'T'), ' theirs, ', h('kbd', {}, 'B'), ' both, and the arrows go up and down.'),
      h('div', { class: 'ls-all', role: 'group', 'aria-label': 'The same for all' }, h('span', {}, 'For all:'),
        ...CHOICES.map(([value, word, help]) => h('button', { type: 'button', title: help, data: { all: value }, onclick: () => this.#all(value) }, word))),
      h('div', { class: 'ls-scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, ...['Image', 'Mask', 'Ours', 'Theirs', 'Choice'].map((name) => h('th', { scope: 'col' }, name)))),
        this.body)),
      this.more,
      this.button);
  }

  /** @param conflicts those to choose about. @param {number} count of them, with those that are not listed. */
  show(conflicts, count) {
    this.element.hidden = conflicts.length === 0;
    this.#chosen.clear();
    this.#rows = conflicts.map((conflict) => this.#row(conflict));
    this.body.replaceChildren(...this.#rows.map(({ element }) => element));
    const hidden = count - conflicts.length;
    this.more.hidden = hidden <= 0;
    this.more.textContent = `${hidden.toLocaleString('en')} more are listed when these are decided.`;
    this.#tell();
  }

  #row({ key, image_id: image, image: name, instance_id: mask, ours, theirs, task_url: task }) {
    const radios = new Map();
    const choice = ([value, word, help]) => {
      const radio = h('input', { type: 'radio', name: `conflict-${key}`, value, onchange: () => this.#choose(key, value) });
      radios.set(value, radio);
      return h('label', { title: help }, radio, word);
    };
    const element = h('tr', { data: { conflict: key } },
      h('th', { scope: 'row' }, h('a', { href: `#/review/${image}` }, name)),
      h('td', {}, h('a', { href: `#/review/${image}/${mask}`, title: 'Look at it in Review' }, `#${mask}`)),
      h('td', {}, ours),
      h('td', {}, theirs, ' ', h('a', { href: task, target: '_blank', rel: 'noopener' }, 'task')),
      h('td', {}, h('span', { class: 'ls-choice', role: 'radiogroup', 'aria-label': `Choice for mask ${mask} of ${name}` }, ...CHOICES.map(choice))));
    return { key, element, radios };
  }

  #choose(key, value) {
    this.#chosen.set(key, value);
    this.#tell();
  }

  #all(value) {
    for (const { key, radios } of this.#rows) {
      radios.get(value).checked = true;
      this.#chosen.set(key, value);
    }
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
    if (value) {
      this.#rows[place].radios.get(value).checked = true;
      this.#choose(this.#rows[place].key, value);
    }
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
