// All masks of an image painted into one RGBA canvas; only what changed is painted again.
//
// Smaller masks lie above larger ones, so that every mask can be seen. Outlines are painted with the pixels: they cost nothing when
// the view moves. An image too large for a canvas of its own size gets a coarser overlay; selection and decisions stay exact.

import { lookOf } from './palette.js';

const LARGEST = 16e6; // overlay pixels
const CROWD = 25; // masks up to which each has its full fill; more are fainter, so that the picture stays visible

export class Overlay {
  #canvas = document.createElement('canvas');
  #context = this.#canvas.getContext('2d');
  #masks = [];
  fill = true;
  opacity = 1;
  /** @type {(mask: object) => boolean} */
  visible = () => true;

  get canvas() {
    return this.#canvas;
  }

  /** @param {{width: number, height: number}} image @param {object[]} masks with box, area, state, bitmap */
  reset(image, masks) {
    this.ratio = Math.min(1, Math.sqrt(LARGEST / (image.width * image.height)));
    this.#canvas.width = Math.max(1, Math.round(image.width * this.ratio));
    this.#canvas.height = Math.max(1, Math.round(image.height * this.ratio));
    this.#masks = [...masks].sort((a, b) => b.area - a.area);
    this.crowding = Math.min(1, Math.sqrt(CROWD / Math.max(1, masks.length)));
    this.line = Math.max(1, Math.round(Math.max(this.#canvas.width, this.#canvas.height) / 1200));
    this.paint();
  }

  /** Paint a box of the image again, or all of it. */
  paint(box = null) {
    const { width, height } = this.#canvas;
    const [x, y, w, h] = box ? box.map((side) => side * this.ratio) : [0, 0, width, height];
    const left = Math.max(0, Math.floor(x));
    const top = Math.max(0, Math.floor(y));
    const right = Math.min(width, Math.ceil(x + w) + 1);
    const bottom = Math.min(height, Math.ceil(y + h) + 1);
    if (left >= right || top >= bottom) return;
    const pixels = this.#context.createImageData(right - left, bottom - top);
    const words = new Uint32Array(pixels.data.buffer);
    for (const mask of this.#masks) {
      if (this.visible(mask)) this.#paintMask(mask, words, left, top, right, bottom);
    }
    this.#context.putImageData(pixels, left, top);
  }

  #paintMask(mask, words, left, top, right, bottom) {
    const { x, y, w, h, data } = mask.bitmap;
    const { colour, fill, dash } = lookOf(mask);
    const rgb = (colour[2] << 16) | (colour[1] << 8) | colour[0];
    const inner = ((Math.round(255 * (this.fill ? fill : 0) * this.opacity * this.crowding) << 24) | rgb) >>> 0;
    const edge = ((Math.round(255 * Math.min(1, 0.35 + 0.65 * this.opacity)) << 24) | rgb) >>> 0;
    const filled = inner >>> 24 !== 0;
    const line = Math.max(1, Math.round(this.line / this.ratio));
    const period = dash * this.line;
    const columns = this.#cells(left, right, x, w);
    const rows = this.#cells(top, bottom, y, h);
    const stride = right - left;
    for (let j = 0; j < rows.length; j++) {
      const row = rows[j];
      const py = rows.first + j;
      const inRow = row >= line && row < h - line;
      let at = (py - top) * stride + columns.first - left;
      for (let i = 0; i < columns.length; i++, at++) {
        const column = columns[i];
        const cell = row * w + column;
        if (data[cell] === 0) continue;
        const whole =
          inRow && column >= line && column < w - line &&
          data[cell - line] + data[cell + line] + data[cell - line * w] + data[cell + line * w] === 4;
        if (!whole && (dash === 0 || ((columns.first + i + py) / period) % 2 < 1)) words[at] = edge;
        else if (filled) words[at] = inner;
      }
    }
  }

  /** For the overlay's pixels `from` to `to` that show a mask's cells `start` to `start + length`: the cell of each, from 0. */
  #cells(from, to, start, length) {
    const first = Math.max(from, Math.ceil(start * this.ratio - 0.5));
    const last = Math.min(to, Math.ceil((start + length) * this.ratio - 0.5));
    const cells = new Int32Array(Math.max(0, last - first));
    for (let k = 0; k < cells.length; k++) cells[k] = Math.min(Math.floor((first + k + 0.5) / this.ratio) - start, length - 1);
    cells.first = first;
    return cells;
  }
}
