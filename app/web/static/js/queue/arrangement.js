// The order of the queue: chosen here, made and kept by the server, so that it is the same in Review and in other browsers.

import { h } from '../dom.js';

const ORDERS = [
  ['smart', 'Smart (suggested)', 'unlike the others, and hard to tell; look-alikes last'],
  ['uncertain', 'Uncertain first', 'hardest to tell first, by the mean over the undecided masks'],
  ['diverse', 'Diverse', 'each as unlike all before it as can be; look-alikes last'],
  ['masks', 'Most masks', 'most masks first'],
  ['pending', 'Most pending masks', 'most undecided masks first'],
  ['name', 'Name', 'by name'],
];
const WORDS = new Map(ORDERS.map(([value, , words]) => [value, words]));
const SOON = 400; // ms between looks while something is being arranged
const LATER = 3000; // while images are being compared

const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

export class Arrangement {
  #api;
  #events;
  #timer = 0;
  #arranging = false;
  #asked = 0; // arrangements that were asked for
  #unanswered = 0;

  /** @param {import('../api.js').Api} api @param {{onArranged: () => void, onState: (state: object) => void}} events */
  constructor(api, events) {
    this.#api = api;
    this.#events = events;
    const options = ORDERS.map(([value, word, title]) => h('option', { value, title }, word));
    this.select = h('select', { 'aria-label': 'Order', onchange: () => this.arrange(this.select.value) }, ...options);
    this.select.value = 'name';
    this.line = h('div', { class: 'queue-standing', role: 'status', hidden: true });
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** Have the queue arranged in this order, anew if it is the present one. */
  arrange(order) {
    this.#arranging = true;
    this.#asked += 1;
    this.#unanswered += 1;
    return this.#ask(this.#api.post('/queue/arrange', { order }).finally(() => (this.#unanswered -= 1)));
  }

  /** How the queue stands now. An answer that may be older than an arrangement asked for meanwhile is not shown. */
  look() {
    const asked = this.#asked;
    return this.#ask(this.#api.get('/queue'), () => asked === this.#asked && !this.#unanswered);
  }

  async #ask(answer, isCurrent = () => true) {
    clearTimeout(this.#timer);
    try {
      const state = await answer;
      if (isCurrent()) this.#show(state);
    } catch (error) {
      this.#say([error.message], true);
    }
  }

  #show(state) {
    const busy = state.arranging !== null;
    const finished = this.#arranging && !busy;
    this.#arranging = busy;
    this.select.value = state.arranging ?? state.order;
    this.#events.onState(state);
    if (state.error) this.#say([`Not arranged: ${state.error}`], true);
    else if (busy) this.#say(['Arranging…']);
    else this.#say(this.#words(state));
    if (finished) this.#events.onArranged();
    if (busy || state.looking) this.#timer = setTimeout(() => this.look(), busy ? SOON : LATER);
  }

  #words(state) {
    const looking = state.looking ? ['Comparing images to find look-alikes…'] : [];
    if (state.order === 'name') return looking;
    const time = new Date(state.at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    const since = [
      state.unplaced ? `${plural(state.unplaced, 'new image')} at the end` : '',
      state.new_proposals ? 'new masks' : '',
      state.new_groups ? 'new look-alikes' : '',
    ].filter(Boolean);
    const again = h('button', { type: 'button', onclick: () => this.arrange(state.order) }, 'Arrange again');
    const sentence = `Arranged at ${time}: ${WORDS.get(state.order)}. The order stays while you work.`;
    return [sentence, ...(since.length ? [`Since then: ${since.join(', ')}.`, again] : []), ...looking];
  }

  #say(parts, bad = false) {
    this.line.hidden = parts.length === 0;
    this.line.classList.toggle('bad', bad);
    this.line.replaceChildren(...parts.map((part) => (typeof part === 'string' ? h('span', {}, part) : part)));
  }
}
