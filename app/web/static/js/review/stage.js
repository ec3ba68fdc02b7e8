// The picture with its masks: three canvases above each other, so that a hover or a decision never draws the picture again.

import { oncePerFrame, shown } from '../dom.js';
import { Marks } from './marks.js';
import { Overlay } from './overlay.js';
import { View } from './view.js';

const SHARP = 3; // CSS pixels an image pixel from which on pixels are shown as squares
const SLOW = 12; // ms to paint all masks from which on a moving view stretches them instead, until it rests
const REST = 90; // ms
const EDGE = 10; // CSS pixels from the stage's edge from which on a point counts as out of sight; less than the margin of the whole image
const INWARDS = 0.2; // of the stage's side: how far from its edge such a point is brought
const COARSE = 0.5; // below it the browser averages pixels instead of taking every other

export class Stage {
  #element;
  #picture;
  #context;
  #marks;
  #size = { width: 1, height: 1 };
  #painted = { view: null, cost: 0, timer: 0 }; // how the masks on the screen came there
  #stale = { view: true, masks: false, boxes: [] };
  #sketched = false; // whether the marks on the screen are those beside a drawing
  view = new View();
  image = null;
  selected = null;
  hovered = null;
  bare = false;
  /** While a mask is being drawn on: its outline follows when the hand lifts. */
  sketching = false;
  /** @type {Set<object>} masks picked beside the selected one */
  picked = new Set();
  /** Called when the view changed. */
  onView = () => {};
  /** Places without a mask, and the one of them that is looked at: {path} each. */
  places = [];
  place = null;
  /** @type {{mask: object | null, clicks: {x: number, y: number, adds: boolean}[]} | null} a mask that is being made by click */
  preview = null;

