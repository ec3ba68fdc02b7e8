// The blind check: decided masks come again without their state; the answers are held against the decisions, which stay as they are.

import { h, shown } from '../dom.js';
import { belongsElsewhere } from '../review/keyboard.js';
import { outlineOf } from '../review/outline.js';
import { decode } from '../rle.js';
import { Card, plural } from './card.js';

const NUMBER = 20;
const AROUND = 0.6; // of the mask's size, shown on each side
const LARGEST = 12; // canvas pixels an image pixel
const KEYS = { f: 'accepted', r: 'rejected', Delete: 'rejected', s: 'unsure' };

export class BlindCheck {
  #questions = [];
  #answers = [];
  #asking = false;

  constructor(api, screen, signal) {
    this.api = api;
    this.canvas = h('canvas', { class: 'blind-picture', width: 640, height: 440, role: 'img', 'aria-label': 'The mask to be judged' });
    const button = (state, word, key) =>
      h('button', { type: 'button', class: `is-${state}`, data: { state }, onclick: () => this.#answer(state) }, word, h('kbd', {}, key));
    this.place = h('span', { class: 'blind-place', role: 'status' });
    this.stage = h(
      'div', { class: 'blind-stage', hidden: true },
      this.canvas,
      h('div', { class: 'blind-buttons' }, button('accepted', 'Accept', 'F'), button('rejected', 'Reject', 'R'), button('unsure', 'Unsure', 'S'), this.place),
    );
    this.start = h('button', { type: 'button', class: 'blind-start', onclick: () => this.#begin() }, `Check ${NUMBER} of my decisions blind`);
    this.differences = h('ol', { class: 'quality-rows' });
    this.card = new Card('blind', 'Do I agree with myself?', this.start, this.stage, this.differences);
    this.cards = [this.card.element];
    document.addEventListener('keydown', (event) => shown(screen) && this.#key(event), { signal });
  }

  load() {
    if (!this.#asking && !this.differences.children.length) {
      this.card.say(`${NUMBER} decided masks come again without their state: half accepted, half not. Your decisions are not changed.`);
    }
  }

  async #begin() {
    this.differences.replaceChildren();
    await this.card.fill(this.api.get(`/quality/blind?number=${NUMBER}`), ({ questions }) => {
      if (!questions.length) {
        this.card.say('Nothing is decided yet: review some masks first.');
        return;
      }
      this.#questions = questions;
      this.#answers = [];
      this.#asking = true;
      this.card.say('Is this mask good? F accept, R reject, S unsure, Backspace goes back.');
      this.start.hidden = true;
      this.stage.hidden = false;
      this.#ask();
    });
  }

  #key(event) {
    if (!this.#asking || event.repeat || event.ctrlKey || event.metaKey || belongsElsewhere(event)) return;
    const state = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (state) this.#answer(state);
    else if (event.key === 'Backspace' && this.#answers.length) {
      this.#answers.pop();
      this.#ask();
    } else if (event.key === 'Escape') this.#stop('Stopped: nothing was compared.');
    else return;
    event.preventDefault();
  }

  #answer(state) {
    this.#answers.push({ instance_id: this.#questions[this.#answers.length].instance_id, state });
    if (this.#answers.length < this.#questions.length) this.#ask();
    else this.#compare();
  }

  #ask() {
    const at = this.#answers.length;
    this.place.textContent = `${at + 1} of ${this.#questions.length}`;
    this.#draw(this.#questions[at]);
    const next = this.#questions[at + 1];
    if (next) new Image().src = this.api.pixelsUrl(next.image_id, next.version);
  }

  #draw(question) {
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.stage.dataset.shown = '';
    const picture = new Image();
    picture.addEventListener('load', () => {
      if (this.#questions[this.#answers.length] === question) this.#paint(context, picture, question);
    });
    picture.src = this.api.pixelsUrl(question.image_id, question.version);
  }

  #paint(context, picture, { instance_id: id, counts, bbox, width, height }) {
    const [left, right] = around(bbox[0], bbox[2], width);
    const [top, bottom] = around(bbox[1], bbox[3], height);
    const scale = Math.min(this.canvas.width / (right - left), this.canvas.height / (bottom - top), LARGEST);
    context.save();
    context.translate(this.canvas.width / 2 - ((left + right) / 2) * scale, this.canvas.height / 2 - ((top + bottom) / 2) * scale);
    context.scale(scale, scale);
    context.drawImage(picture, 0, 0, width, height);
    const { path } = outlineOf(decode(counts, height, bbox));
    for (const [line, style] of [[5, 'rgb(0 0 0 / 70%)'], [2.5, '#fff']]) {
      context.lineWidth = line / scale;
      context.strokeStyle = style;
      context.stroke(path);
    }
    context.restore();
    this.stage.dataset.shown = id;
  }

  #stop(text) {
    this.#asking = false;
    this.stage.hidden = true;
    this.start.hidden = false;
    this.card.say(text);
  }

  async #compare() {
    this.#stop('');
    await this.card.fill(this.api.post('/quality/blind', { answers: this.#answers }), (found) => {
      const percent = (share) => `${Math.round(100 * share)} %`;
      const spread = `95 %: ${percent(found.lowest)} to ${percent(found.highest)}`;
      const kappa = found.kappa === null ? '' : ` Cohen's kappa ${found.kappa.toFixed(2)} (${found.kappa_lowest.toFixed(2)} to ${found.kappa_highest.toFixed(2)}).`;
      this.card.say(`${found.agreed} of ${plural(found.number, 'mask')} judged as before: ${percent(found.agreed / found.number)} (${spread}).${kappa}`);
      this.differences.replaceChildren(...found.differences.map(differenceOf));
    });
  }
}

/** The stretch of one axis that is shown. */
function around(start, size, end) {
  return [Math.max(0, start - AROUND * size), Math.min(end, start + size * (1 + AROUND))];
}

function differenceOf({ image_id: image, instance_id: mask, name, then, now }) {
  return h('li', {}, h('a', { href: `#/review/${image}/${mask}`, title: name }, h('span', { class: 'name' }, name), h('small', {}, `was ${then}, now ${now}`)));
}
