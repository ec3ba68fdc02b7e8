// The canvas: picture, masks, selection; zoom, pan, hover and click by mouse, pen and touch.

import { oncePerFrame, shown } from '../dom.js';
import { masksAt, nextAt } from './hit.js';
import { outlineOf } from './outline.js';
import { Overlay } from './overlay.js';
import { View } from './view.js';

const DRAG = 4; // CSS pixels a press may move and still be a click

export class Stage {
  #canvas;
  #context;
  #pointers = new Map();
  #moved = 0;
  #size = { width: 1, height: 1 };
  view = new View();
  overlay = new Overlay();
  image = null;
  selected = null;
  hovered = null;
  bare = false;
  panning = false;

  /** @param {HTMLCanvasElement} canvas @param {(mask: object | null) => void} onPick @param {AbortSignal} signal */
  constructor(canvas, onPick, signal) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.onPick = onPick;
    this.draw = oncePerFrame(() => this.#draw());
    this.#listen(signal);
    const watch = new ResizeObserver(() => this.#resize());
    watch.observe(canvas.parentElement);
    signal.addEventListener('abort', () => watch.disconnect());
  }

  /** Show an image, whole. */
  show(image) {
    this.image = image;
    this.selected = this.hovered = null;
    if (image) {
      this.overlay.reset(image, image.masks);
      this.view.fit(image, this.#size);
    }
    this.#draw();
  }

  /** The image's list of masks changed. */
  rebuild() {
    this.overlay.reset(this.image, this.image.masks);
    this.draw();
  }

  /** Masks look different now: paint their boxes again. */
  repaint(masks) {
    for (const mask of masks) this.overlay.paint(mask.bbox);
    this.draw();
  }

  repaintAll() {
    this.overlay.paint();
    this.draw();
  }

  select(mask) {
    this.selected = mask;
    this.draw();
  }

  zoomToSelected() {
    if (this.selected) this.view.showBox(this.selected.bbox, this.#size);
    this.draw();
  }

  fit() {
    if (this.image) this.view.fit(this.image, this.#size);
    this.draw();
  }

  zoomBy(factor) {
    this.view.zoomAt(this.#size.width / 2, this.#size.height / 2, factor, this.image, this.#size);
    this.draw();
  }

  #visibleMasks() {
    return this.image.masks.filter((mask) => this.overlay.visible(mask));
  }

  #resize() {
    const { clientWidth, clientHeight } = this.#canvas.parentElement;
    if (!clientWidth || !shown(this.#canvas)) return;
    const ratio = window.devicePixelRatio || 1;
    this.#size = { width: clientWidth, height: clientHeight };
    this.#canvas.width = Math.round(clientWidth * ratio);
    this.#canvas.height = Math.round(clientHeight * ratio);
    if (this.image && !this.view.chosen) this.view.fit(this.image, this.#size);
    this.#draw();
  }

  #draw() {
    const context = this.#context;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = getComputedStyle(this.#canvas).backgroundColor;
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.image?.picture) return;
    const { scale, x, y } = this.view;
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    context.imageSmoothingEnabled = scale < 3;
    context.drawImage(this.image.picture, 0, 0, this.image.width, this.image.height);
    if (this.bare) return;
    context.drawImage(this.overlay.canvas, 0, 0, this.image.width, this.image.height);
    if (this.hovered && this.hovered !== this.selected) this.#stroke(this.hovered, 2, 'rgb(255 255 255 / 85%)');
    if (this.selected) {
      this.#stroke(this.selected, 5, 'rgb(0 0 0 / 75%)');
      this.#stroke(this.selected, 2.5, '#fff');
    }
  }

  #stroke(mask, width, style) {
    mask.path ??= outlineOf(mask.bitmap);
    this.#context.lineWidth = width / this.view.scale;
    this.#context.lineCap = 'square';
    this.#context.strokeStyle = style;
    this.#context.stroke(mask.path);
  }

  #listen(signal) {
    const canvas = this.#canvas;
    const options = { signal };
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    canvas.addEventListener('pointerdown', (event) => this.#down(event), options);
    canvas.addEventListener('pointermove', (event) => this.#move(event), options);
    canvas.addEventListener('pointerup', (event) => this.#up(event), options);
    canvas.addEventListener('pointercancel', (event) => this.#pointers.delete(event.pointerId), options);
    canvas.addEventListener('pointerleave', () => this.#hover(null), options);
  }

  #wheel(event) {
    if (!this.image) return;
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 16 : event.deltaY;
    this.view.zoomAt(event.offsetX, event.offsetY, Math.exp(-pixels * 0.0015), this.image, this.#size);
    this.draw();
  }

  #down(event) {
    if (!this.image) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll: the middle button pans
    this.#canvas.setPointerCapture(event.pointerId);
    if (this.#pointers.size === 0) this.#moved = this.panning || event.button === 1 ? Infinity : 0;
    else this.#moved = Infinity; // a second finger zooms: no click
    this.#pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  #move(event) {
    if (!this.image) return;
    const before = this.#pointers.get(event.pointerId);
    const [x, y] = [event.offsetX, event.offsetY];
    if (!before) {
      this.#hover(masksAt(this.#visibleMasks(), ...this.view.toImage(x, y))[0] ?? null);
      return;
    }
    this.#moved += Math.hypot(x - before.x, y - before.y);
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    if (others.length) this.#pinch(before, { x, y }, others[0]);
    else if (this.#moved > DRAG) this.view.shift(x - before.x, y - before.y);
    this.#pointers.set(event.pointerId, { x, y });
    this.draw();
  }

  #pinch(before, now, other) {
    const spread = (point) => Math.max(Math.hypot(point.x - other.x, point.y - other.y), 1);
    this.view.shift((now.x - before.x) / 2, (now.y - before.y) / 2);
    const centre = [(now.x + other.x) / 2, (now.y + other.y) / 2];
    this.view.zoomAt(...centre, spread(now) / spread(before), this.image, this.#size);
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId) || !this.image || event.button !== 0) return;
    if (this.#moved > DRAG) return;
    const found = masksAt(this.#visibleMasks(), ...this.view.toImage(event.offsetX, event.offsetY));
    this.onPick(nextAt(found, this.selected));
  }

  #hover(mask) {
    if (mask === this.hovered) return;
    this.hovered = mask;
    this.#canvas.style.cursor = this.panning ? 'grab' : mask ? 'pointer' : 'default';
    this.draw();
  }
}
