// The list of masks beside the canvas, best score first.

import { h } from '../dom.js';
import { VirtualList } from '../virtual.js';
import { drawn } from './images.js';
import { cssColour, lookOf } from './palette.js';
import { placeIn } from './tree.js';

/** Fingers need larger rows; base.css says how they look. */
const COARSE = matchMedia('(pointer: coarse)').matches;

/** What the last model made of this mask, against the proposals before. */
const CHANGES = { new: 'The proposals before had nothing like it', changed: 'The proposals before had it with another outline' };

export class MaskList {
  #masks = [];
  #selected = null;
  #tree = null;

  /**
   * @param {HTMLElement} element
   * @param {{onPick: (mask: object, event: MouseEvent) => void, onHover: (mask: object | null) => void, visible: (mask: object) => boolean, picked: Set<object>,
   *          categoryName: (mask: object) => string}} screen
   */
  constructor(element, screen) {
    this.element = element;
    this.screen = screen;
    element.setAttribute('role', 'listbox');
    element.setAttribute('aria-label', 'Masks');
    element.setAttribute('aria-multiselectable', 'true');
    element.tabIndex = 0;
    this.list = new VirtualList(element, { height: COARSE ? 44 : 30, make: (index) => this.#row(this.#masks[index]) });
    const maskOf = (event) => this.#masks[Number(event.target.closest('[data-index]')?.dataset.index)] ?? null;
    element.addEventListener('click', (event) => maskOf(event) && screen.onPick(maskOf(event), event));
    element.addEventListener('pointermove', (event) => screen.onHover(maskOf(event)));
    element.addEventListener('pointerleave', () => screen.onHover(null));
  }

  show(masks) {
    this.#masks = masks;
    this.#tree = null;
    this.#selected = null;
    this.element.scrollTop = 0;
    this.list.reset(masks.length);
  }

  /** Say of each mask what it is a part of, and how often the same was found. @param {import('./tree.js').Tree} tree */
  nest(tree) {
    this.#tree = tree;
    this.updateAll();
  }

  update(masks) {
    for (const mask of masks) this.list.update(mask.number - 1);
  }

  updateAll() {
    this.list.reset(this.#masks.length);
  }

  select(mask) {
    const before = this.#selected;
    this.#selected = mask;
    if (before) this.list.update(before.number - 1);
    if (!mask) {
      this.element.removeAttribute('aria-activedescendant');
      return;
    }
    this.list.update(mask.number - 1);
    this.list.scrollTo(mask.number - 1);
    this.element.setAttribute('aria-activedescendant', `mask-${mask.id}`);
  }

  #row(mask) {
    const look = lookOf(mask);
    const name = this.screen.categoryName(mask);
    const classes = `mask-row is-${mask.state}${this.screen.visible(mask) ? '' : ' is-hidden'}`;
    const score = drawn(mask) ? 'by hand' : mask.score.toFixed(2);
    const change = mask.state === 'pending' && mask.change ? mask.change : '';
    const label = `Mask ${mask.number}, ${look.word}, ${drawn(mask) ? score : `score ${score}`}${change && `, ${change}`}${name ? `, ${name}` : ''}`;
    return h(
      'div',
      {
        role: 'option', id: `mask-${mask.id}`, class: classes, 'aria-selected': String(mask === this.#selected || this.screen.picked.has(mask)), 'aria-label': label,
        data: { index: mask.number - 1 },
      },
      h('i', { class: 'swatch', style: `--swatch: ${cssColour(look.colour)}` }, look.sign),
      h('b', {}, `#${mask.number}`),
      h('span', { class: 'name' }, name),
      h('small', { class: 'place' }, change ? h('span', { class: 'change', title: CHANGES[change] }, change) : null, this.#tree ? placeIn(this.#tree, mask) : ''),
      h('em', {}, score),
    );
  }
}
