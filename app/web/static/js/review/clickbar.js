// The bar beside the image's name while masks are made by click: the same as the keys, for mouse and fingers.

import { h } from '../dom.js';
import { keyOf } from './keymap.js';

const keepFocus = (event) => event.preventDefault(); // the keys stay with the masks

export class ClickBar {
  /** @param {{turn: () => void, act: (action: string) => void}} does */
  constructor({ turn, act }) {
    const button = (text, title, run, more = {}) =>
      h('button', { type: 'button', title, 'aria-label': title, onclick: run, onmousedown: keepFocus, ...more }, text);
    this.title = h('b', {});
    this.turn = button('− take away', 'Clicks take away instead of adding (right button, or Shift)', turn, { 'aria-pressed': 'false' });
    this.part = button('Part', `A part of it (${keyOf('part')})`, () => act('part'));
    this.whole = button('Whole', `The whole around it (${keyOf('whole')})`, () => act('whole'));
    this.next = button('Other', `Another guess (${keyOf('next-mask')})`, () => act('next-mask'));
    this.back = button('↶', `Take the last click back (${keyOf('back')})`, () => act('back'));
    this.keep = button('Keep', `Keep this mask (${keyOf('finish')})`, () => act('finish'), { class: 'keep' });
    const close = button('✕', `Lay the tool down (${keyOf('escape')})`, () => act('escape'));
    this.element = h(
      'div', { class: 'mode click-bar', role: 'group', 'aria-label': 'Mask by click', hidden: true },
      this.title, this.turn, this.part, this.whole, this.next, this.back, this.keep, close,
    );
  }

  /** @param {false | {part: boolean, whole: boolean, others: boolean, keep: boolean, removes: boolean, refines: boolean}} what false hides it */
  show(what) {
    this.element.hidden = !what;
    if (!what) return;
    this.title.textContent = what.refines ? 'Refine' : 'New mask';
    this.turn.setAttribute('aria-pressed', String(what.removes));
    this.part.disabled = !what.part;
    this.whole.disabled = !what.whole;
    this.next.disabled = !what.others;
    this.keep.disabled = !what.keep;
  }
}
