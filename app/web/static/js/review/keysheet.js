// The sheet of keys behind `?`, made from the table of keys.

import { h } from '../dom.js';
import { GRID_KEYS } from '../grid/keymap.js';
import { bindingOf, bindings, GESTURES, keyLabel } from './keymap.js';

export class KeySheet {
  constructor() {
    this.groups = h('div', { class: 'key-groups' });
    this.dialog = h(
      'dialog', { class: 'key-sheet', 'aria-label': 'Keys' },
      h(
        'header', {}, h('h2', {}, 'Keys'),
        h('button', { type: 'button', 'aria-label': 'Close', onclick: () => this.dialog.close() }, '✕'),
      ),
      this.groups,
    );
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('keydown', (event) => bindingOf(event)?.binding.action === 'keys' && this.dialog.close());
  }

  toggle() {
    if (this.dialog.open) {
      this.dialog.close();
      return;
    }
    this.#fill();
    this.dialog.showModal();
  }

  /** With the keys as they are now. */
  #fill() {
    const groups = new Map();
    const rows = [...bindings(), ...GRID_KEYS.filter(({ label }) => label)];
    for (const binding of rows) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
    this.groups.replaceChildren(
      ...[...groups].map(([name, rows]) => section(name, rows.map(rowOf))),
      section('Mouse and touch', GESTURES.map(([what, label]) => row([h('span', { class: 'gesture' }, what)], label))),
    );
  }
}

const section = (name, rows) => h('section', {}, h('h3', {}, name), h('table', {}, h('tbody', {}, ...rows)));
const row = (keys, label) => h('tr', {}, h('td', {}, ...keys), h('td', {}, label));
const rowOf = ({ keys, label, shown }) => row((shown ? [shown] : keys.map(keyLabel)).map((key) => h('kbd', {}, key)), label);
