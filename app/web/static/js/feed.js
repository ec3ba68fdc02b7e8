// What others do: one question to the server that waits there until something changes. Tells it by events on `document`:
//   annotator:changes  {detail: {images: [{row, revisions, who, new_masks}], many}}  many: look at everything anew
//   annotator:others   {detail: [{who, image_id}]}                                   who else is here
//
// A hidden page asks nothing (and so takes none of the few connections that a browser has to one server); shown again it goes on
// where it was, and hears of all that it missed.

const WAIT = 20; // s that the server may wait for a change
const LATE = 10; // s after that, from which on no answer will come: the machine slept, or the network is another
const PAUSES = [500, 1000, 2000, 5000, 10000]; // ms between tries while the app does not answer
const QUIET = 500; // ms after an answer without news: a server that stops gives them at once
const REST = 250; // ms after a change of the image: whoever pages through images asks once they stay

export class Feed {
  #api;
  #page = globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  #answer = null; // the last one: its place is where the next question begins
  #asking = null; // AbortController of the question on its way
  #failures = 0;
  #timer = 0;

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api;
  }

  /** Ask from now on, for as long as the page lives. */
  start() {
    const root = document.documentElement;
    document.addEventListener('visibilitychange', () => this.#again());
    window.addEventListener('online', () => this.#again());
    document.addEventListener('annotator:prefs', ({ detail }) => detail.names.includes('name') && this.#again());
    window.addEventListener('pagehide', () => this.#leave());
    new MutationObserver(() => this.#again(REST)).observe(root, { attributeFilter: ['data-image', 'data-tab'] });
    this.#again();
  }

  /** Give up the question on its way: what it says of this page is no longer so. */
  #again(pause = 0) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
    if (!document.hidden) this.#timer = setTimeout(() => this.#ask(), pause);
  }

  /** The page is closed or loaded anew: without a word it would count as another one for some seconds. */
  #leave() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
    this.#api.post('/changes/leave', { page: this.#page }, { keepalive: true }).catch(() => {});
  }

  async #ask() {
    const asking = new AbortController();
    this.#asking = asking;
    const late = setTimeout(() => asking.abort(), 1000 * (WAIT + LATE));
    let pause = 0;
    try {
      const answer = await this.#api.get(`/changes?${this.#question()}`, { signal: asking.signal });
      if (this.#asking !== asking) return; // given up as it came; the next question begins at the same place
      this.#failures = 0;
      if (!this.#take(answer)) pause = QUIET;
    } catch {
      if (this.#asking !== asking) return;
      pause = PAUSES[Math.min(this.#failures++, PAUSES.length - 1)];
    } finally {
      clearTimeout(late);
    }
    this.#again(pause);
  }

  #question() {
    const { tab, image } = document.documentElement.dataset;
    const parameters = new URLSearchParams({ page: this.#page, wait: WAIT });
    for (const name of ['after', 'masks', 'others']) if (this.#answer) parameters.set(name, this.#answer[name]);
    if (tab === 'review' && image) parameters.set('image', image);
    return parameters;
  }

  /** @returns {boolean} whether there was anything new */
  #take(answer) {
    const first = this.#answer === null;
    const others = this.#answer?.others;
    this.#answer = answer;
    const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`annotator:${name}`, { detail }));
    if (answer.others !== others) tell('others', answer.here);
    // What was on the page before the first answer may be older than the place that it names.
    const news = answer.images.length > 0 || answer.many || first;
    if (news) tell('changes', { images: answer.images, many: answer.many || first });
    return news || answer.others !== others;
  }
}
