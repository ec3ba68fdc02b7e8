// The tool in hand, and what all tools do with the mask they worked on. Without a tool a click selects.

import { h } from '../dom.js';
import { Brush } from './brush.js';
import { icon } from './icons.js';
import { keyOf } from './keymap.js';
import { Knife, Lasso } from './lines.js';
import { Sketch } from './sketch.js';

const STEP = 1.25; // from one brush size to the next
const LARGEST = 600; // image pixels
const FIRST = 40; // parts of the longer side of the image that the first brush is wide

/** What the bar says of each tool. */
const WORDS = {
  brush: ['Brush', 'drag paints, [ ] size, Tab next mask; by keys: arrows'],
  eraser: ['Eraser', 'drag erases, [ ] size, Tab next mask; by keys: arrows'],
  lasso: ['Lasso', 'go round what belongs to the mask; Alt takes away; by keys: arrows'],
  cut: ['Cut', 'draw across the mask; Shift straight; by keys: arrows'],
};
/** The same while keys move the crosshair: with the tool up, and down. */
const BY_KEYS = {
  brush: ['arrows move, Space puts the brush down', 'arrows paint, Space lifts the brush, Esc forgets the stroke'],
  eraser: ['arrows move, Space puts the eraser down', 'arrows erase, Space lifts the eraser, Esc forgets the stroke'],
  lasso: ['Space sets a corner; with Shift to take away', 'Space sets the next corner, Enter closes, Backspace takes one back'],
  cut: ['Space sets the beginning of the line', 'Space sets the next corner, Enter cuts, Backspace takes one back'],
};
const UNSELECTED = { brush: 'drag paints a new mask, [ ] size; by keys: arrows', lasso: 'go round an object for a new mask; by keys: arrows' };

export class Tools {
  #size = 0;
  #name = null;
  #pointer;
  #selecting;
  #bar;
  #tools;
  /** Whether the lasso takes away without Alt: fingers have no keys. */
  subtracts = false;

  /** @param {object} screen the Review, with parts, stage and pointer */
  constructor(screen) {
    this.screen = screen;
    this.#pointer = screen.pointer;
    this.#selecting = screen.pointer.tool;
    this.#bar = screen.parts.mode;
    this.sketch = new Sketch(screen.parts.sketch, screen.stage.view);
    screen.stage.onView = () => this.sketch.look();
    this.#tools = { brush: new Brush(this, 1), eraser: new Brush(this, 0), lasso: new Lasso(this), cut: new Knife(this) };
  }

  /** Name of the tool in hand; null: a click selects. */
  get name() {
    return this.#name;
  }

  /** Diameter of brush and eraser, image pixels. */
  get size() {
    const { width, height } = this.screen.image;
    return this.#size || Math.max(1, Math.round(Math.max(width, height) / FIRST));
  }

  /** Take a tool, or none. @param {keyof typeof WORDS | null} name */
  hold(name) {
    this.settle();
    if (name !== null) {
      this.screen.clicking.leave();
      this.screen.parts.toCanvas();
    }
    this.sketch.cursor(null, 0);
    for (const each of Object.keys(this.#tools)) this.screen.parts.press(each, each === name);
    this.#name = name;
    this.subtracts = false;
    this.#pointer.tool = name === null ? this.#selecting : this.#tools[name];
    this.screen.parts.stage.classList.toggle('draws', name !== null);
    this.screen.parts.stage.classList.remove('over-mask');
    this.screen.stage.hover(null);
    this.screen.crosshair.draw();
  }

  /** Whether keys put the tool down and did not lift it yet. */
  get byKeys() {
    return this.#tools[this.#name]?.byKeys ?? false;
  }

  /** Take back what keys put down last. */
  back() {
    this.#tools[this.#name].back();
    this.screen.crosshair.draw();
  }

  /** Lay the tool down; tells whether there was one. */
  leave() {
    if (this.#name === null) return false;
    this.hold(null);
    return true;
  }

  /** What is being drawn counts as drawn: a key was pressed. */
  settle() {
    const { byKeys } = this;
    this.#tools[this.#name]?.end({ altKey: false, shiftKey: false });
    if (byKeys) this.screen.crosshair.draw();
  }

  /** What is being drawn is forgotten; tells whether there was anything. */
  cancel() {
    const { byKeys } = this;
    const drawn = this.#tools[this.#name]?.cancel() ?? false;
    if (byKeys) this.screen.crosshair.draw();
    return drawn;
  }

  /** @param {1 | -1} direction */
  resize(direction) {
    const size = this.size * STEP ** direction;
    this.#size = Math.min(LARGEST, Math.max(1, direction > 0 ? Math.ceil(size) : Math.floor(size)));
    this.describe();
    this.sketch.resize(this.#size);
  }

  /** Say which tool is in hand and what it does. */
  describe() {
    const name = this.#name;
    this.#bar.hidden = name === null;
    if (name === null) return;
    const [word, hint] = WORDS[name];
    const byHand = (!this.screen.selected && UNSELECTED[name]) || hint;
    const words = this.screen.crosshair.shown ? BY_KEYS[name][Number(this.byKeys)] : byHand;
    this.#bar.replaceChildren(
      icon(name), h('b', {}, word), h('span', { class: 'hint' }, words), ...this.#controls(),
      button('Done', `Done (${keyOf('escape')} or ${keyOf('finish')})`, () => this.leave()),
    );
  }

  #controls() {
    if (this.#name === 'brush' || this.#name === 'eraser') {
      const size = h('output', { 'aria-label': 'Size of the brush' }, `${this.size} px`);
      return [button('−', 'Smaller ([)', () => this.resize(-1)), size, button('+', 'Larger (])', () => this.resize(1))];
    }
    if (this.#name !== 'lasso') return [];
    return [button('Take away', 'Take away instead of adding (Alt)', () => this.#turn(), { 'aria-pressed': String(this.subtracts) })];
  }

  #turn() {
    this.subtracts = !this.subtracts;
    this.describe();
  }

  /** A click with a tool that only draws by dragging selects a mask as ever. */
  pick(point, event) {
    this.#selecting.click(point, event);
  }

  /** Give a mask other pixels, or say why not; tells whether it did. */
  edit(mask, bitmap) {
    const { screen } = this;
    const box = mask.bbox;
    if (!screen.decider.edit(screen.image, mask, bitmap)) {
      screen.board.notice(`Nothing would be left of the mask, so it stays: ${keyOf('reject')} rejects it.`);
      return false;
    }
    screen.display.edited(mask, box);
    return true;
  }

  /** A new mask, selected. @param {import('../rle.js').Bitmap | null} bitmap null: nothing was drawn */
  create(bitmap) {
    const { screen } = this;
    const mask = bitmap && screen.decider.create(screen.image, bitmap);
    if (mask) screen.display.rebuilt(mask);
  }

  /** One mask becomes several: the first keeps its name and number, the others are new masks of the same category. */
  divide(mask, [rest, ...pieces]) {
    const { decider, image, board } = this.screen;
    decider.together(() => {
      decider.edit(image, mask, rest);
      for (const piece of pieces) decider.create(image, piece, { categoryId: mask.category_id, parentId: mask.id });
    });
    this.screen.display.rebuilt(mask);
    board.notice(`Split into ${pieces.length + 1} masks. Ctrl+Z takes it back.`);
  }
}

const button = (text, label, run, more = {}) =>
  h('button', { type: 'button', 'aria-label': label, title: label, onclick: run, onmousedown: keepFocus, ...more }, text);
const keepFocus = (event) => event.preventDefault(); // the keys stay with the masks
