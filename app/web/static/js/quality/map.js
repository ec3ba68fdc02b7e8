// The map of the masks: a point each, near those that look like it. A rope around some, or by keys a ring, opens their images in the Queue.

import { h, oncePerFrame, shown } from '../dom.js';
import { Card, plural } from './card.js';
import { open } from './lists.js';

const STATES = ['pending', 'accepted', 'rejected', 'unsure']; // as the app numbers them
const PAINT = ['pending', 'rejected', 'unsure', 'accepted']; // later ones lie above
const MARGIN = 10;
const REACH = 8; // CSS pixels from a point that still mean it
const RING = 16; // CSS pixels of the smallest ring around the chosen point
const GROWS = 1.25; // by which a key makes it larger
const SHAPES = { pending: 1.5, rejected: 2, unsure: 2.5, accepted: 2.5 }; // half sides, CSS pixels

export class MaskMap {
  #points = null;
  #rope = [];
  #hover = -1;
  #ring = 0; // radius around the chosen point, CSS pixels; 0: none
  #hidden = new Set();

  constructor(api, signal) {
    this.api = api;
    this.canvas = h('canvas', { class: 'map', tabindex: 0, role: 'img', 'aria-label': 'Map of the masks' });
    this.preview = h('div', { class: 'map-preview', hidden: true }, h('img', { alt: '' }), h('span'));
    this.legend = h('div', { class: 'map-legend', role: 'group', 'aria-label': 'States shown' }, ...STATES.map((state) => this.#toggle(state)));
    this.card = new Card('map', 'Map of the masks', this.legend, h('div', { class: 'map-frame' }, this.canvas, this.preview));
    this.cards = [this.card.element];
    this.draw = oncePerFrame(() => this.#draw());
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.canvas);
    signal.addEventListener('abort', () => watch.disconnect());
    this.canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    this.canvas.addEventListener('pointermove', (event) => this.#move(event));
    this.canvas.addEventListener('pointerup', () => this.#end());
    this.canvas.addEventListener('pointercancel', () => this.#drop());
    this.canvas.addEventListener('pointerleave', () => this.#point(-1));
    this.canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #toggle(state) {
    const flip = () => {
      const on = this.#hidden.delete(state) || (this.#hidden.add(state), false);
      button.setAttribute('aria-pressed', String(on));
      this.draw();
    };
    const button = h('button', { type: 'button', class: `is-${state}`, 'aria-pressed': 'true', data: { state }, onclick: flip }, h('i'), state);
    return button;
  }

  load() {
    return this.card.fill(this.api.get('/quality/map'), (points) => {
      this.#points = points;
      this.#hover = -1;
      this.#ring = 0;
      this.#say();
      this.draw();
    });
  }

  #say() {
    const { ids, total } = this.#points;
    const some = total > ids.length ? ` of ${total.toLocaleString('en')}` : '';
    const how = 'Near points look alike. Draw a line around some to open their images in the Queue; with the keyboard: arrows, + and − for a ring around the point, Enter.';
    this.card.say(ids.length ? `${plural(ids.length, 'mask')}${some}. ${how}` : 'No mask has an embedding yet: propose first.');
  }

  // Drawing

  #place(index) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const { x, y } = this.#points;
    return [MARGIN + ((width - 2 * MARGIN) * x[index]) / 1000, MARGIN + ((height - 2 * MARGIN) * y[index]) / 1000];
  }

  #seen(index) {
    return !this.#hidden.has(STATES[this.#points.states[index]]);
  }

  #draw() {
    if (!shown(this.canvas)) return;
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext('2d');
    context.scale(ratio, ratio);
    if (!this.#points) return;
    const style = getComputedStyle(this.card.element);
    for (const state of PAINT) {
      if (this.#hidden.has(state)) continue;
      const code = STATES.indexOf(state);
      const half = SHAPES[state];
      context.fillStyle = style.getPropertyValue(`--dot-${state}`);
      this.#points.states.forEach((each, index) => {
        if (each !== code) return;
        const [x, y] = this.#place(index);
        context.fillRect(x - half, y - half, 2 * half, 2 * half);
      });
    }
    context.strokeStyle = style.color;
    context.lineWidth = 1.5;
    if (this.#hover >= 0) {
      context.beginPath();
      context.arc(...this.#place(this.#hover), 6, 0, 2 * Math.PI);
      context.stroke();
    }
    if (this.#ring) {
      context.setLineDash([5, 4]);
      context.beginPath();
      context.arc(...this.#place(this.#hover), this.#ring, 0, 2 * Math.PI);
      context.stroke();
    }
    if (this.#rope.length > 1) {
      context.setLineDash([5, 4]);
      context.beginPath();
      this.#rope.forEach(([x, y], step) => (step ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.stroke();
    }
  }

  // Pointing

  #at({ offsetX, offsetY }) {
    let best = -1;
    let nearest = REACH ** 2;
    for (let index = 0; index < this.#points.ids.length; index++) {
      if (!this.#seen(index)) continue;
      const [x, y] = this.#place(index);
      const distance = (x - offsetX) ** 2 + (y - offsetY) ** 2;
      if (distance < nearest) [best, nearest] = [index, distance];
    }
    return best;
  }

  #point(index) {
    if (index === this.#hover || !this.#points) return;
    this.#hover = index;
    if (index < 0) this.#ring = 0;
    this.preview.hidden = index < 0;
    if (index >= 0) {
      const [x, y] = this.#place(index);
      this.preview.classList.toggle('is-left', x > this.canvas.clientWidth / 2);
      this.preview.style.left = `${x}px`;
      this.preview.style.top = `${Math.min(y, this.canvas.clientHeight - 130)}px`;
      this.preview.firstChild.src = this.api.thumbnailUrl(this.#points.images[index], '');
      this.#describe();
    }
    this.draw();
  }

  /** Under the preview: what the point is, or how many the ring holds. */
  #describe() {
    const text = this.#ring ? plural(this.#ringed().length, 'mask') : STATES[this.#points.states[this.#hover]];
    this.preview.lastChild.textContent = text;
  }

  #begin(event) {
    if (!this.#points || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#rope = [[event.offsetX, event.offsetY]];
  }

  #move(event) {
    if (!this.#points) return;
    if (this.#rope.length) {
      this.#rope.push([event.offsetX, event.offsetY]);
      this.draw();
    } else this.#point(this.#at(event));
  }

  #drop() {
    this.#rope = [];
    this.draw();
  }

  /** A click opens the mask, a rope the images of all masks inside. */
  #end() {
    const rope = this.#rope;
    this.#drop();
    if (!rope.length) return;
    const [[x, y]] = rope;
    if (rope.every(([a, b]) => Math.hypot(a - x, b - y) < 4)) this.#open(this.#at({ offsetX: x, offsetY: y }));
    else this.#pick(this.#points.ids.map((_, index) => index).filter((index) => this.#seen(index) && inside(this.#place(index), rope)));
  }

  #open(index) {
    if (index >= 0) location.hash = `#/review/${this.#points.images[index]}/${this.#points.ids[index]}`;
  }

  async #pick(indices) {
    const images = [...new Set(indices.map((index) => this.#points.images[index]))];
    if (!images.length) return;
    await this.card.fill(this.api.post('/queue/picks', { image_ids: images }), () => open('picked'));
  }

  /** Arrows go to the nearest point that way, + and - make a ring around it; Enter opens what is chosen, Escape drops the ring. */
  #key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const sizes = { '+': GROWS, '=': GROWS, '-': 1 / GROWS, Escape: 0 };
    if (!this.#points) return;
    if (event.key in ways) this.#point(this.#next(ways[event.key]));
    else if (this.#hover < 0 || (event.key === 'Escape' && !this.#ring)) return;
    else if (event.key in sizes) this.#resize(sizes[event.key]);
    else if (event.key === 'Enter' && this.#ring) this.#pick(this.#ringed());
    else if (event.key === 'Enter') this.#open(this.#hover);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #resize(by) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const size = this.#ring ? this.#ring * by : by > 1 ? RING : 0;
    this.#ring = size < RING ? 0 : Math.min(size, Math.hypot(width, height));
    this.#describe();
    this.draw();
  }

  /** @returns {number[]} the points inside the ring, the chosen one with them */
  #ringed() {
    const [cx, cy] = this.#place(this.#hover);
    const within = (index) => {
      const [x, y] = this.#place(index);
      return Math.hypot(x - cx, y - cy) <= this.#ring;
    };
    return this.#points.ids.map((_, index) => index).filter((index) => this.#seen(index) && within(index));
  }

  #next([dx, dy]) {
    const from = this.#hover >= 0 ? this.#place(this.#hover) : [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
    let best = this.#hover;
    let nearest = Infinity;
    for (let index = 0; index < this.#points.ids.length; index++) {
      if (!this.#seen(index)) continue;
      const [x, y] = this.#place(index);
      const [ahead, aside] = [(x - from[0]) * dx + (y - from[1]) * dy, Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx)];
      if (ahead > 0 && ahead + 2 * aside < nearest) [best, nearest] = [index, ahead + 2 * aside];
    }
    return best;
  }
}

/** Whether a point lies inside a closed line. */
export function inside([x, y], line) {
  let within = false;
  for (let k = 0, before = line.length - 1; k < line.length; before = k++) {
    const [ax, ay] = line[k];
    const [bx, by] = line[before];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}
