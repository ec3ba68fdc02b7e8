// The hand without a mouse: keys move a crosshair over the image, and put the tool in hand down where it is.

import { keyOf } from './keymap.js';
import { anchorOf } from './outline.js';

const STEP = 8; // CSS pixels that a key moves it; never less than a pixel of the image
const FAR = 5; // steps
const FASTER = 4; // times that a held key repeats until its steps are longer by one
const FASTEST = 5; // steps
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowDown: [0, 1] };

export class Crosshair {
  #screen;
  #at = null; // where it is, or was last on this image
  #on = false; // a mouse that moves puts it away
  #repeats = 0;

  /** @param {object} screen the Review, with parts, stage, pointer and tools @param {AbortSignal} signal ends it */
  constructor(screen, signal) {
    this.#screen = screen;
    const moved = ({ type, movementX, movementY }) => (type === 'pointerdown' || movementX || movementY) && this.#away();
    for (const name of ['pointerdown', 'pointermove']) screen.parts.stage.addEventListener(name, moved, { signal });
  }

  /** Whether it is on the image. */
  get shown() {
    return this.#on && Boolean(this.#tool.put && this.#screen.image);
  }

  /** Where it is on the image, or null. @returns {[number, number] | null} */
  get point() {
    return this.shown ? this.#at : null;
  }

  get #tool() {
    return this.#screen.pointer.tool;
  }

  /** @param {string} key of the direction, as at first @param {{repeat: boolean, pace: 'step' | 'far' | 'fine'}} how */
  move(key, { repeat, pace }) {
    this.#repeats = repeat ? this.#repeats + 1 : 0;
    const step = Math.max(1, Math.round(STEP / this.#screen.stage.view.scale));
    const pixels = { step: step * Math.min(FASTEST, 1 + Math.floor(this.#repeats / FASTER)), far: step * FAR, fine: 1 }[pace];
    const [dx, dy] = DIRECTIONS[key.split('+').at(-1)].map((side) => side * pixels);
    const [x, y] = this.#snapped(this.point ?? this.#start());
    this.#on = true;
    this.#at = this.#snapped([x + dx, y + dy]);
    this.#screen.stage.reveal(this.#at);
    this.draw();
  }

  /** Put the tool down here, or lift it. @param {boolean} away where the tool can: to take away instead of adding */
  put(away) {
    const said = this.#tool.put(this.#at, { away });
    this.draw();
    if (said) this.#screen.parts.live.textContent = `${said} at ${this.#at.map(Math.floor).join(', ')}`;
  }

  /** A corner of a box is here, where the tool takes boxes. */
  corner() {
    const { board, parts } = this.#screen;
    if (!this.#tool.corner) {
      board.notice(`Boxes are for masks by click: ${keyOf('new-by-click')} or ${keyOf('refine')} first.`);
      return;
    }
    this.#tool.corner(this.#at);
    this.draw();
    parts.live.textContent = `Corner of a box at ${this.#at.map(Math.floor).join(', ')}`;
  }

  /** Another image is shown. */
  reset() {
    this.#at = null;
    this.draw();
  }

  /** Show it as the tool in hand wants it, or not at all. */
  draw() {
    const { tools, parts } = this.#screen;
    if (this.shown) {
      this.#at = this.#snapped(this.#at ?? this.#start());
      this.#tool.aim?.(this.#at);
    }
    tools.sketch.cross(this.point);
    if (this.point) parts.stage.dataset.crosshair = this.point.map(Math.floor).join();
    else delete parts.stage.dataset.crosshair;
    tools.describe();
  }

  #away() {
    if (!this.#on || this.#screen.tools.byKeys) return;
    this.#on = false;
    this.draw();
  }

  /** Where it was, the selected mask, or the middle of what is seen. */
  #start() {
    const { stage, selected } = this.#screen;
    const { width, height } = stage.size;
    const seen = (point) => {
      const [x, y] = stage.view.toStage(...point);
      return x >= 0 && y >= 0 && x < width && y < height;
    };
    const inside = selected?.bitmap?.w ? anchorOf(selected.bitmap) : null;
    return [this.#at, inside].find((point) => point && seen(point)) ?? stage.view.toImage(width / 2, height / 2);
  }

  /** The nearest corner of a pixel, or the middle of the pixel, on the image. */
  #snapped(point) {
    const { width, height } = this.#screen.image;
    const half = this.#tool.corners ? 0 : 0.5;
    return point.map((at, axis) => Math.min(Math.max(Math.round(at - half), 0), [width, height][axis] - 2 * half) + half);
  }
}
