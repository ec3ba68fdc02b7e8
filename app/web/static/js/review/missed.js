// The hunt for missed objects: places that no mask covers are outlined, a key goes from one to the next, and a place where nothing is
// missing is dismissed. They are asked for when nothing is pending any more, or by the key.

import { ApiError } from '../api.js';
import { decode } from '../rle.js';
import { outlineOf } from './outline.js';
import { missedWords } from './words.js';

const REST = 400; // ms after a save until the places are looked for again
const AROUND = 2; // a place is shown with so many times its size on each side

export class Missed {
  #screen;
  #timer = 0;
  #asked = 0; // number of the latest question; late answers to older ones are dropped
  #known = false; // whether the places are those of this image
  #unknown = '';
  places = [];
  current = null;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Another image, or none: nothing is known of it yet. */
  reset() {
    this.#asked++;
    this.#known = false;
    this.#show([], '');
    this.later();
  }

  /** Something was decided or undone: look again where it matters. */
  later() {
    clearTimeout(this.#timer);
    const { image } = this.#screen;
    if (image?.masks.length && (this.#known || !this.#pending())) this.#timer = setTimeout(() => this.look(), REST);
  }

  /** Ask for the places of the image that is shown. */
  async look() {
    const { image, saver, api } = this.#screen;
    const asked = ++this.#asked;
    if (!image || !(await saver.flush())) return;
    try {
      const { places, unknown } = await api.get(`/images/${image.id}/missed`);
      if (asked !== this.#asked || this.#screen.image !== image) return;
      this.#known = true;
      this.#show(places.map((place) => shaped(place, image)), unknown);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (asked === this.#asked) this.#show([], error.message);
    }
  }

  /** Go to the next place; look for them first where that was not done. */
  async next() {
    if (!this.#known) await this.look();
    if (!this.places.length) {
      this.#screen.board.notice(this.#unknown || 'No place without a mask was found here.');
      return;
    }
    this.#goTo(this.places[(this.places.indexOf(this.current) + 1) % this.places.length]);
  }

  /** Nothing is missing at this place; go to the next one. */
  dismiss() {
    const { current, places } = this;
    const index = places.indexOf(current);
    this.#screen.decider.dismiss(this.#screen.image, current.bbox);
    this.#show(places.filter((place) => place !== current), '');
    const following = this.places[index % Math.max(1, this.places.length)];
    if (following) this.#goTo(following);
    else {
      this.#screen.stage.fit();
      this.#screen.board.notice('Nothing is left here that looks like a missed object.');
    }
  }

  /** The person turned to a mask. */
  leave() {
    if (!this.current) return;
    this.current = null;
    this.#draw();
  }

  #goTo(place) {
    const { stage, board } = this.#screen;
    this.#screen.selection.select(null);
    this.current = place;
    const [x, y, w, h] = place.bbox;
    stage.zoomToBox([x - AROUND * w, y - AROUND * h, w * (1 + 2 * AROUND), h * (1 + 2 * AROUND)]);
    const number = this.places.indexOf(place) + 1;
    board.notice(`Place ${number} of ${this.places.length} without a mask. Draw one here, or R: nothing is missing.`);
    this.#draw();
  }

  /** Keep the current place if it is still one. */
  #show(places, unknown) {
    const box = this.current?.bbox.join();
    this.places = places;
    this.current = places.find((place) => place.bbox.join() === box) ?? null;
    this.#unknown = unknown;
    const { parts } = this.#screen;
    const complete = this.#known && !unknown && !places.length && !this.#pending();
    parts.missed.textContent = missedWords({ complete, places: places.length });
    parts.missed.classList.toggle('is-complete', complete);
    document.documentElement.dataset.missed = this.#known ? places.length : '';
    this.#draw();
  }

  #pending() {
    return this.#screen.image?.masks.some(({ state }) => state === 'pending') ?? false;
  }

  #draw() {
    const { stage } = this.#screen;
    stage.places = this.places;
    stage.place = this.current;
    stage.draw();
  }
}

function shaped(place, { height }) {
  return { ...place, path: outlineOf(decode(place.counts, height, place.bbox)).path };
}
