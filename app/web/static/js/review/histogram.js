// Scores of the image's masks, and the handle that hides those below it. It filters what is shown; nothing is deleted.

import { h } from '../dom.js';
import { drawn } from './images.js';

const BINS = 32;
const STEPS = 1000;

export class Histogram {
  #range = { low: 0, high: 1 };
  #masks = [];
  #threshold = -Infinity;

  /** @param {HTMLElement} element @param {() => void} onChange */
  constructor(element, onChange) {
    this.bars = h('div', { class: 'bars', 'aria-hidden': 'true' }, ...Array.from({ length: BINS }, () => h('i')));
    this.input = h('input', {
      type: 'range', min: 0, max: STEPS, value: 0, id: 'hide-below', 'aria-label': 'Hide pending masks with a score below',
    });
    this.text = h('output', { for: 'hide-below' });
    element.append(h('div', { class: 'scores' }, this.bars, this.input), this.text);
    this.input.addEventListener('input', () => {
      this.#threshold = this.#scoreAt(Number(this.input.value));
      this.#describe();
      onChange();
    });
    this.input.addEventListener('keydown', (event) => event.key === 'Escape' && this.input.blur());
    this.input.addEventListener('pointerup', () => this.input.blur()); // the keys belong to the masks again
  }

  /** Pending masks below this score are hidden, on every image until the handle is moved. */
  get threshold() {
    return this.#threshold;
  }

  /** @param {object[]} masks */
  show(masks) {
    this.#masks = masks;
    const scores = masks.filter((mask) => !drawn(mask)).map(({ score }) => score);
    this.#range = scores.length ? { low: Math.min(...scores), high: Math.max(...scores) } : { low: 0, high: 1 };
    this.input.disabled = scores.length < 2;
    this.input.value = this.#placeOf(this.#threshold);
    this.#drawBars(scores);
    this.#describe();
  }

  /** Masks were decided: fewer are hidden. */
  update() {
    this.#describe();
  }

  #scoreAt(place) {
    const { low, high } = this.#range;
    return place === 0 ? -Infinity : low + (place / STEPS) * (high - low);
  }

  #placeOf(score) {
    const { low, high } = this.#range;
    return score <= low ? 0 : Math.min(STEPS, Math.round((STEPS * (score - low)) / (high - low || 1)));
  }

  #drawBars(scores) {
    const { low, high } = this.#range;
    const counts = new Array(BINS).fill(0);
    for (const score of scores) counts[Math.min(BINS - 1, Math.floor(((score - low) / (high - low || 1)) * BINS))]++;
    const most = Math.max(...counts, 1);
    counts.forEach((count, bin) => {
      this.bars.children[bin].style.height = `${(100 * Math.sqrt(count / most)).toFixed(1)}%`; // the root: single masks show too
    });
  }

  #describe() {
    const place = this.#placeOf(this.#threshold) / STEPS;
    this.bars.style.setProperty('--hidden', `${100 * place}%`);
    const hidden = this.#masks.filter((mask) => mask.state === 'pending' && mask.score < this.#threshold).length;
    const nothing = this.#masks.length ? 'Hide below: nothing hidden' : '';
    this.text.textContent = hidden ? `${hidden} hidden below ${this.#threshold.toFixed(2)}` : nothing;
    this.input.setAttribute('aria-valuetext', this.text.textContent);
  }
}
