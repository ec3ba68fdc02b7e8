// Brush and eraser: each stroke shows while it is made, and is one edit, one step for undo.

import { placed, trim } from './bitmap.js';
import { boxOf, roomFor, stamp } from './strokes.js';

/** @typedef {{image: object, mask: object, revision: number, before: import('../rle.js').Bitmap | null, last: [number, number]}} Stroke
 *  before: the mask's pixels; null: the mask is new */

export class Brush {
  #tools;
  #value;
  /** @type {Stroke | null} */
  #stroke = null;
  /** Whether keys put the brush down: it stays so until they lift it. */
  byKeys = false;

  /** @param {import('./tools.js').Tools} tools @param {0 | 1} value what it sets pixels to: 0 erases */
  constructor(tools, value) {
    this.#tools = tools;
    this.#value = value;
  }

  hover(point) {
    this.#tools.sketch.cursor(point, this.#tools.size);
  }

  /** Down, or up again. @returns {string} what to say of it */
  put(point) {
    if (this.#stroke) {
      this.end();
      return '';
    }
    this.begin(point);
    this.byKeys = this.#stroke !== null;
    return this.byKeys ? `${this.#value ? 'Brush' : 'Eraser'} down` : '';
  }

  /** Keys moved it. */
  aim(point) {
    if (this.byKeys) this.move([point]);
    this.hover(point);
  }

  begin(point) {
    this.end(); // keys may have put it down
    const { image, selected, stage, board } = this.#tools.screen;
    if (!selected && !this.#value) {
      board.notice('Select the mask to erase from: Tab, or its row in the list.');
      return;
    }
    const mask = selected ?? draft(image, point);
    this.#stroke = { image, mask, revision: mask.revision, before: selected ? mask.bitmap : null, last: point };
    if (selected) mask.bitmap = placed(mask.bitmap, mask.bitmap); // the one before stays as it was
    stage.sketching = true;
    stage.select(mask);
    this.move([point]);
  }

  move(points) {
    if (!this.#stroke) return;
    const { image, mask, before } = this.#stroke;
    const { size, screen: { stage } } = this.#tools;
    for (const point of points) {
      const box = boxOf(this.#stroke.last, point, size, image);
      if (box.w > 0 && box.h > 0) {
        if (this.#value) mask.bitmap = roomFor(mask.bitmap, box, image);
        stamp(mask.bitmap, this.#stroke.last, point, size, this.#value);
        stage.repaintBoxes([[box.x, box.y, box.w, box.h]]);
      }
      this.#stroke.last = point;
    }
    if (!before) mask.bbox = [mask.bitmap.x, mask.bitmap.y, mask.bitmap.w, mask.bitmap.h];
  }

  end() {
    const stroke = this.#stroke;
    if (!stroke) return;
    const { mask, before, revision } = stroke;
    const drawn = mask.bitmap;
    this.cancel();
    if (!before) this.#tools.create(trim(drawn));
    else if (mask.revision === revision) this.#tools.edit(mask, drawn);
    else this.#tools.screen.board.notice('The mask was changed elsewhere while you drew: it is shown as it is now, without your stroke.');
  }

  /** Take back what was put down last. */
  back() {
    this.cancel();
  }

  /** Take back the stroke that is being made; tells whether there was one. */
  cancel() {
    const stroke = this.#stroke;
    if (!stroke) return false;
    this.#stroke = null;
    this.byKeys = false;
    const { mask, before, revision } = stroke;
    const { x, y, w, h } = mask.bitmap;
    const { stage } = this.#tools.screen;
    stage.sketching = false;
    if (!before) stage.select(null);
    else if (mask.revision === revision) mask.bitmap = before;
    stage.repaintBoxes([[x, y, w, h], mask.bbox]);
    return true;
  }
}

/** A mask that is being drawn from nothing. */
function draft({ masks }, [x, y]) {
  const bitmap = { x: Math.max(0, Math.floor(x)), y: Math.max(0, Math.floor(y)), w: 0, h: 0, data: new Uint8Array(0) };
  return { number: masks.length + 1, state: 'accepted', edited: true, revision: 0, area: 0, bitmap, bbox: [bitmap.x, bitmap.y, 0, 0] };
}
