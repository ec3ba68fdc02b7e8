// The masks, painted at the resolution of the screen for the view at hand: lines have the same width at any zoom, and the work is
// bounded by the screen, not by the image. Only the boxes that changed are painted again.
//
// Decided masks lie above pending ones, of each kind smaller above larger ones, and the selected one above all: each can be seen.

import { lookOf } from './palette.js';

const CROWD = 25; // masks up to which each has its full fill; more are fainter, so that the picture stays visible
const LINE = 2; // CSS pixels
const FINE_LINE = 1; // where there are many
const MANY = 60; // masks
const BOLD = 1; // CSS pixels more for people who want high contrast
const SPECK = 4; // CSS pixels: smaller masks are shown as a spot of this size
const SHADE = (150 << 24) >>> 0; // around the selected mask when it is alone

export class Overlay {
  #context;
  #pixels = null;
  #words = null;
  #masks = [];
  fill = true;
  bold = false;
  opacity = 1;
  isolate = false;
  selected = null;
  /** @type {(mask: object) => boolean} */
  visible = () => true;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.#context = canvas.getContext('2d');
  }

  /** @param {number} width device pixels @param {number} height @param {number} ratio device pixels a CSS pixel */
  resize(width, height, ratio) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.ratio = ratio;
    this.#pixels = this.#context.createImageData(width, height);
    this.#words = new Uint32Array(this.#pixels.data.buffer);
  }

  /** @param {object[]} masks with bitmap, area, state */
  show(masks) {
    this.#masks = [...masks].sort((a, b) => b.area - a.area);
    this.crowding = Math.min(1, Math.sqrt(CROWD / Math.max(1, masks.length)));
    this.line = masks.length > MANY ? FINE_LINE : LINE;
  }

  /** Paint all. @param {import('./view.js').View} view */
  paint(view) {
    this.#paint(view, { left: 0, top: 0, right: this.canvas.width, bottom: this.canvas.height });
  }

  /** Paint what lies in boxes of the image again. @param {number[][]} boxes x, y, width, height */
  paintBoxes(view, boxes) {
    const margin = (LINE + BOLD + SPECK) * this.ratio;
    const scale = view.scale * this.ratio;
    for (const [x, y, w, h] of boxes) {
      const left = Math.max(0, Math.floor(view.x * this.ratio + x * scale - margin));
      const top = Math.max(0, Math.floor(view.y * this.ratio + y * scale - margin));
      const right = Math.min(this.canvas.width, Math.ceil(view.x * this.ratio + (x + w) * scale + margin));
      const bottom = Math.min(this.canvas.height, Math.ceil(view.y * this.ratio + (y + h) * scale + margin));
      if (left < right && top < bottom) this.#paint(view, { left, top, right, bottom });
    }
  }

  #paint(view, clip) {
    const { width } = this.canvas;
    const { selected } = this;
    const blank = this.isolate && selected ? SHADE : 0;
    for (let row = clip.top; row < clip.bottom; row++) this.#words.fill(blank, row * width + clip.left, row * width + clip.right);
    const others = this.#masks.filter((mask) => mask !== selected && this.visible(mask));
    for (const mask of others) if (mask.state === 'pending') this.#paintMask(mask, view, clip, this.line, this.crowding);
    for (const mask of others) if (mask.state !== 'pending') this.#paintMask(mask, view, clip, LINE, 1);
    if (selected) this.#paintMask(selected, view, clip, LINE, 1);
    this.#context.putImageData(this.#pixels, 0, 0, clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
  }

  #paintMask(mask, view, clip, width, strength) {
    const { x, y, w, h } = mask.bitmap;
    const line = Math.max(1, Math.round((width + (this.bold ? BOLD : 0)) * this.ratio));
    const scale = view.scale * this.ratio;
    const columns = cellsOf(view.x * this.ratio, scale, x, w, clip.left, clip.right, line);
    const rows = cellsOf(view.y * this.ratio, scale, y, h, clip.top, clip.bottom, line);
    const chosen = mask === this.selected;
    const inks = this.#inks(mask, strength, chosen);
    if (Math.max(w, h) * scale < SPECK * this.ratio) this.#paintSpeck(mask.bitmap, view, clip, inks.edge);
    else if (columns.count > 0 && rows.count > 0) {
      paintCells(this.#words, this.canvas.width, mask.bitmap, columns, rows, line, { ...inks, over: chosen });
    }
  }

  /** Colours as the little-endian 32 bits of RGBA, and the period of dashes in device pixels. */
  #inks(mask, strength, chosen) {
    const { colour, fill, dash } = lookOf(mask);
    const rgb = (colour[2] << 16) | (colour[1] << 8) | colour[0];
    const ink = (alpha) => ((Math.round(255 * Math.min(1, alpha)) << 24) | rgb) >>> 0;
    const inside = this.fill && !(chosen && this.isolate) ? fill * this.opacity * strength : 0;
    const [on, off] = (dash ?? [1, 0]).map((length) => length * this.ratio);
    return { inner: ink(inside), edge: ink(this.bold ? 1 : 0.35 + 0.65 * this.opacity), on, period: on + off, clear: chosen && inside === 0 };
  }

  /** A mask too small to be seen becomes a spot. */
  #paintSpeck({ x, y, w, h }, view, clip, ink) {
    const centre = [(view.x + (x + w / 2) * view.scale) * this.ratio, (view.y + (y + h / 2) * view.scale) * this.ratio];
    const side = Math.round(SPECK * this.ratio);
    const left = Math.round(centre[0] - side / 2);
    const top = Math.round(centre[1] - side / 2);
    for (let row = Math.max(top, clip.top); row < Math.min(top + side, clip.bottom); row++) {
      const at = row * this.canvas.width;
      this.#words.fill(ink, at + Math.max(left, clip.left), at + Math.max(clip.left, Math.min(left + side, clip.right)));
    }
  }
}

