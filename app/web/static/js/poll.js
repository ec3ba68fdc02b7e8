// Look again and again while a screen is shown: often while a job is at work, else seldom.

import { shown } from './dom.js';

const BUSY = 1000; // ms between looks while a job is at work
const IDLE = 10000;
const AT_WORK = ['queued', 'running', 'pausing', 'cancelling'];

/** Whether a job (or null) is to change without anybody's doing. */
export const atWork = (job) => Boolean(job) && AT_WORK.includes(job.state);

export class Poll {
  #ending = new AbortController();
  #timer = 0;
  #element;
  #look;

  /**
   * Begins at once where the element is shown, else when its tab is.
   * @param {string} tab whose being chosen is a reason to look
   * @param {(came: boolean) => Promise<boolean>} look shows what is now, and tells whether a job is at work; came: the tab was just chosen
   */
  constructor(element, tab, look) {
    this.#element = element;
    this.#look = look;
    document.addEventListener('annotator:tab', ({ detail }) => detail === tab && this.now(true), { signal: this.#ending.signal });
    if (shown(element)) this.now();
  }

  /** Look now; the next look is counted from its end. */
  async now(came = false) {
    clearTimeout(this.#timer);
    const busy = await this.#look(came);
    clearTimeout(this.#timer); // another look may have begun meanwhile
    if (shown(this.#element) && !this.#ending.signal.aborted) this.#timer = setTimeout(() => this.now(), busy ? BUSY : IDLE);
  }

  end() {
    this.#ending.abort();
    clearTimeout(this.#timer);
  }
}
