// The form of address and token, and what a test of them says. The token goes out and never comes back.

import { h } from '../dom.js';
import { sentence } from '../sentence.js';

export class Connection {
  #known = null; // the address that is kept

  /** @param {import('../api.js').Api} api @param changed called when something was kept or forgotten */
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
    this.url = h('input', { type: 'url', id: 'ls-url', placeholder: 'http://localhost:8080', autocomplete: 'off', spellcheck: 'false' });
    this.token = h('input', { type: 'password', id: 'ls-token', autocomplete: 'new-password', 'aria-describedby': 'ls-token-note' });
    this.note = h('small', { id: 'ls-token-note' });
    this.test = h('button', { type: 'submit', data: { act: 'test' } }, 'Test connection');
    this.forget = h('button', { type: 'button', data: { act: 'forget' }, hidden: true, onclick: () => this.#forget() }, 'Forget');
    this.answer = h('p', { class: 'exchange-answer', role: 'status' });
    this.element = h('form', { class: 'exchange-form ls-connection', novalidate: true, onsubmit: (event) => this.#submit(event) },
      h('label', { for: 'ls-url' }, 'Address'), this.url,
      h('label', { for: 'ls-token' }, 'Token'), this.token, this.note,
      h('div', { class: 'exchange-buttons' }, this.test, this.forget),
      this.answer);
  }

  /** @param now answer of /api/label-studio */
  show({ url, has_token: hasToken, trouble }) {
    if (this.#known !== url) {
      this.#known = url;
      this.url.value = url;
    }
    this.forget.hidden = !hasToken;
    this.note.textContent = hasToken ? 'One is kept, for the owner of the workspace only; leave this empty to use it.' : 'From Account & Settings in Label Studio, personal or legacy.';
    if (trouble) this.#say(trouble, true);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.test.disabled) return;
    this.test.disabled = true;
    this.#say('Testing …');
    try {
      const { words, is_good: good, project_url: project } = await this.api.post('/label-studio/connection', { url: this.url.value, token: this.token.value });
      this.token.value = '';
      this.#say(words, !good);
      if (project) this.answer.append(' ', h('a', { href: project, target: '_blank', rel: 'noopener' }, 'Open the project'));
    } catch (error) {
      this.#say(error.message, true);
    }
    this.test.disabled = false;
    await this.changed();
  }

  async #forget() {
    try {
      await this.api.post('/label-studio/forget', {});
      this.#say('Address and token are removed from the workspace.');
    } catch (error) {
      this.#say(error.message, true);
    }
    await this.changed();
    this.url.focus();
  }

  #say(text, bad = false) {
    this.answer.textContent = sentence(text);
    this.answer.classList.toggle('bad', bad);
  }
}
