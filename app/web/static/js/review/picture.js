// How the picture is shown: brightness, contrast, gamma, and for images deeper than 8 bits the range of values that is seen.
//
// What 8 bits hold is changed by an SVG filter on the picture's own canvas: the browser applies it while it puts the layers together,
// and neither the masks nor the picture are drawn again. Range and gamma of deep images come from the server, from all their bits.

import { h } from '../dom.js';
import { closePictures, fitted } from './fitted.js';

const NEUTRAL = Object.freeze({ brightness: 0, contrast: 1, gamma: 1, low: 0.5, high: 99.5 });
const LATER = 120; // ms that a slider rests before the server is asked
const STEPS = 64; // of the filter's curve
const SVG = 'http://www.w3.org/2000/svg';

/** Name, word, least, most, whether the slider's steps multiply, deep images only, and how a value is told. */
const CONTROLS = [
  { name: 'brightness', word: 'Brightness', least: -1, most: 1, tell: (value) => `${value > 0 ? '+' : ''}${Math.round(100 * value)} %` },
  { name: 'contrast', word: 'Contrast', least: 0.25, most: 4, times: true, tell: (value) => `${Math.round(100 * value)} %` },
  { name: 'gamma', word: 'Gamma', least: 0.2, most: 5, times: true, tell: (value) => value.toFixed(2) },
  { name: 'low', word: 'Black from', least: 0, most: 50, deep: true, tell: (value) => `${value.toFixed(1)} % of pixels` },
  { name: 'high', word: 'White from', least: 50, most: 100, deep: true, tell: (value) => `${value.toFixed(1)} % of pixels` },
];
const NOTCHES = 40; // of a slider; a key moves one

const toPlace = ({ least, most, times }, value) =>
  NOTCHES * (times ? Math.log(value / least) / Math.log(most / least) : (value - least) / (most - least));
const toValue = ({ least, most, times }, place) => {
  const share = Math.min(1, Math.max(0, place / NOTCHES));
  return times ? least * (most / least) ** share : least + share * (most - least);
};

export class Picture {
  #api;
  #stage;
  #image = null;
  #values = NEUTRAL;
  #known = new Map(); // image id -> values, for as long as the page lives
  #timer = 0;

  /**
   * @param {{api: import('../api.js').Api, stage: import('./stage.js').Stage, parts: object, onError: (text: string) => void}} screen
   */
  constructor({ api, stage, parts, onError }) {
    this.#api = api;
    this.#stage = stage;
    this.canvas = parts.picture;
    this.onError = onError;
    this.functions = ['R', 'G', 'B'].map((channel) => svg(`feFunc${channel}`, { type: 'table' }));
    const curve = svg('feComponentTransfer', {}, ...this.functions);
    const filter = svg('filter', { id: 'picture-levels', 'color-interpolation-filters': 'sRGB', x: 0, y: 0, width: 1, height: 1 }, curve);
    this.panel = parts.panel;
    this.rows = new Map(CONTROLS.map((control) => [control.name, this.#row(control)]));
    this.keep = h('input', { type: 'checkbox' });
    this.panel.append(
      h('h3', {}, 'Picture'), ...[...this.rows.values()].map(({ row }) => row),
      h('label', { class: 'keep' }, this.keep, 'Keep for the next images'),
      h('button', { type: 'button', onclick: () => this.reset() }, 'Reset'),
      svg('svg', { width: 0, height: 0, 'aria-hidden': 'true' }, filter),
    );
  }

  /** Another image: as it was left, or as the last one where that is wanted. */
  show(image) {
    this.#image = image;
    this.#values = this.#known.get(image.id) ?? (this.keep.checked ? this.#values : NEUTRAL);
    this.#apply(0);
  }

  toggle() {
    this.panel.hidden = !this.panel.hidden;
    return !this.panel.hidden;
  }

  /** Move a slider by notches. @returns {string} how it stands, in words */
  step(name, notches) {
    const { control } = this.rows.get(name);
    this.#set({ [name]: toValue(control, Math.round(toPlace(control, this.#values[name])) + notches) });
    return `${control.word} ${control.tell(this.#values[name])}`;
  }

  reset() {
    this.#set(NEUTRAL);
  }

  #row(control) {
    const input = h('input', { type: 'range', id: `picture-${control.name}`, min: 0, max: NOTCHES, step: 'any' });
    const output = h('output', { for: input.id });
    input.addEventListener('input', () => this.#set({ [control.name]: toValue(control, Number(input.value)) }));
    input.addEventListener('pointerup', () => input.blur()); // the keys belong to the masks again
    const row = h('div', { class: 'control' }, h('label', { for: input.id }, control.word), output, input);
    return { control, row, input, output };
  }

  #set(values) {
    if (!this.#image) return;
    this.#values = { ...this.#values, ...values };
    this.#known.set(this.#image.id, this.#values);
    this.#apply(LATER);
  }

  #apply(delay) {
    const { deep } = this.#image;
    for (const [name, { control, row, input, output }] of this.rows) {
      row.hidden = control.deep === true && !deep;
      input.value = toPlace(control, this.#values[name]);
      output.textContent = control.tell(this.#values[name]);
      input.setAttribute('aria-valuetext', output.textContent);
    }
    this.#filter();
    clearTimeout(this.#timer);
    const wanted = deep ? windowOf(this.#values) : '';
    if (wanted !== (this.#image.window ?? '')) this.#timer = setTimeout(() => this.#fetch(this.#image, wanted), delay);
  }

  /** The curve of what the browser changes by itself. */
  #filter() {
    const { brightness, contrast } = this.#values;
    const gamma = this.#image.deep ? 1 : this.#values.gamma;
    const neutral = brightness === 0 && contrast === 1 && gamma === 1;
    this.canvas.style.filter = neutral ? '' : 'url(#picture-levels)';
    if (neutral) return;
    const curve = Array.from({ length: STEPS + 1 }, (_, step) => {
      const value = ((step / STEPS) ** (1 / gamma) - 0.5) * contrast + 0.5 + brightness;
      return Math.min(1, Math.max(0, value)).toFixed(4);
    });
    for (const each of this.functions) each.setAttribute('tableValues', curve.join(' '));
  }

  /** The picture of a deep image with another range of values. */
  async #fetch(image, wanted) {
    try {
      const answer = await fetch(`${this.#api.pixelsUrl(image.id, image.version)}${wanted}`);
      if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.error ?? 'The picture cannot be shown so.');
      const picture = await createImageBitmap(await answer.blob(), { imageOrientation: 'none' });
      const small = await fitted(picture, image, this.#stage.room);
      if (image !== this.#image || wanted !== windowOf(this.#values)) {
        closePictures({ picture, small });
        return;
      }
      closePictures(image);
      Object.assign(image, { picture, small, window: wanted });
      this.#stage.redrawPicture();
    } catch (error) {
      if (image === this.#image) this.onError(error.message);
    }
  }
}

/** What to ask the server for; '' for what it shows by itself. */
function windowOf({ low, high, gamma }) {
  if (low === NEUTRAL.low && high === NEUTRAL.high && gamma === NEUTRAL.gamma) return '';
  return `&low=${low.toFixed(2)}&high=${high.toFixed(2)}&gamma=${gamma.toFixed(3)}`;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
