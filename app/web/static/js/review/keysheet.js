// The sheet of keys behind `?`, made from the table of keys.

import { h } from '../dom.js';
import { KEYMAP, keyLabel } from './keymap.js';

export class KeySheet {
  constructor() {
    const groups = new Map();
    for (const binding of KEYMAP) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
    this.dialog = h(
      'dialog',
      { class: 'key-sheet', 'aria-label': 'Keys' },
      h('header', {}, h('h2', {}, 'Keys'), h('button', { type: 'button', 'aria-label': 'Close', onclick: () => this.dialog.close() }, '✕')),
      h('div', { class: 'key-groups' }, ...[...groups].map(([name, bindings]) => this.#group(name, bindings))),
    );
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key === '?') this.dialog.close();
      event.stopPropagation();
    });
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }

  #group(name, bindings) {
    const rows = bindings.map(({ keys, label, action }) => {
      const shownKeys = action === 'category' ? ['0 – 9'] : keys.map(keyLabel);
      return h('tr', {}, h('td', {}, ...shownKeys.map((key) => h('kbd', {}, key))), h('td', {}, label));
    });
    return h('section', {}, h('h3', {}, name), h('table', {}, h('tbody', {}, ...rows)));
  }
}
