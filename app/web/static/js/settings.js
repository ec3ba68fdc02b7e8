// The Settings screen: the reviewer's name, keys, looks. Everything is kept in this browser (prefs.js) and holds at once.

import { h } from './dom.js';
import { allPrefs, LONGEST_NAME, nameProblem, pref, setPrefs } from './prefs.js';
import { KeyTable } from './settings/keys.js';
import { settingsFile, settingsFrom } from './settings/file.js';

const LOOKS = [
  ['theme', 'Theme', [['system', 'As the system'], ['light', 'Light'], ['dark', 'Dark']]],
  ['contrast', 'Contrast', [['normal', 'Normal'], ['high', 'High']]],
  ['palette', 'Colours of masks', [['standard', 'Standard'], ['safe', 'Safe for colour-blind eyes']]],
];

class Settings {
  #ending = new AbortController();

  constructor(element) {
    const { signal } = this.#ending;
    this.element = element;
    this.note = h('p', { class: 'settings-note', role: 'status' });
    this.keys = new KeyTable((text) => this.say(text), signal);
    element.classList.add('settings');
    element.replaceChildren(
      h('section', {}, h('h2', {}, 'You'), ...this.#person()),
      h('section', {}, h('h2', {}, 'Looks'), ...LOOKS.map((look) => this.#choice(...look)), ...this.#review()),
      h('section', { class: 'wide' }, h('h2', {}, 'Keys'), this.keys.element),
      h('section', { class: 'wide' }, h('h2', {}, 'Take along'), ...this.#file()),
      this.note,
    );
    this.#show();
    document.addEventListener('annotator:prefs', () => this.#show(), { signal });
    document.addEventListener('annotator:overview', ({ detail }) => this.#login(detail), { signal });
  }

  destroy() {
    this.#ending.abort();
  }

  /** At the foot of the page, and read out. */
  say(text) {
    this.note.textContent = text;
  }

  #person() {
    this.name = h('input', {
      type: 'text', id: 'settings-name', maxlength: LONGEST_NAME, autocomplete: 'name', placeholder: 'No name yet', 'aria-describedby': 'settings-name-help',
      onchange: () => this.#rename(), onkeydown: (event) => event.key === 'Enter' && this.name.blur(),
    });
    this.help = h('p', { class: 'help', id: 'settings-name-help' });
    return [h('label', { for: 'settings-name' }, 'Your name as a reviewer'), this.name, this.help];
  }

  #rename() {
    const name = this.name.value.trim();
    const problem = nameProblem(name);
    this.name.setAttribute('aria-invalid', String(problem !== ''));
    if (problem) this.say(`Not kept: ${problem}`);
    else {
      setPrefs({ name });
      this.say(name ? `Decisions are noted under “${name}” from now on.` : 'Decisions are noted without a name from now on.');
    }
  }

  /** With a login the name is the account's. */
  #login({ login, who }) {
    this.name.disabled = login;
    if (login) this.name.value = who;
    this.help.textContent = login
      ? 'This is the name that you logged in with.'
      : 'Noted with each decision and shown to others on this workspace. Undo reaches back over what was decided under this name.';
  }

  #choice(name, label, choices) {
    const option = ([value, word]) =>
      h('label', {}, h('input', { type: 'radio', name: `settings-${name}`, value, onchange: () => setPrefs({ [name]: value }) }), word);
    return h('fieldset', { data: { pref: name } }, h('legend', {}, label), ...choices.map(option));
  }

  #review() {
    this.advance = h('input', { type: 'checkbox', onchange: () => setPrefs({ autoAdvance: this.advance.checked }) });
    this.opacity = h('input', {
      type: 'range', id: 'settings-opacity', min: 10, max: 200, step: 5, oninput: () => setPrefs({ opacity: Number(this.opacity.value) / 100 }),
    });
    this.percent = h('output', { for: 'settings-opacity' });
    return [
      h('label', { class: 'row' }, this.advance, 'Review goes on to the next mask after a decision'),
      h('label', { for: 'settings-opacity' }, 'Opacity of masks'),
      h('div', { class: 'row' }, this.opacity, this.percent),
    ];
  }

  #file() {
    const pick = h('input', { type: 'file', accept: '.json,application/json', class: 'visually-hidden', tabindex: -1, 'aria-hidden': 'true' });
    pick.addEventListener('change', () => {
      if (pick.files.length) this.#import(pick.files[0]);
      pick.value = '';
    });
    return [
      h('p', { class: 'help' }, 'Settings are kept in this browser. A file brings them to another one.'),
      h(
        'div', { class: 'row' },
        h('button', { type: 'button', data: { settings: 'export' }, onclick: () => settingsFile(allPrefs()) }, 'Save to a file'),
        h('button', { type: 'button', data: { settings: 'import' }, onclick: () => pick.click() }, 'Load from a file'), pick,
      ),
    ];
  }

  async #import(file) {
    try {
      const { values, told } = settingsFrom(await file.text());
      const left = setPrefs(values);
      this.say([`Settings loaded from ${file.name}.`, ...told, ...left.map((name) => `“${name}” was left as it is: it has no such value.`)].join(' '));
    } catch (error) {
      this.say(`Nothing was loaded: ${error.message}`);
    }
  }

  #show() {
    if (!this.name.disabled && document.activeElement !== this.name) this.name.value = pref('name');
    for (const group of this.element.querySelectorAll('[data-pref]')) {
      for (const input of group.querySelectorAll('input')) input.checked = input.value === pref(group.dataset.pref);
    }
    this.advance.checked = pref('autoAdvance');
    this.opacity.value = Math.round(100 * pref('opacity'));
    this.percent.textContent = `${this.opacity.value} %`;
  }
}

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountSettings(element) {
  current?.destroy();
  current = new Settings(element);
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // for the login's name
}
