// What a single key does to the pixels of the selected mask, and the merging of several masks.

import { union } from './bitmap.js';
import { fillHoles, grow, partsOf, shrink } from './regions.js';
import { shapeOf } from './marks.js';

export class Reshape {
  #screen;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
  }

  fillHoles() {
    const mask = this.#selected();
    if (!mask) return;
    if (shapeOf(mask).holes) this.#screen.tools.edit(mask, fillHoles(mask.bitmap));
    else this.#screen.board.notice('The mask has no holes.');
  }

  keepLargest() {
    const mask = this.#selected();
    if (mask && this.#hasParts(mask)) this.#screen.tools.edit(mask, partsOf(mask.bitmap)[0]);
  }

  splitParts() {
    const mask = this.#selected();
    if (mask && this.#hasParts(mask)) this.#screen.tools.divide(mask, partsOf(mask.bitmap));
  }

  grow() {
    const mask = this.#selected();
    if (mask) this.#screen.tools.edit(mask, grow(mask.bitmap, this.#screen.image));
  }

  shrink() {
    const mask = this.#selected();
    if (mask) this.#screen.tools.edit(mask, shrink(mask.bitmap, this.#screen.image));
  }

  /** The selected mask takes in those that were picked beside it. */
  merge() {
    const { image, selected, picked, decider, board, tools } = this.#screen;
    const masks = [...new Set([selected, ...picked])].filter((mask) => mask && image.masks.includes(mask));
    if (masks.length < 2) {
      board.notice('Pick the masks to merge first: Shift+click them, or Shift+M on each.');
      return;
    }
    const [kept, ...others] = masks;
    const name = masks.find((mask) => mask.category_id !== null)?.category_id ?? null;
    const pixels = union(masks.map(({ bitmap }) => bitmap));
    decider.together(() => {
      decider.edit(image, kept, pixels);
      if (kept.category_id !== name) decider.name(image, kept, name);
      decider.remove(image, others);
    });
    this.#screen.display.rebuilt(kept);
    tools.describe();
    board.notice(`${masks.length} masks are one now. Ctrl+Z takes it back.`);
  }

  #selected() {
    const { selected, board } = this.#screen;
    if (!selected) board.notice('Select a mask first: click it or press Tab.');
    return selected;
  }

  #hasParts(mask) {
    const several = shapeOf(mask).parts > 1;
    if (!several) this.#screen.board.notice('The mask is in one part.');
    return several;
  }
}
