// Bulk accept with a promise: a threshold says how many masks it takes and how many of them are wrong; twenty random ones are judged
// without their estimates; then the promise is told again, and the person decides on the rest as one step.

import { ApiError } from '../api.js';
import { h } from '../dom.js';
import { itemsOf } from './items.js';

const START = 0.8;
const keepFocus = (event) => event.preventDefault();
const count = (number) => number.toLocaleString('en');
const round = (number) => count(Math.round(number));

/** "412 masks, about 9 wrong (5–15)" */
export const promiseWords = ({ count: masks, wrong, low, high }) =>
  `${count(masks)} ${masks === 1 ? 'mask' : 'masks'}, about ${round(wrong)} wrong (${round(low)}–${round(high)})`;

export class Bulk {
  #screen;
  #offers = [];
  #audit = 0; // masks to be looked at
  #offer = null;
  #sample = []; // items of the audit
  #rest = []; // the others
  #asked = 0;
  open = false;

  /** @param {object} screen the Grid */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Whether crops are shown without what the app thinks of them. */
  get blind() {
    return this.#sample.length > 0;
  }

  toggle() {
    if (this.open) this.#screen.lists.load();
    else this.#begin();
  }

  close() {
    this.open = false;
    this.#sample = [];
    this.#rest = [];
    this.#screen.parts.bulk.hidden = true;
    this.#screen.parts.press('bulk', false);
  }

  async #begin() {
    this.open = true;
    this.#screen.parts.press('bulk', true);
    this.#say([h('p', {}, 'Counting…')]);
    const answer = await this.#ask(() => this.#screen.api.get('/promises'));
    if (!answer || !this.open) return;
    this.#offers = answer.offers;
    this.#audit = answer.audit;
    if (this.#offers.length) this.#choose();
    else this.#say([h('p', {}, `Nothing can be promised. ${answer.sentence}`), this.#button('Close', () => this.#screen.lists.load(), 'quiet')]);
  }

  #choose() {
    const start = this.#offers.findIndex(({ minimum }) => minimum >= START);
    const at = start < 0 ? this.#offers.length - 1 : start;
    const slider = h('input', { type: 'range', min: 0, max: this.#offers.length - 1, value: at, id: 'bulk-threshold', 'aria-label': 'Accept masks with an estimate of at least' });
    const threshold = h('output', { class: 'bulk-threshold', for: 'bulk-threshold' });
    const promise = h('strong', { class: 'bulk-promise', role: 'status' });
    const look = this.#button('', () => this.#start());
    const update = () => {
      this.#offer = this.#offers[Number(slider.value)];
      threshold.textContent = `estimate of at least ${Math.round(100 * this.#offer.minimum)} %`;
      promise.textContent = promiseWords(this.#offer);
      look.textContent = `Look at ${Math.min(this.#audit, this.#offer.count)} of them first`;
    };
    slider.addEventListener('input', update);
    slider.addEventListener('keydown', (event) => event.key === 'Enter' && this.#start());
    update();
    const label = h('label', { class: 'bulk-slider' }, 'Accept everything with an ', threshold, slider);
    this.#say([label, promise, look, this.#button('Close', () => this.#screen.lists.load(), 'quiet')]);
    slider.focus();
  }

  /** Draw the audit and show it. */
  async #start() {
    document.activeElement?.blur();
    const { minimum } = this.#offer;
    const answer = await this.#ask(() => this.#screen.api.get(`/grid?state=pending&minimum=${minimum}&limit=20000`));
    if (!answer || !this.open) return;
    const items = itemsOf(answer);
    shuffle(items);
    this.#sample = items.slice(0, this.#audit);
    this.#rest = items.slice(this.#audit);
    this.#screen.present(this.#sample, this.#sample.length);
    this.judged();
  }

  /** Something was decided, or taken back: perhaps the audit is complete. */
  async judged() {
    if (!this.blind) return;
    const left = this.#sample.filter(({ state }) => state === 'pending').length;
    const leave = this.#button('Stop', () => this.#screen.lists.load(), 'quiet');
    if (left) {
      this.#asked++;
      this.#say([h('p', {}, `Blind audit: judge each of these as always (F good, R bad, S unsure). ${left} left.`), leave]);
      return;
    }
    await this.#verdict();
  }

  async #verdict() {
    const good = this.#sample.filter(({ state }) => state === 'accepted').length;
    const wrong = this.#sample.filter(({ state }) => state === 'rejected').length;
    const found = `You judged ${good + wrong}: ${good} good, ${wrong} wrong.`;
    if (!this.#rest.length) {
      this.#say([h('p', {}, `${found} These were all of them.`), this.#button('Close', () => this.#screen.lists.load())]);
      return;
    }
    const asked = ++this.#asked;
    const body = { ids: this.#rest.map(({ id }) => id), minimum: this.#offer.minimum, good, wrong };
    const promise = await this.#ask(() => this.#screen.api.post('/promises', body));
    if (!promise || asked !== this.#asked || !this.blind) return; // one of the audit was taken back meanwhile
    this.#say([
      h('p', {}, found), h('strong', { class: 'bulk-promise', role: 'status' }, `The rest: ${promiseWords(promise)}`),
      this.#button(`Accept the other ${count(this.#rest.length)}`, () => this.#commit()),
      this.#button('Leave them', () => this.#screen.lists.load(), 'quiet'),
    ]);
    this.#screen.parts.bulk.querySelector('button').focus();
  }

  async #commit() {
    const { decider, saver, board } = this.#screen;
    const done = decider.change(this.#rest, { state: 'accepted' }, { unseen: true });
    this.#say([h('p', {}, `Saving ${count(done.length)}…`)]);
    await saver.flush();
    await this.#screen.lists.load();
    board.notice(`${count(done.length)} masks accepted. Ctrl+Z takes all of them back.`);
  }

  async #ask(question) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say([h('p', {}, error.message), this.#button('Close', () => this.#screen.lists.load(), 'quiet')]);
      return null;
    }
  }

  #say(children) {
    const { bulk } = this.#screen.parts;
    bulk.hidden = false;
    bulk.replaceChildren(...children);
  }

  #button(word, run, kind = 'main') {
    return h('button', { type: 'button', class: `bulk-${kind}`, onclick: run, onmousedown: keepFocus }, word);
  }
}

/** Fisher and Yates. */
function shuffle(items) {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
}
