// The sheet of keys behind `?`, made from the table of keys.

import { h } from '../dom.js';
import { GRID_KEYS } from '../grid/keymap.js';
import { GESTURES, KEYMAP, keyLabel } from './keymap.js';

export class KeySheet {
  constructor() {
    const groups = new Map();
    for (const binding of [...KEYMAP, ...GRID_KEYS.filter(({ label }) => label)]) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
    this.dialog = h(
      'dialog', { class: 'key-sheet', 'aria-label': 'Keys' },
      h(
        'header', {}, h('h2', {}, 'Keys'),
        h('button', { type: 'button', 'aria-label': 'Close', onclick: () => this.dialog.close() }, '✕'),
      ),
      h(
        'div', { class: 'key-groups' },
        ...[...groups].map(([name, bindings]) => section(name, bindings.map(rowOf))),
        section('Mouse and touch', GESTURES.map(([what, label]) => row([h('span', { class: 'gesture' }, what)], label))),
      ),
    );
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('keydown', (event) => event.key === '?' && this.dialog.close());
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }
}

const section = (name, rows) => h('section', {}, h('h3', {}, name), h('table', {}, h('tbody', {}, ...rows)));
const row = (keys, label) => h('tr', {}, h('td', {}, ...keys), h('td', {}, label));
const rowOf = ({ keys, label, shown }) => row((shown ? [shown] : keys.map(keyLabel)).map((key) => h('kbd', {}, key)), label);
