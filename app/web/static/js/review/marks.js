// What lies above the masks: the outlines of the selected and the hovered one, and the sign of each that is decided.

import { anchorOf, outlineOf } from './outline.js';
import { cssColour, lookOf } from './palette.js';

const SIGN = 16; // CSS pixels across
const ROOM = 30; // CSS pixels that a mask needs on the screen to carry its sign
const MANY = 30; // signs, from which on only larger masks carry one
const MORE_ROOM = 64;
const CLICK = 8; // CSS pixels from the middle of a click's sign to its edge
const PREVIEW_FILL = 'rgb(64 156 255 / 42%)';
const PREVIEW_LINE = '#9bd0ff';

/** Outline, parts and holes of a mask; kept with it. */
export function shapeOf(mask) {
  mask.shape ??= outlineOf(mask.bitmap);
  return mask.shape;
}

export class Marks {
  #context;
  #signs = new Map();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.#context = canvas.getContext('2d');
  }

  resize(width, height, ratio) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.ratio = ratio;
    this.#signs.clear();
  }

  /** @param {import('./stage.js').Stage} stage */
  draw({ image, view, overlay, selected, hovered, picked, bare, sketching, places, place, preview }) {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!image || bare) return;
    if (preview) {
      this.#preview(preview, view);
      return;
    }
    const decided = image.masks.filter((mask) => mask.state !== 'pending' && overlay.visible(mask));
    const room = (decided.length > MANY ? MORE_ROOM : ROOM) / view.scale;
    for (const mask of decided) if (Math.min(mask.bbox[2], mask.bbox[3]) >= room) this.#sign(mask, view);
    const scale = view.scale * this.ratio;
    context.setTransform(scale, 0, 0, scale, view.x * this.ratio, view.y * this.ratio);
    context.lineJoin = 'round';
    for (const each of places) this.#place(each, view, each === place);
    if (hovered && hovered !== selected) {
      this.#stroke(hovered, 4, 'rgb(0 0 0 / 45%)', view);
      this.#stroke(hovered, 2, 'rgb(255 255 255 / 90%)', view);
    }
    for (const mask of picked) {
      this.#stroke(mask, 6, 'rgb(0 0 0 / 70%)', view);
      this.#stroke(mask, 2, '#fff', view);
    }
    if (selected && !sketching) {
      this.#stroke(selected, 6, 'rgb(0 0 0 / 70%)', view);
      this.#stroke(selected, 3, '#fff', view);
    }
  }

  /** A mask that is being made, the box around it, and the clicks: a + in green inside, a - in red outside. */
  #preview({ mask, box, clicks }, view) {
    const context = this.#context;
    if (box) this.#box(box, view);
    if (mask?.bitmap) {
      const scale = view.scale * this.ratio;
      context.setTransform(scale, 0, 0, scale, view.x * this.ratio, view.y * this.ratio);
      context.lineJoin = 'round';
      context.fillStyle = PREVIEW_FILL;
      context.fill(shapeOf(mask).path);
      this.#stroke(mask, 5, 'rgb(0 0 0 / 70%)', view);
      this.#stroke(mask, 2.5, PREVIEW_LINE, view);
    }
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const { x, y, adds } of clicks) this.#click(view.toStage(x, y), adds);
  }

  #box([left, top, right, bottom], view) {
    const context = this.#context;
    const [x, y] = view.toStage(left, top);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.setLineDash([6, 4]);
    for (const [width, style] of [[3, 'rgb(0 0 0 / 60%)'], [1.5, '#fff']]) {
      context.lineWidth = width;
      context.strokeStyle = style;
      context.strokeRect(x, y, (right - left) * view.scale, (bottom - top) * view.scale);
    }
    context.setLineDash([]);
  }

  #click([x, y], adds) {
    const context = this.#context;
    context.beginPath();
    context.arc(x, y, CLICK, 0, 2 * Math.PI);
    context.fillStyle = adds ? '#1e9e5a' : '#c62828';
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = '#fff';
    context.moveTo(x - CLICK / 2, y);
    context.lineTo(x + CLICK / 2, y);
    if (adds) {
      context.moveTo(x, y - CLICK / 2);
      context.lineTo(x, y + CLICK / 2);
    }
    context.stroke();
  }

  #stroke(mask, width, style, view) {
    this.#context.lineWidth = width / view.scale;
    this.#context.strokeStyle = style;
    this.#context.stroke(shapeOf(mask).path);
  }

  /** Dashed, in a colour of its own: there is no mask yet. */
  #place({ path }, view, current) {
    const context = this.#context;
    for (const [width, style] of [[current ? 6 : 4, 'rgb(0 0 0 / 70%)'], [current ? 3 : 2, '#ff5cf4']]) {
      context.lineWidth = width / view.scale;
      context.strokeStyle = style;
      context.setLineDash([8 / view.scale, 5 / view.scale]);
      context.stroke(path);
    }
    context.setLineDash([]);
  }

  #sign(mask, view) {
    mask.anchor ??= anchorOf(mask.bitmap);
    const [x, y] = view.toStage(...mask.anchor);
    const sprite = this.#sprite(lookOf(mask));
    this.#context.drawImage(sprite, Math.round((x - SIGN / 2) * this.ratio), Math.round((y - SIGN / 2) * this.ratio));
  }

  /** A sign drawn once: white on a disc of the state's colour. */
  #sprite({ sign, colour }) {
    const name = `${sign}${colour}`; // the palette may change
    const known = this.#signs.get(name);
    if (known) return known;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = Math.round(SIGN * this.ratio);
    const context = canvas.getContext('2d');
    context.scale(this.ratio, this.ratio);
    context.beginPath();
    context.arc(SIGN / 2, SIGN / 2, SIGN / 2 - 1, 0, 2 * Math.PI);
    context.fillStyle = cssColour(colour);
    context.fill();
    context.strokeStyle = 'rgb(0 0 0 / 60%)';
    context.stroke();
    context.fillStyle = '#fff';
    context.font = `700 ${SIGN * 0.62}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(sign, SIGN / 2, SIGN / 2 + 0.5);
    this.#signs.set(name, canvas);
    return canvas;
  }
}
