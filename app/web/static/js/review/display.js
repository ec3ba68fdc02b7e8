// What is on the Review screen: the image that the navigator opened with its masks, or what stands in its place; and how masks look that
// were decided, edited, made or taken back.

import { h } from '../dom.js';
import { turn } from './images.js';
import { describeMask, describeRest, insteadOfMasks, nothingLeft } from './words.js';

const STATES = ['pending', 'accepted', 'rejected', 'unsure'];
const DWELL = 700; // ms on an image after which it and the next one are made ready for clicks

export class Display {
  #screen;
  #said = '';
  #dwelling = 0;
  #counts = new Map(STATES.map((state) => [state, h('span', { class: `count is-${state}` }, h('b'), state)]));

  /** @param {object} screen the Review @param {AbortSignal} signal ends it */
  constructor(screen, signal) {
    this.#screen = screen;
    screen.parts.counts.append(...this.#counts.values());
    signal.addEventListener('abort', () => clearTimeout(this.#dwelling));
  }

  get element() {
    return this.#screen.element;
  }

  showLoading() {
    document.documentElement.dataset.review = 'loading';
    this.#screen.board.loading();
  }

  showImage(image) {
    const { parts, stage, selection, missed, film } = this.#screen;
    this.#screen.actions.reset();
    this.#screen.history.close();
    this.#screen.tools.cancel();
    this.#screen.histogram.show(image.masks);
    this.#screen.picture.show(image);
    stage.show(image);
    this.#screen.list.show(image.masks);
    parts.marks.setAttribute('aria-label', `${image.name}, ${image.masks.length} masks`);
    parts.name.textContent = parts.name.title = image.name;
    parts.place.textContent = `${image.index + 1} of ${image.total}`;
    parts.note.textContent = parts.note.title = image.note;
    this.#screen.board.message(insteadOfMasks(image));
    selection.select(selection.nextPending(null));
    this.#screen.suggestions.show(image);
    this.count();
    missed.reset();
    stage.flush();
    this.#screen.crosshair.reset();
    document.documentElement.dataset.image = image.id;
    this.#idle();
    setTimeout(() => film.show(image), 0); // after the image is on the screen
    clearTimeout(this.#dwelling);
    this.#dwelling = setTimeout(() => this.#dwell(image), DWELL);
  }

  /**
   * Somebody stays on an image: say in the list which masks lie in which, and have the server read what clicks on this image and the
   * next one need; where there is nothing to read, a click makes it.
   */
  async #dwell({ id, next }) {
    this.#screen.list.nest(this.#screen.tree);
    for (const each of [id, next]) if (each !== null) await this.#screen.api.post(`/images/${each}/click/prepare`, {}).catch(() => {});
  }

  #idle() {
    document.documentElement.dataset.review = this.#screen.saver.unsaved ? 'saving' : 'ready';
  }

  showNothing({ images }) {
    this.#clear();
    this.#screen.board.message(nothingLeft(images));
    this.#idle();
  }

  showNowhere() {
    this.#screen.board.notice('This is the last image to review.');
    this.#idle();
  }

  showFailure(error) {
    if (this.#screen.image) {
      this.#screen.board.message(insteadOfMasks(this.#screen.image));
      this.#screen.board.notice(error.message);
      this.#idle();
      return;
    }
    this.#clear();
    this.#screen.board.message({ title: 'This cannot be shown', text: error.message, links: [['Queue', '#/queue']] });
    document.documentElement.dataset.review = 'error';
  }

  #clear() {
    this.#screen.missed.reset();
    this.#screen.stage.show(null);
    this.#screen.stage.flush();
    this.#screen.list.show([]);
    this.#screen.histogram.show([]);
    for (const part of ['name', 'place', 'note', 'line']) this.#screen.parts[part].textContent = '';
    this.#counts.forEach((span) => (span.firstChild.textContent = '0'));
    delete document.documentElement.dataset.image;
  }

  /** There are other masks on the image now. @param {object | null} [mask] to be selected; else the selected one stays so */
  rebuilt(mask = null) {
    const { image, selected, picked, stage, list, histogram, board, selection, missed } = this.#screen;
    picked.clear();
    const kept = mask ?? (selected && image.masks.find((each) => each.id === selected.id));
    stage.rebuild();
    list.show(image.masks);
    histogram.show(image.masks);
    board.message(insteadOfMasks(image));
    selection.select(kept ?? selection.nextPending(null));
    this.count();
    missed.later();
  }

  /** Masks of the image were decided elsewhere: they change where they are, and the selection stays. */
  updated(masks) {
    this.changed(masks);
    this.#screen.selection.select(this.#screen.selected);
  }

  /** Select a mask by its id, close enough to be seen. */
  showMask(id) {
    const mask = this.#screen.image.masks.find((each) => each.id === id);
    if (!mask) {
      this.#screen.board.notice('That mask is no longer on this image.');
      return;
    }
    this.#screen.selection.select(mask);
    this.#screen.stage.zoomToSelected();
  }

  describe() {
    const { selected, image } = this.#screen;
    this.#screen.parts.line.textContent = selected
      ? describeMask(selected, image, this.#screen.categories.describe(selected))
      : describeRest(image?.masks ?? [], this.#screen.histogram.threshold);
    this.#screen.parts.live.textContent = [this.#said, this.#screen.parts.line.textContent].filter(Boolean).join('. ');
    this.#screen.tools.describe();
  }

  /** Have a sentence read out before what is said of the mask that is selected next. */
  announce(text) {
    this.#said = text;
    setTimeout(() => (this.#said = ''), 0); // one action may describe several times
  }

  count() {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (const mask of this.#screen.image.masks) counts[mask.state]++;
    this.#counts.forEach((span, state) => (span.firstChild.textContent = counts[state]));
    this.#screen.histogram.update();
  }

  /** Masks of this image look different now. */
  changed(masks) {
    this.#screen.stage.repaint(masks);
    if (masks.length > 50) this.#screen.list.updateAll();
    else this.#screen.list.update(masks);
    this.count();
  }

  /** A mask of this image has other pixels now. @param {number[]} box where it was before: x, y, width, height */
  edited(mask, box) {
    this.#screen.stage.reshape([box, mask.bbox]);
    this.#screen.list.update([mask]);
    this.count();
    if (mask === this.#screen.selected) this.describe();
  }

  /** What an undo or redo changed. */
  async showTurned({ image_id: id, instances, image_status: status, what }) {
    this.#screen.film.setStatus(id, status);
    const kept = this.#screen.images.peek(id);
    if (kept) turn(kept, instances, status);
    if (this.#screen.image?.id !== id) await this.#screen.navigator.goTo(id, { replace: true });
    if (this.#screen.image?.id !== id) return; // it cannot be shown; that was said
    const changed = new Set(instances.map((instance) => instance.id));
    this.rebuilt(this.#screen.image.masks.find((mask) => changed.has(mask.id)) ?? this.#screen.selection.nextPending(null));
    this.#screen.missed.later();
    this.#screen.history.refresh();
    this.#screen.board.notice(what);
  }
}
