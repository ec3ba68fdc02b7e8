// Names that masks probably have, from the names that were given to masks that look alike. They come with an image; after names were
// given on this screen the server is asked again, since one name makes many others likely.

const LATER = 400; // ms without a further name
const MOST = 400; // masks asked about at once, as the server has it

/** The name that a mask probably has, where it has none. @returns {{category_id: number, p: number} | null} */
export const suggestionOf = (mask) =>
  mask && (mask.category_id ?? null) === null && mask.state !== 'rejected' ? (mask.suggested ?? null) : null;

export class Suggestions {
  #api;
  #timer = 0;
  #waiting = false; // for names to be saved
  #given = 0; // names, since this page was opened
  #answered = new WeakMap(); // image -> names that its suggestions come from

  /**
   * @param {import('../api.js').Api} api
   * @param {{masks: () => object[], onNews: (masks: object[]) => void}} screen masks: those whose names are shown
   * @param {AbortSignal} signal ends it
   */
  constructor(api, screen, signal) {
    this.#api = api;
    this.screen = screen;
    document.addEventListener('annotator:save', ({ detail }) => detail.state === 'saved' && this.#saved(), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer));
  }

  /** A mask got a name or lost one: once that is saved, others look different. */
  later() {
    this.#given++;
    this.#waiting = true;
  }

  /** An image is shown, which may have been made ready before the last names were given. */
  show(image) {
    if (!this.#waiting && this.#given !== (this.#answered.get(image) ?? 0)) this.ask();
    this.#answered.set(image, this.#given);
  }

  #saved() {
    clearTimeout(this.#timer);
    if (this.#waiting) this.#timer = setTimeout(() => this.ask(), LATER);
  }

  /** Ask for the names of all masks that have none. */
  async ask() {
    this.#waiting = false;
    const masks = this.screen.masks().filter(({ id, category_id: name }) => typeof id === 'number' && (name ?? null) === null).slice(0, MOST);
    if (!masks.length) return;
    const query = new URLSearchParams(masks.map(({ id }) => ['ids', id]));
    const found = await this.#api.get(`/suggestions?${query}`).catch(() => null); // without an answer what is known stays
    if (!found) return;
    for (const mask of masks) mask.suggested = found[mask.id] ?? null;
    this.screen.onNews(masks);
  }
}
