// Lasso and knife: tools that draw a line and do something with it when the hand lifts.

import { subtract, union } from './bitmap.js';
import { cut } from './regions.js';
import { enclosed } from './strokes.js';

const STEP = 1.5; // CSS pixels between two points of a line
const CLICK = 4; // CSS pixels that a press may move and still be a click: it selects a mask as ever

class Line {
  #points = null;
  #moved = 0;
  #away = false; // keys began it to take away
  /** Whether keys set the corners: the line stays open until they end it. */
  byKeys = false;

  /** @param {import('./tools.js').Tools} tools */
  constructor(tools) {
    this.tools = tools;
  }

  hover() {}

  /** A corner, set by keys. @returns {string} what to say of it */
  put(point, { away }) {
    if (this.#points) {
      this.#points.push(point);
      this.#moved = Infinity;
    } else {
      this.begin(point);
      this.byKeys = true;
      this.#away = away;
    }
    return `Corner ${this.#points.length}`;
  }

  /** Keys moved the hand: the line up to it. */
  aim(point) {
    if (this.byKeys) this.tools.sketch.line([...this.#points, point], this.kind(this.#how()));
  }

  /** Take back the corner that was set last. */
  back() {
    if (this.#points.length > 1) this.#points.pop();
    else this.cancel();
  }

  begin(point) {
    if (this.#points) this.#points.push(point); // a hand goes on where keys began
    else {
      this.#points = [point];
      this.#moved = 0;
    }
  }

  /** Keys say at the beginning what a hand says by the keys that it holds. */
  #how() {
    return { altKey: this.#away, shiftKey: false };
  }

  move(points, event) {
    if (!this.#points) return;
    const { scale } = this.tools.screen.stage.view;
    for (const point of points) {
      const [x, y] = this.#points.at(-1);
      const way = Math.hypot(point[0] - x, point[1] - y) * scale;
      if (way < STEP) continue;
      this.#moved += way;
      this.#points.push(point);
    }
    this.tools.sketch.line(this.lineOf(this.#points, event), this.kind(event));
  }

  end(event) {
    const points = this.#points;
    const clicked = this.#moved <= CLICK;
    const how = this.byKeys ? this.#how() : event;
    if (!this.cancel()) return;
    if (clicked) this.tools.pick(points[0], how);
    else this.finish(this.lineOf(points, how), how);
  }

  cancel() {
    const open = this.#points !== null;
    this.#points = null;
    this.byKeys = false;
    this.tools.sketch.line([]);
    return open;
  }

  lineOf(points) {
    return points;
  }
}

/** Adds what it goes round to the mask, or takes it away; with nothing selected it makes a mask. */
export class Lasso extends Line {
  /** Keys set its corners at corners of pixels: what it goes round is then plain. */
  corners = true;

  kind({ altKey }) {
    return altKey !== this.tools.subtracts ? 'subtract' : 'add';
  }

  finish(points, event) {
    const { image, selected, board } = this.tools.screen;
    const inside = enclosed(points, image);
    if (!inside) return;
    if (this.kind(event) === 'subtract') {
      if (selected) this.tools.edit(selected, subtract(selected.bitmap, inside));
      else board.notice('Select the mask to take from: click it.');
    } else if (selected) this.tools.edit(selected, union([selected.bitmap, inside]));
    else this.tools.create(inside);
  }
}

/** Cuts the mask in pieces; with Shift along a straight line. */
export class Knife extends Line {
  kind() {
    return 'cut';
  }

  lineOf(points, { shiftKey }) {
    return shiftKey ? [points[0], points.at(-1)] : points;
  }

  finish(points) {
    const { selected, board } = this.tools.screen;
    if (!selected) {
      board.notice('Select the mask to cut: click it.');
      return;
    }
    const pieces = cut(selected.bitmap, points);
    if (pieces) this.tools.divide(selected, pieces);
    else board.notice('The line cuts nothing off: draw it across the mask, from edge to edge.');
  }
}
