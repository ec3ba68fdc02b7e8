// What the screen tells: a message in place of masks, a passing notice, and alerts that stay until they are settled.

import { h } from '../dom.js';

const NOTICE_TIME = 5000; // ms

export class Board {
  #parts;
  #timer = 0;
  #loading = 0;
  #alerts = new Map(); // kind -> {text, buttons}

  /** @param {{board: HTMLElement, notice: HTMLElement, alert: HTMLElement}} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** In the middle of the stage, or nothing. @param {{title: string, text: string, links: [string, string][]} | null} message */
  message(message) {
    clearTimeout(this.#loading);
    const { board } = this.#parts;
    board.hidden = message === null;
    if (message === null) return;
    const links = message.links.map(([word, href], index) => h('a', { href, class: index ? 'quiet-link' : 'main-link' }, word));
    const words = [h('h2', {}, message.title), h('p', {}, message.text), links.length ? h('div', { class: 'links' }, ...links) : null];
    board.replaceChildren(h('div', { class: 'card-words' }, ...words));
  }

  /** Say that something is on its way, if it takes long enough to be noticed. */
  loading() {
    clearTimeout(this.#loading);
    this.#loading = setTimeout(() => this.message({ title: 'Loading…', text: '', links: [] }), 300);
  }

  /** At the foot of the stage for some seconds. */
  notice(text) {
    const { notice } = this.#parts;
    clearTimeout(this.#timer);
    notice.hidden = !text;
    notice.textContent = text;
    if (text) this.#timer = setTimeout(() => this.notice(''), NOTICE_TIME);
  }

  /** Take a notice away that is no longer so; a later one stays. */
  withdraw(text) {
    if (this.#parts.notice.textContent === text) this.notice('');
  }

  /** At the top until it is taken away. @param {string} kind one alert each @param {[string, () => void][]} buttons */
  alert(kind, text, buttons = []) {
    if (this.#alerts.get(kind)?.text === text && !buttons.length) return; // nothing to read out again
    this.#alerts.set(kind, { text, buttons });
    this.#renderAlerts();
  }

  settle(kind) {
    if (this.#alerts.delete(kind)) this.#renderAlerts();
  }

  /** Take away what passes or can be put aside; tells whether there was anything. */
  dismiss() {
    const open = !this.#parts.notice.hidden;
    this.notice('');
    return open;
  }

  #renderAlerts() {
    const { alert } = this.#parts;
    alert.hidden = this.#alerts.size === 0;
    alert.replaceChildren(
      ...[...this.#alerts].map(([kind, { text, buttons }]) => {
        const close = (run) => () => {
          this.settle(kind);
          run();
        };
        const made = buttons.map(([word, run]) => h('button', { type: 'button', onclick: close(run) }, word));
        return h('div', { class: 'alert-row', data: { kind } }, h('span', {}, text), ...made);
      }),
    );
  }
}
