// Scores of the image's masks, and the handle that hides those below it. It filters what is shown; nothing is deleted.

import { h } from '../dom.js';

const BINS = 24;

export class Histogram {
  #range = { low: 0, high: 1 };

  /** @param {HTMLElement} element @param {() => void} onChange */
  constructor(element, onChange) {
    this.bars = h('div', { class: 'bars', 'aria-hidden': 'true' });
    this.input = h('input', { type: 'range', min: 0, max: 1000, value: 0, id: 'hide-below', 'aria-label': 'Hide pending masks with a score below' });
    this.text = h('output', { for: 'hide-below' });
    element.append(this.bars, this.input, this.text);
    this.input.addEventListener('input', () => {
      this.#describe();
      onChange();
    });
    this.input.addEventListener('pointerup', () => this.input.blur()); // the keys belong to the masks again
  }

  /** Pending masks below this score are hidden. */
  get threshold() {
    const share = Number(this.input.value) / 1000;
    return share === 0 ? -Infinity : this.#range.low + share * (this.#range.high - this.#range.low);
  }

  /** @param {object[]} masks the handle keeps its place among the scores */
  show(masks) {
    const scores = masks.map(({ score }) => score);
    this.#range = scores.length ? { low: Math.min(...scores), high: Math.max(...scores) } : { low: 0, high: 1 };
    const width = this.#range.high - this.#range.low || 1;
    const counts = new Array(BINS).fill(0);
    for (const score of scores) counts[Math.min(BINS - 1, Math.floor(((score - this.#range.low) / width) * BINS))]++;
    const most = Math.max(...counts, 1);
    this.bars.replaceChildren(...counts.map((count) => h('i', { style: `height: ${(100 * count) / most}%` })));
    this.input.disabled = scores.length < 2;
    this.masks = masks;
    this.#describe();
  }

  #describe() {
    const hidden = this.masks.filter((mask) => mask.state === 'pending' && mask.score < this.threshold).length;
    this.text.textContent = hidden ? `${hidden} hidden below ${this.threshold.toFixed(2)}` : 'Hide below: nothing hidden';
  }
}