/**
 * Which cell of a mask each device pixel along one axis shows.
 * @returns {{first: number, count: number, cells: Int32Array}} `count` pixels from `first` on; `cells` has `around` more at both
 *   ends, -1 where they are outside of the mask's box
 */
function cellsOf(origin, scale, start, length, from, to, around) {
  const first = Math.max(from, Math.ceil(origin + start * scale - 0.5));
  const last = Math.min(to, Math.ceil(origin + (start + length) * scale - 0.5));
  const count = Math.max(0, last - first);
  const cells = new Int32Array(count + 2 * around);
  for (let k = 0; k < cells.length; k++) {
    const cell = Math.floor((first - around + k + 0.5 - origin) / scale) - start;
    cells[k] = cell < 0 || cell >= length ? -1 : cell;
  }
  return { first, count, cells };
}

/** The innermost loop: a pixel whose neighbours `line` away are all inside gets the fill, the others the outline. */
function paintCells(words, stride, { w, data }, columns, rows, line, { inner, edge, on, period, over, clear }) {
  const filled = inner >>> 24 !== 0 || clear;
  const fill = clear ? 0 : inner;
  const across = columns.cells;
  for (let j = 0; j < rows.count; j++) {
    const row = rows.cells[j + line] * w;
    const above = rows.cells[j] * w;
    const below = rows.cells[j + 2 * line] * w;
    const outermost = above < 0 || below < 0;
    const py = rows.first + j;
    let at = py * stride + columns.first;
    for (let i = 0; i < columns.count; i++, at++) {
      const column = across[i + line];
      if (data[row + column] === 0) continue;
      const before = across[i];
      const after = across[i + 2 * line];
      const whole =
        !outermost && before >= 0 && after >= 0 &&
        (data[row + before] & data[row + after] & data[above + column] & data[below + column]) === 1;
      if (!whole && (columns.first + i + py) % period < on) words[at] = edge;
      else if (filled && (over || words[at] >>> 24 < 128)) words[at] = fill; // the outline of a larger mask stays
    }
  }
}
