// The table of keys in Settings: press a key's button, then the key that is to take its place.

import { h } from '../dom.js';
import { bindings, clashOf, isDefault, keyLabel, keyName, keyProblem, resetKeys, setKeys } from '../review/keymap.js';

const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'Fn']);

export class KeyTable {
  #say;
  #waiting = null; // {action, place, button}: the next key press goes there

  /** @param {(text: string) => void} say @param {AbortSignal} signal ends it */
  constructor(say, signal) {
    this.#say = say;
    this.element = h('div', { class: 'key-table' });
    this.#render();
    document.addEventListener('annotator:prefs', ({ detail }) => detail.names.includes('keys') && this.#render(), { signal });
    // Before every other listener: the key that is waited for does nothing else.
    window.addEventListener('keydown', (event) => this.#waiting && this.#pressed(event), { signal, capture: true });
    window.addEventListener('pointerdown', (event) => this.#waiting?.button !== event.target && this.#stop(), { signal, capture: true });
  }

  #render() {
    this.#waiting = null;
    const focused = document.activeElement?.dataset?.slot;
    const groups = new Map();
    for (const binding of bindings()) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
    this.element.replaceChildren(
      h('p', { class: 'help' }, 'Choose a key, then press the one to use instead. Keys that belong to the browser cannot be used.'),
      h(
        'div', { class: 'key-sections' },
        ...[...groups].map(([name, rows]) => h('section', {}, h('h3', {}, name), ...rows.map((binding) => this.#row(binding)))),
      ),
      h('button', { type: 'button', data: { settings: 'reset-keys' }, onclick: () => this.#resetAll() }, 'Reset all keys'),
    );
    if (focused) this.element.querySelector(`[data-slot="${focused}"]`)?.focus();
  }

  #row(binding) {
    const { action, label, keys, slots } = binding;
    const add = h('button', { type: 'button', class: 'key-add', title: 'One more key', 'aria-label': `One more key: ${label}`, data: { slot: `${action}-add` } }, '+');
    add.addEventListener('click', () => this.#wait(action, keys.length, add));
    const reset = h('button', { type: 'button', class: 'key-reset', 'aria-label': `Reset: ${label}`, onclick: () => this.#reset(binding) }, 'Reset');
    return h(
      'div', { class: 'key-row', data: { action } },
      h('span', { class: 'key-what' }, label),
      h('span', { class: 'key-keys' }, ...keys.map((key, place) => this.#key(binding, key, place)), slots ? null : add, isDefault(action) ? null : reset),
    );
  }

  #key({ action, label, slots }, key, place) {
    const which = slots ? `${label} ${place + 1}` : label;
    const button = h('button', { type: 'button', class: 'key', 'aria-label': `${keyLabel(key)}: ${which}`, data: { slot: `${action}-${place}` } }, keyLabel(key));
    button.addEventListener('click', () => this.#wait(action, place, button));
    return button;
  }

  #wait(action, place, button) {
    this.#stop();
    this.#waiting = { action, place, button, before: button.textContent };
    button.classList.add('waits');
    button.textContent = 'press a key';
    this.#say('Press the new key; Esc leaves everything as it is.');
  }

  #stop() {
    if (!this.#waiting) return;
    const { button, before } = this.#waiting;
    this.#waiting = null;
    button.classList.remove('waits');
    button.textContent = before;
  }

  #pressed(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (MODIFIERS.has(event.key) || event.repeat) return;
    const { action, place } = this.#waiting;
    this.#stop();
    if (event.key === 'Escape') {
      this.#say('Nothing was changed.');
      return;
    }
    const key = keyName(event);
    const problem = keyProblem(event);
    const other = clashOf(key, action);
    if (problem) this.#say(problem);
    else if (other) this.#clash(key, action, place, other);
    else this.#give(key, action, place);
  }

  #give(key, action, place) {
    const binding = bindings().find((each) => each.action === action);
    const keys = [...binding.keys];
    keys[place] = key;
    setKeys({ [action]: [...new Set(keys)] });
    this.#say(`${keyLabel(key)}: ${binding.label}.`);
  }

  /** The key has a meaning already: say which, and let the person choose. */
  #clash(key, action, place, other) {
    const left = other.keys.filter((each) => each !== key);
    const loses = left.length ? '' : ' That one has no key then.';
    if (other.slots) {
      this.#say(`${keyLabel(key)} is a key of “${other.label}”: give that one another key first.`);
      return;
    }
    this.#say(`${keyLabel(key)} is already the key of “${other.label}”.`);
    const row = this.element.querySelector(`.key-row[data-action="${action}"]`);
    row.querySelector('.key-clash')?.remove();
    const take = () => {
      setKeys({ [other.action]: left });
      this.#give(key, action, place);
    };
    const buttons = [
      h('button', { type: 'button', data: { clash: 'take' }, onclick: take }, 'Use it here'),
      h('button', { type: 'button', data: { clash: 'keep' }, onclick: () => row.querySelector('.key-clash').remove() }, 'Leave it there'),
    ];
    row.append(h('div', { class: 'key-clash' }, h('span', {}, `${keyLabel(key)} is the key of “${other.label}”.${loses}`), ...buttons));
    buttons[0].focus();
  }

  #reset({ action, label }) {
    const taken = resetKeys(action);
    this.#say(taken ? `${keyLabel(taken.key)} is now the key of “${taken.binding.label}”: reset that one first.` : `Reset: ${label}.`);
  }

  #resetAll() {
    resetKeys();
    this.#say('All keys are as they were at first.');
  }
}
