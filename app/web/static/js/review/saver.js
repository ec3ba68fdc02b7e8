// Decisions on their way to the database: batched, in order, retried until they are answered.
//
// What is not yet saved also lies in localStorage, so that a closed tab or a dead server loses nothing: the next page sends it.
// Each page has a key of its own there. Keys of operations make a second arrival harmless, so a page may send what another left.

const DELAY = 250; // ms that decisions wait for company
const SHORTEST_PAUSE = 500; // ms between tries
const LONGEST_PAUSE = 15000;
const BATCH = 500;
const LONGEST = 1 << 20; // characters of a request; a longer operation goes alone
const BEACON = 60000; // bytes that may outlive the page
const STORE = 'annotator:unsaved';

/** Answers that may be others later: none at all, logged out, too slow, too many; and every failure of the server. */
const PASSING = new Set([0, 401, 408, 429]);

export const unique = () => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

const savers = new Set();

/** Send what any screen of this page still has to save; true once everything is answered. Undo needs the log to be whole. */
export async function flushAll() {
  for (const saver of savers) if (!(await saver.flush())) return false;
  return true;
}

export class Saver {
  #api;
  #queue = [];
  #timer = 0;
  #sending = null;
  #pause = 0;
  #place = `${STORE}:${unique()}`;
  /** Counts operations ever added: tells whether there were new ones while something else was awaited. */
  added = 0;

  /**
   * @param {import('../api.js').Api} api
   * @param {{onState: (state: string, unsaved: number, error?: Error) => void, onAnswer: (answer: object) => void,
   *          onConflict: (conflicts: {operation: object, instance: object | null, message: string}[]) => void}} events
   */
  constructor(api, events) {
    this.#api = api;
    this.events = events;
    savers.add(this);
    this.#adopt();
  }

  get unsaved() {
    return this.#queue.length;
  }

  /** Whether a decision on this image is still on its way. */
  has(imageId) {
    return this.#queue.some((operation) => operation.image_id === imageId);
  }

  /** @param {object[]} operations; `key` is made here where there is none */
  add(operations) {
    this.#queue.push(...operations.map((operation) => ({ key: unique(), ...operation })));
    this.added += operations.length;
    this.#store();
    this.events.onState('saving', this.unsaved);
    if (!this.#pause) this.#later(DELAY);
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

  /** The screen is gone; what it has not saved goes on being sent. */
  retire() {
    savers.delete(this);
  }

  /** The page goes away: one last request that outlives it; what it cannot carry waits in localStorage. */
  leave() {
    const operations = fitting(this.#queue, BEACON);
    if (operations.length) this.#api.post('/decisions', { operations }, { keepalive: true }).catch(() => {});
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sending ??= this.#send();
    }, delay);
  }

  async #send() {
    const batch = fitting(this.#queue.slice(0, BATCH), LONGEST);
    if (!batch.length) batch.push(this.#queue[0]);
    let fault = null;
    try {
      this.#answered(batch, await this.#api.post('/decisions', { operations: batch }));
    } catch (error) {
      if (!this.#refused(batch, error)) fault = error;
    } finally {
      this.#sending = null;
    }
    if (fault) {
      this.#pause = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, this.#pause * 2));
      this.events.onState('error', this.unsaved, fault);
      this.#later(this.#pause);
    } else {
      this.#pause = 0;
      this.events.onState(this.unsaved ? 'saving' : 'saved', this.unsaved);
      if (this.unsaved) this.#later(0);
    }
    return fault === null;
  }

  #answered(batch, answer) {
    const sent = new Set(batch.map(({ key }) => key));
    this.#queue = this.#queue.filter(({ key }) => !sent.has(key)).map((operation) => settled(operation, answer.created));
    this.#store();
    this.events.onAnswer(answer);
  }

  /** @returns {boolean} whether the server gave a final answer */
  #refused(batch, error) {
    const told = error.status === 409 && error.body?.conflicts;
    if (!told && (PASSING.has(error.status) || error.status >= 500)) return false;
    // Anything else will never be accepted: say so instead of asking for ever.
    const conflicts = told || batch.map(({ key }) => ({ key, instance: null, message: error.message }));
    const mine = new Map(batch.map((operation) => [operation.key, operation]));
    const answer = told ? error.body : { saved: {}, created: {}, images: {} };
    this.#answered(batch, answer);
    const refused = conflicts.map(({ key, instance, message }) => ({
      operation: settled(mine.get(key), answer.created), instance, message,
    }));
    this.events.onConflict([...refused, ...this.#following(refused)]);
    return true;
  }

  /** What is queued on a mask that was in conflict counts revisions from a state that never was: it is in conflict too. */
  #following(refused) {
    const current = new Map(refused.filter(({ instance }) => instance).map((each) => [each.instance.id, each]));
    const late = this.#queue.filter(({ instance_id: id }) => current.has(id));
    if (!late.length) return [];
    this.#queue = this.#queue.filter((operation) => !late.includes(operation));
    this.#store();
    return late.map((operation) => ({ ...current.get(operation.instance_id), operation }));
  }

  #store() {
    try {
      if (this.#queue.length) localStorage.setItem(this.#place, JSON.stringify(this.#queue));
      else localStorage.removeItem(this.#place);
    } catch {
      // Storage is full or forbidden: the queue in memory still sends.
    }
  }

  /** Take over what pages before this one could not save; from one that still lives it arrives twice, which is harmless. */
  #adopt() {
    let places;
    try {
      places = Object.keys(localStorage).filter((name) => name.startsWith(`${STORE}:`));
    } catch {
      return; // storage is forbidden
    }
    for (const place of places) {
      const text = localStorage.getItem(place);
      try {
        this.#queue.push(...JSON.parse(text));
      } catch {
        // Not ours, or cut off: there is nothing to save in it.
      }
      localStorage.removeItem(place);
    }
    if (!this.#queue.length) return;
    this.#store();
    this.events.onState('saving', this.unsaved);
    this.#later(0);
  }
}

/** As many of the operations, from the first on, as a request of this length carries. */
function fitting(operations, longest) {
  let length = 0;
  const end = operations.findIndex((operation) => (length += JSON.stringify(operation).length + 1) > longest);
  return end < 0 ? operations : operations.slice(0, end);
}

/** An operation that spoke of a mask by the key of its creation speaks of it by its id, once that is known. */
function settled(operation, created) {
  const { instance_key: key, parent_key: parent, ...rest } = operation;
  return {
    ...rest,
    ...(key === undefined ? {} : key in created ? { instance_id: created[key] } : { instance_key: key }),
    ...(parent === undefined ? {} : parent in created ? { parent_id: created[parent] } : { parent_key: parent }),
  };
}
