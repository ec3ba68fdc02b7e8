// Which mask is worked on: by click, in turn, or by name; and which are picked beside it for merging.

import { masksAt, nextAt } from './hit.js';

const REACH = 5; // CSS pixels around a tiny mask that count as it

export class Selection {
  #screen;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
  }

  /** What the pointer does without a tool: clicks select. @type {import('./pointer.js').Tool} */
  tool = {
    hover: (at) => this.#hover(at),
    click: (...at) => this.#click(...at),
    hold: (at) => this.#hold(at),
  };

  /** Whether a mask is on the image at all: neither hidden by the slider nor rejected. */
  visible(mask) {
    if (mask === this.#screen.selected) return true;
    if (this.#screen.stage.overlay.isolate) return false;
    if (mask.state === 'rejected') return this.#screen.showRejected;
    return mask.state !== 'pending' || mask.score >= this.#screen.histogram.threshold;
  }

  #at([x, y]) {
    const visible = this.#screen.image.masks.filter((mask) => this.visible(mask));
    return masksAt(visible, x, y, REACH / this.#screen.stage.view.scale);
  }

  #hover(point) {
    const mask = point && this.#screen.image ? (this.#at(point)[0] ?? null) : null;
    this.#screen.stage.hover(mask);
    this.#screen.parts.stage.classList.toggle('over-mask', mask !== null);
  }

  #click(point, event) {
    const found = this.#at(point);
    this.take(event.shiftKey ? (found[0] ?? null) : nextAt(found, this.#screen.selected), event);
  }

  /** What a click on a mask does; with Shift it is picked beside the selected one. */
  take(mask, { shiftKey }) {
    if (shiftKey && mask && this.#screen.selected && mask !== this.#screen.selected) this.pick(mask);
    else if (!shiftKey || !this.#screen.selected) {
      this.unpick();
      this.select(mask);
    }
  }

  /** Pick a mask for merging, or put it back. */
  pick(mask) {
    if (!this.#screen.picked.delete(mask)) this.#screen.picked.add(mask);
    this.#screen.list.update([mask]);
    this.#screen.stage.draw();
    const others = [...this.#screen.picked].filter((each) => each !== this.#screen.selected).length;
    this.#screen.board.notice(others ? `${others + 1} masks picked: M merges them into the selected one.` : '');
  }

  /** Put all picked masks back; tells whether there were any. */
  unpick() {
    if (!this.#screen.picked.size) return false;
    const masks = [...this.#screen.picked];
    this.#screen.picked.clear();
    this.#screen.list.update(masks);
    this.#screen.stage.draw();
    return true;
  }

  /** A finger rests: of the masks there the next larger one. */
  #hold(point) {
    const found = this.#at(point);
    this.select(nextAt(found, found.includes(this.#screen.selected) ? this.#screen.selected : (found[0] ?? null)));
  }

  /** @param {object | null} mask */
  select(mask) {
    if (mask) this.#screen.missed.leave();
    this.#screen.stage.select(mask);
    this.#screen.list.select(mask);
    this.#screen.categories.mark(mask);
    this.#screen.display.describe();
  }

  /** The next pending mask in the list that is not hidden by the slider; null if there is none. */
  nextPending(from) {
    const { masks } = this.#screen.image;
    const start = from ? from.number : 0;
    for (let step = 0; step < masks.length; step++) {
      const mask = masks[(start + step) % masks.length];
      if (mask.state === 'pending' && mask.score >= this.#screen.histogram.threshold) return mask;
    }
    return null;
  }

  /** The next mask in the list that can be seen, whatever its state. */
  neighbour(direction) {
    const { masks } = this.#screen.image;
    const start = this.#screen.selected ? this.#screen.selected.number - 1 : direction > 0 ? -1 : masks.length;
    for (let step = 1; step <= masks.length; step++) {
      const mask = masks[(start + direction * step + 2 * masks.length) % masks.length];
      if (mask !== this.#screen.selected && (this.#screen.stage.overlay.isolate ? mask.state !== 'rejected' : this.visible(mask))) return mask;
    }
    return this.#screen.selected;
  }
}