  /** @param {HTMLElement} element @param {{picture: HTMLCanvasElement, masks: HTMLCanvasElement, marks: HTMLCanvasElement}} layers */
  constructor(element, layers, signal) {
    this.#element = element;
    this.#picture = layers.picture;
    this.#context = layers.picture.getContext('2d', { alpha: false });
    this.overlay = new Overlay(layers.masks);
    this.#marks = new Marks(layers.marks);
    this.draw = oncePerFrame(() => this.#draw());
    const watch = new ResizeObserver(() => this.#resize());
    watch.observe(element);
    signal.addEventListener('abort', () => watch.disconnect());
  }

  /** CSS pixels. */
  get size() {
    return this.#size;
  }

  /** What a picture is made ready for: CSS pixels, and device pixels in one; null while nothing is laid out. */
  get room() {
    return this.overlay.ratio ? { ...this.#size, ratio: this.overlay.ratio } : null;
  }

  /** Show an image, whole, at once. */
  show(image) {
    this.image = image;
    this.selected = this.hovered = this.overlay.selected = null;
    this.picked.clear();
    this.overlay.show(image?.masks ?? []);
    if (image) this.view.fit(image, this.#size);
    this.#stale = { view: true, masks: true, boxes: [] };
  }

  /** The image's list of masks changed. */
  rebuild() {
    this.overlay.show(this.image.masks);
    this.repaintAll();
  }

  /** Masks have other pixels now, in these boxes of the image. */
  reshape(boxes) {
    this.overlay.show(this.image.masks);
    this.repaintBoxes(boxes);
  }

  /** @param {number[][]} boxes of the image: x, y, width, height */
  repaintBoxes(boxes) {
    this.#stale.boxes.push(...boxes);
    this.draw();
  }

  /** Masks look different now: paint their boxes again. */
  repaint(masks) {
    this.repaintBoxes(masks.filter(Boolean).map((mask) => mask.bbox));
  }

  repaintAll() {
    this.#stale.masks = true;
    this.draw();
  }

  /** The picture of the image is another one. */
  redrawPicture() {
    this.#stale.view = true;
    this.draw();
  }

  select(mask) {
    if (mask === this.selected) return;
    const before = this.selected;
    this.selected = this.overlay.selected = mask;
    if (this.overlay.isolate) this.repaintAll();
    else this.repaint([before, mask]);
  }

  hover(mask) {
    if (mask === this.hovered) return;
    this.hovered = mask;
    this.draw();
  }

  /** Paint now what the next frame would. */
  flush() {
    if (this.overlay.ratio) this.#draw();
    else this.#resize(); // the first time: the layout was not looked at yet
  }

  zoomToSelected() {
    if (this.selected) this.#look(() => this.view.showBox(this.selected.bbox, this.#size));
  }

  zoomToBox(box) {
    this.#look(() => this.view.showBox(box, this.#size));
  }

  fit() {
    this.#look(() => this.view.fit(this.image, this.#size));
  }

  zoomAt(x, y, factor) {
    this.#look(() => this.view.zoomAt(x, y, factor, this.image, this.#size));
  }

  shift(dx, dy) {
    this.#look(() => this.view.shift(dx, dy, this.image, this.#size));
  }

  /** Have a point of the image seen. @param {[number, number]} point */
  reveal(point) {
    const place = this.view.toStage(...point);
    const [dx, dy] = [this.#size.width, this.#size.height].map((side, axis) => {
      if (place[axis] < EDGE) return side * INWARDS - place[axis];
      return place[axis] > side - EDGE ? side * (1 - INWARDS) - place[axis] : 0;
    });
    if (dx || dy) this.shift(dx, dy);
  }

  #look(change) {
    if (!this.image) return;
    change();
    this.#stale.view = true;
    this.draw();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (!width || !height || !shown(this.#element)) return;
    const ratio = window.devicePixelRatio || 1;
    this.#size = { width, height };
    const device = [Math.round(width * ratio), Math.round(height * ratio)];
    [this.#picture.width, this.#picture.height] = device;
    this.overlay.resize(...device, ratio);
    this.#marks.resize(...device, ratio);
    if (this.image && !this.view.chosen) this.view.fit(this.image, this.#size);
    this.#stale = { view: true, masks: true, boxes: [] };
    this.#draw();
  }

  #draw() {
    if (!this.overlay.ratio) return; // not laid out yet
    const { view, masks, boxes } = this.#stale;
    this.#stale = { view: false, masks: false, boxes: [] };
    if (view) this.onView();
    if (view) this.#drawPicture();
    if (view && !masks && this.#painted.cost > SLOW) this.#stretch();
    else if (view || masks) this.#paint();
    else if (boxes.length && this.#painted.timer) this.#paint();
    else if (boxes.length) this.overlay.paintBoxes(this.view, boxes);
    this.overlay.canvas.hidden = this.bare;
    this.overlay.canvas.classList.toggle('behind', this.preview !== null);
    if (!this.sketching || view || masks || !this.#sketched) this.#marks.draw(this);
    this.#sketched = this.sketching;
  }

  #paint() {
    const { overlay, view } = this;
    const begin = performance.now();
    clearTimeout(this.#painted.timer);
    overlay.paint(view);
    overlay.canvas.style.transform = '';
    this.#painted = { view: { ...view }, cost: performance.now() - begin, timer: 0 };
  }

  /** Move the masks as they were painted; sharp ones follow when the view rests. */
  #stretch() {
    const { view: before } = this.#painted;
    const factor = this.view.scale / before.scale;
    const shift = [this.view.x - before.x * factor, this.view.y - before.y * factor];
    this.overlay.canvas.style.transform = `translate(${shift[0]}px, ${shift[1]}px) scale(${factor})`;
    clearTimeout(this.#painted.timer);
    this.#painted.timer = setTimeout(() => this.repaintAll(), REST);
  }

  #drawPicture() {
    const context = this.#context;
    const { ratio } = this.overlay;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = getComputedStyle(this.#element).backgroundColor;
    context.fillRect(0, 0, this.#picture.width, this.#picture.height);
    if (!this.image?.picture) return;
    const { scale, x, y } = this.view;
    const { picture, small, width, height } = this.image;
    const source = small && scale * ratio * width < small.width + 1 ? small : picture;
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    context.imageSmoothingEnabled = scale < SHARP;
    context.imageSmoothingQuality = (scale * ratio * width) / source.width < COARSE ? 'medium' : 'low';
    context.drawImage(source, 0, 0, width, height);
  }
}
