// Decisions on their way to the database: batched, in order, retried until they are answered.
//
// What is not yet saved also lies in localStorage, so that a closed tab or a dead server loses nothing: the next page sends it.

const DELAY = 250; // ms that decisions wait for company
const LONGEST_PAUSE = 15000; // ms between tries
const BATCH = 500;
const BEACON = 60000; // bytes that may outlive the page

export class Saver {
  #api;
  #queue = [];
  #timer = 0;
  #sending = null;
  #pause = 0;
  #storage;

  /**
   * @param {import('../api.js').Api} api
   * @param {{onState: (state: string, unsaved: number) => void, onAnswer: (answer: object) => void,
   *          onConflict: (conflicts: object[], operations: object[]) => void}} events
   */
  constructor(api, events, storage = 'annotator:unsaved') {
    this.#api = api;
    this.events = events;
    this.#storage = storage;
    this.#queue = this.#stored();
    if (this.#queue.length) this.#later(0);
  }

  get unsaved() {
    return this.#queue.length;
  }

  /** Whether a decision on this image is still on its way. */
  has(imageId) {
    return this.#queue.some((operation) => operation.image_id === imageId);
  }

  /** @param {object} operation without `key`, which is made here */
  add(operation) {
    this.#queue.push({ key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, ...operation });
    this.#store();
    this.events.onState('saving', this.unsaved);
    this.#later(DELAY);
  }

  /** Send all now; true once everything is answered, false if the app does not answer. */
  async flush() {
    while (this.#queue.length) {
      clearTimeout(this.#timer);
      this.#sending ??= this.#send();
      if (!(await this.#sending)) return false;
    }
    return true;
  }

  /** The page goes away: one last request that outlives it. Keys make a second arrival harmless. */
  leave() {
    if (!this.#queue.length) return;
    const operations = this.#queue.slice(0, BATCH);
    const small = JSON.stringify(operations).length < BEACON;
    this.#api.post('/decisions', { operations }, { keepalive: small }).catch(() => {}); // still in localStorage
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sending ??= this.#send();
    }, delay);
  }

  async #send() {
    const batch = this.#queue.slice(0, BATCH);
    let answered = true;
    try {
      this.#answered(batch, await this.#api.post('/decisions', { operations: batch }));
    } catch (error) {
      answered = this.#refused(batch, error);
    } finally {
      this.#sending = null;
    }
    if (answered) {
      this.#pause = 0;
      this.events.onState(this.unsaved ? 'saving' : 'saved', this.unsaved);
      if (this.unsaved) this.#later(0);
    } else {
      this.#pause = Math.min(LONGEST_PAUSE, Math.max(500, this.#pause * 2));
      this.events.onState('error', this.unsaved);
      this.#later(this.#pause);
    }
    return answered;
  }

  #answered(batch, answer) {
    const sent = new Set(batch.map(({ key }) => key));
    this.#queue = this.#queue.filter(({ key }) => !sent.has(key));
    this.#store();
    this.events.onAnswer(answer, batch);
  }

  /** @returns {boolean} whether the server gave a final answer */
  #refused(batch, error) {
    if (error.status === 409 && error.body?.conflicts) {
      this.#answered(batch, error.body);
      this.events.onConflict(error.body.conflicts, batch);
      return true;
    }
    if (error.status === 0 || error.status === 401 || error.status >= 500) return false;
    this.#answered(batch, { saved: {}, images: {} }); // never to be accepted: say so instead of asking for ever
    const conflicts = batch.map(({ key }) => ({ key, instance: null, message: error.message }));
    this.events.onConflict(conflicts, batch);
    return true;
  }

  #store() {
    try {
      if (this.#queue.length) localStorage.setItem(this.#storage, JSON.stringify(this.#queue));
      else localStorage.removeItem(this.#storage);
    } catch {
      // Storage is full or forbidden: the queue in memory still sends.
    }
  }

  #stored() {
    try {
      return JSON.parse(localStorage.getItem(this.#storage)) ?? [];
    } catch {
      return [];
    }
  }
}
