// Annotations of other tools on the Import screen: a file, what it would do here, and a choice where it contradicts decisions.

import { Api } from './api.js';
import { Conflicts } from './conflicts.js';
import { h } from './dom.js';
import { faultList } from './faults.js';
import { sentence } from './sentence.js';
import { sendFile } from './upload.js';

const STATES = [['accepted', 'accepted: somebody looked at them'], ['pending', 'not decided: proposals to be reviewed']];

class Annotations {
  #sent = null; // {id, name} of the file, once the app has it

  constructor(element, { api }) {
    this.api = new Api(api);
    // What was said of another file, or of this one read otherwise, holds no more.
    const clear = () => this.#show({ words: '', faults: [], faults_count: 0, conflicts: [], conflicts_count: 0 });
    this.file = h('input', { type: 'file', id: 'annotations-file', onchange: () => { this.#choose(); clear(); } });
    this.format = h('select', { id: 'annotations-format', onchange: clear });
    this.state = h('select', { id: 'annotations-state', onchange: clear }, ...STATES.map(([value, word]) => h('option', { value }, word)));
    this.buttons = [
      ['check', 'Check', 'Say what an import would do', () => this.#bring({ dry_run: true })],
      ['import', 'Import', 'Bring the masks in', () => this.#bring()],
    ].map(([act, word, title, run]) => h('button', { type: 'button', title, disabled: true, data: { act }, class: act === 'import' ? 'primary' : null, onclick: run }, word));
    this.answer = h('p', { class: 'exchange-answer', role: 'status' });
    this.faults = h('div');
    this.conflicts = new Conflicts('annotation-conflicts', 'Somebody decided otherwise here than the file says.', (chosen) => this.#bring({ chosen }));
    element.classList.add('exchange');
    element.replaceChildren(this.#layout());
    this.#formats();
  }

  #layout() {
    return h('section', { class: 'exchange-card', 'aria-labelledby': 'annotations-title' },
      h('h2', { id: 'annotations-title' }, 'Add annotations'),
      h('p', {}, 'Masks that another tool made of these images. Images are found by content and path, masks by their pixels; no decision made here is overwritten unasked, and the same file again changes nothing.'),
      h('div', { class: 'exchange-columns' },
        h('div', { class: 'exchange-form' },
          h('label', { for: 'annotations-file' }, 'File, or a zip of a folder'), this.file,
          h('label', { for: 'annotations-format' }, 'Format'), this.format,
          h('label', { for: 'annotations-state' }, 'Masks whose state it does not tell become'), this.state),
        h('div', { class: 'exchange-work' },
          h('div', { class: 'exchange-buttons' }, ...this.buttons),
          this.answer, this.faults)),
      this.conflicts.element);
  }

  async #formats() {
    try {
      const { formats } = await this.api.get('/annotations');
      this.format.replaceChildren(...formats.map(({ name, title }) => h('option', { value: name }, title)));
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #choose() {
    this.#forget();
    for (const button of this.buttons) button.disabled = !this.file.files.length;
  }

  /** What the app keeps of the file is not needed any more. */
  #forget() {
    if (this.#sent) this.api.post('/annotations/forget', { id: this.#sent.id }).catch(() => {}); // else it goes with the next start
    this.#sent = null;
  }

  /** Send the file where the app has not got it, and let it say or do what becomes of it. */
  async #bring(how = {}) {
    const [file] = this.file.files;
    this.#busy(true);
    try {
      if (!this.#sent) {
        this.#say('Sending the file …');
        this.#sent = { id: await sendFile(this.api.base, file), name: file.name };
      }
      this.#say(how.dry_run ? 'Checking …' : 'Importing …');
      const outcome = await this.api.post('/annotations', { file: this.#sent, format: this.format.value, state: this.state.value, ...how });
      this.#show(outcome);
      if (!how.dry_run) {
        document.dispatchEvent(new CustomEvent('annotator:refresh'));
        if (!outcome.conflicts_count) this.#forget();
      }
    } catch (error) {
      this.#forget();
      this.#say(error.message, true);
    }
    this.#busy(false);
  }

  #busy(busy) {
    for (const control of [this.file, this.format, this.state, ...this.buttons]) control.disabled = busy;
  }

  #show(outcome) {
    this.#say(outcome.words);
    this.faults.replaceChildren(...(outcome.faults.length ? [faultList(outcome)] : []));
    this.conflicts.show(outcome.conflicts, outcome.conflicts_count);
  }

  #say(text, bad = false) {
    this.answer.textContent = sentence(text);
    this.answer.classList.toggle('bad', bad);
  }
}

/** Build the section inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountAnnotations(element, options) {
  return new Annotations(element, options);
}
