// The Review screen: one image, its masks, and what the person decides about them.
//
// Everything that a key does is done here at once; the server hears of it in batches (review/saver.js). The state of the screen can be
// read from `data-review` of the document: loading, ready, saving, saved, error.

import { Api } from './api.js';
import { h } from './dom.js';
import { pref } from './prefs.js';
import { Actions } from './review/actions.js';
import { Board } from './review/board.js';
import { Categories } from './review/categories.js';
import { ClickBar } from './review/clickbar.js';
import { Clicking } from './review/clicking.js';
import { Crosshair } from './review/crosshair.js';
import { Decider } from './review/decider.js';
import { Filmstrip } from './review/filmstrip.js';
import { Histogram } from './review/histogram.js';
import { masksAt, nextAt } from './review/hit.js';
import { Images, turn } from './review/images.js';
import { listen } from './review/keyboard.js';
import { bindingOf } from './review/keymap.js';
import { KeySheet } from './review/keysheet.js';
import { layOut, showKeys } from './review/layout.js';
import { MaskList } from './review/masklist.js';
import { Missed } from './review/missed.js';
import { Navigator } from './review/navigator.js';
import { Picture } from './review/picture.js';
import { Pointer } from './review/pointer.js';
import { Reshape } from './review/reshape.js';
import { Saver } from './review/saver.js';
import { Stage } from './review/stage.js';
import { Tools } from './review/tools.js';
import { treeOf } from './review/tree.js';
import { conflictWords, describeMask, describeRest, insteadOfMasks, nothingLeft, unsavedWords } from './review/words.js';

const STATES = ['pending', 'accepted', 'rejected', 'unsure'];
const DWELL = 700; // ms on an image after which it and the next one are made ready for clicks
const REACH = 5; // CSS pixels around a tiny mask that count as it

class Review {
  #ending = new AbortController();
  #said = '';
  showRejected = false;
  autoAdvance = pref('autoAdvance');
  #tree = { key: null, tree: null };
  #dwelling = 0;
  #selecting;

  constructor(element, { api }) {
    const { signal } = this.#ending;
    this.element = element;
    this.api = new Api(api);
    this.actions = new Actions(this);
    this.parts = layOut(element, (action) => this.actions.act(action));
    this.board = new Board(this.parts);
    this.images = new Images(this.api, signal);
    this.stage = new Stage(this.parts.stage, this.parts, signal);
    this.stage.overlay.visible = (mask) => this.visible(mask);
    this.#look();
    this.picture = new Picture({ api: this.api, stage: this.stage, parts: this.parts, onError: (text) => this.board.notice(text) });
    this.#selecting = { hover: (at) => this.#hover(at), click: (...at) => this.#click(...at), hold: (at) => this.#hold(at) };
    this.pointer = new Pointer(this.parts.stage, this.stage, this.#selecting, signal);
    this.tools = new Tools(this);
    this.crosshair = new Crosshair(this, signal);
    this.reshape = new Reshape(this);
    this.clicking = new Clicking(this);
    this.parts.clickBar = new ClickBar({ turn: () => this.clicking.turn(), act: (action) => this.actions.act(action) });
    this.parts.mode.after(this.parts.clickBar.element);
    this.#makeSide();
    this.parts.press('auto-advance', this.autoAdvance);
    this.saver = new Saver(this.api, {
      onState: (...state) => this.#saving(...state),
      onAnswer: (answer) => this.#saved(answer),
      onConflict: (refused) => this.#conflict(refused),
    });
    this.decider = new Decider(this);
    this.missed = new Missed(this);
    this.navigator = new Navigator(this, this);
    this.sheet = new KeySheet();
    document.body.append(this.sheet.dialog);
    const find = (event) => bindingOf(event, { tool: Boolean(this.pointer.tool.put), crosshair: this.crosshair.shown });
    listen(element, (action, how) => this.actions.act(action, how), signal, find);
    this.#follow(signal);
  }

  #makeSide() {
    this.list = new MaskList(this.parts.list, {
      onPick: (mask, event) => this.#take(mask, event),
      picked: this.picked,
      onHover: (mask) => this.stage.hover(mask),
      visible: (mask) => this.visible(mask),
      categoryName: (mask) => this.categories.name(mask.category_id),
    });
    this.histogram = new Histogram(this.parts.histogram, () => this.#filterChanged());
    this.categories = new Categories(this.api, this.parts.categories, {
      onPick: (id) => this.actions.name(id),
      onError: (text) => this.board.notice(text),
    });
    this.film = new Filmstrip(this.api, this.parts.film, (id) => this.actions.open(id));
    this.counts = new Map(STATES.map((state) => [state, h('span', { class: `count is-${state}` }, h('b'), state)]));
    this.parts.counts.append(...this.counts.values());
  }

  /** Take part in the page: addresses, the `?` button, other screens, and its end. */
  #follow(signal) {
    window.addEventListener('hashchange', () => this.actions.wait(this.navigator.route()), { signal });
    document.addEventListener('annotator:tab', () => this.actions.wait(this.navigator.route()), { signal });
    document.addEventListener('annotator:keys', () => this.sheet.toggle(), { signal });
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail), { signal });
    document.addEventListener('annotator:prefs', ({ detail }) => this.#preferred(detail.names), { signal });
    document.addEventListener('annotator:changes', ({ detail }) => this.#others(detail), { signal });
    document.addEventListener('annotator:others', () => this.film.setOthers(), { signal });
    window.addEventListener('pagehide', () => this.saver.leave(), { signal });
    document.addEventListener('visibilitychange', () => this.#seen(), { signal });
  }

  /** Masks look as the person prefers. */
  #look() {
    this.stage.overlay.opacity = pref('opacity');
    this.stage.overlay.bold = pref('contrast') === 'high';
  }

  #preferred(names) {
    if (names.includes('keys')) {
      showKeys(this.element);
      this.categories.showKeys();
    }
    if (names.includes('autoAdvance')) {
      this.autoAdvance = pref('autoAdvance');
      this.parts.press('auto-advance', this.autoAdvance);
    }
    this.#look();
    this.stage.repaintAll();
    this.list.updateAll();
    this.select(this.selected);
  }

  #seen() {
    if (document.hidden) this.saver.leave();
    else this.navigator.bringUpToDate();
  }

  destroy() {
    clearTimeout(this.#dwelling);
    this.saver.leave();
    this.saver.retire();
    this.#ending.abort();
    this.sheet.dialog.remove();
  }

  get image() {
    return this.navigator.image;
  }

  /** Parts and wholes among the image's masks; rejected ones are in none. */
  get tree() {
    const masks = this.image.masks.filter(({ state }) => state !== 'rejected');
    const key = masks.map(({ id, counts }) => `${id} ${counts.length} ${counts.slice(-8)}`).join();
    if (this.#tree.key !== key) this.#tree = { key, tree: treeOf(masks) };
    return this.#tree.tree;
  }

  /** Give the pointer a tool; null: clicks select, as ever. @param {import('./review/pointer.js').Tool | null} tool */
  hold(tool) {
    this.pointer.tool = tool ?? this.#selecting;
    if (tool) this.parts.toCanvas();
    this.stage.hover(null);
    this.parts.stage.classList.toggle('clicks', tool !== null);
    this.crosshair.draw();
  }

  get selected() {
    return this.stage.selected;
  }

  /** Masks picked beside the selected one, for merging. */
  get picked() {
    return this.stage.picked;
  }

  // Images: what the navigator tells

  showLoading() {
    document.documentElement.dataset.review = 'loading';
    this.board.loading();
  }

  showImage(image) {
    const { parts } = this;
    this.actions.reset();
    this.tools.cancel();
    this.histogram.show(image.masks);
    this.picture.show(image);
    this.stage.show(image);
    this.list.show(image.masks);
    parts.marks.setAttribute('aria-label', `${image.name}, ${image.masks.length} masks`);
    parts.name.textContent = parts.name.title = image.name;
    parts.place.textContent = `${image.index + 1} of ${image.total}`;
    parts.note.textContent = parts.note.title = image.note;
    this.board.message(insteadOfMasks(image));
    this.select(this.nextPending(null));
    this.count();
    this.missed.reset();
    this.stage.flush();
    this.crosshair.reset();
    document.documentElement.dataset.image = image.id;
    this.#idle();
    setTimeout(() => this.film.show(image), 0); // after the image is on the screen
    clearTimeout(this.#dwelling);
    this.#dwelling = setTimeout(() => this.#dwell(image), DWELL);
  }

  /**
   * Somebody stays on an image: say in the list which masks lie in which, and have the server read what clicks on this image and the
   * next one need; where there is nothing to read, a click makes it.
   */
  async #dwell({ id, next }) {
    this.list.nest(this.tree);
    for (const each of [id, next]) if (each !== null) await this.api.post(`/images/${each}/click/prepare`, {}).catch(() => {});
  }

  #idle() {
    document.documentElement.dataset.review = this.saver.unsaved ? 'saving' : 'ready';
  }

  showNothing({ images }) {
    this.#clear();
    this.board.message(nothingLeft(images));
    this.#idle();
  }

  showNowhere() {
    this.board.notice('This is the last image to review.');
    this.#idle();
  }

  showFailure(error) {
    if (this.image) {
      this.board.message(insteadOfMasks(this.image));
      this.board.notice(error.message);
      this.#idle();
      return;
    }
    this.#clear();
    this.board.message({ title: 'This cannot be shown', text: error.message, links: [['Queue', '#/queue']] });
    document.documentElement.dataset.review = 'error';
  }

  #clear() {
    this.missed.reset();
    this.stage.show(null);
    this.stage.flush();
    this.list.show([]);
    this.histogram.show([]);
    for (const part of ['name', 'place', 'note', 'line']) this.parts[part].textContent = '';
    this.counts.forEach((span) => (span.firstChild.textContent = '0'));
    delete document.documentElement.dataset.image;
  }

  /** There are other masks on the image now. @param {object | null} [mask] to be selected; else the selected one stays so */
  rebuilt(mask = null) {
    const { masks } = this.image;
    this.picked.clear();
    const kept = mask ?? (this.selected && masks.find((each) => each.id === this.selected.id));
    this.stage.rebuild();
    this.list.show(masks);
    this.histogram.show(masks);
    this.board.message(insteadOfMasks(this.image));
    this.select(kept ?? this.nextPending(null));
    this.count();
    this.missed.later();
  }

  /** Masks of the image were decided elsewhere: they change where they are, and the selection stays. */
  updated(masks) {
    this.changed(masks);
    this.select(this.selected);
  }

  #others(changes) {
    for (const { row } of changes.images) this.film.setStatus(row.id, row.status);
    this.navigator.follow(changes);
  }

  #overview(overview) {
    if (this.categories.set(overview.categories)) {
      this.list.updateAll();
      if (this.image) this.select(this.selected);
    }
    this.navigator.look(overview);
  }

  // Masks

  visible(mask) {
    if (mask === this.selected) return true;
    if (this.stage.overlay.isolate) return false;
    if (mask.state === 'rejected') return this.showRejected;
    return mask.state !== 'pending' || mask.score >= this.histogram.threshold;
  }

  #at([x, y]) {
    const visible = this.image.masks.filter((mask) => this.visible(mask));
    return masksAt(visible, x, y, REACH / this.stage.view.scale);
  }

  #hover(point) {
    const mask = point && this.image ? (this.#at(point)[0] ?? null) : null;
    this.stage.hover(mask);
    this.parts.stage.classList.toggle('over-mask', mask !== null);
  }

  #click(point, event) {
    const found = this.#at(point);
    this.#take(event.shiftKey ? (found[0] ?? null) : nextAt(found, this.selected), event);
  }

  /** What a click on a mask does; with Shift it is picked beside the selected one. */
  #take(mask, { shiftKey }) {
    if (shiftKey && mask && this.selected && mask !== this.selected) this.pick(mask);
    else if (!shiftKey || !this.selected) {
      this.unpick();
      this.select(mask);
    }
  }

  /** Pick a mask for merging, or put it back. */
  pick(mask) {
    if (!this.picked.delete(mask)) this.picked.add(mask);
    this.list.update([mask]);
    this.stage.draw();
    const others = [...this.picked].filter((each) => each !== this.selected).length;
    this.board.notice(others ? `${others + 1} masks picked: M merges them into the selected one.` : '');
  }

  /** Put all picked masks back; tells whether there were any. */
  unpick() {
    if (!this.picked.size) return false;
    const masks = [...this.picked];
    this.picked.clear();
    this.list.update(masks);
    this.stage.draw();
    return true;
  }

  /** A finger rests: of the masks there the next larger one. */
  #hold(point) {
    const found = this.#at(point);
    this.select(nextAt(found, found.includes(this.selected) ? this.selected : (found[0] ?? null)));
  }

  select(mask) {
    if (mask) this.missed.leave();
    this.stage.select(mask);
    this.list.select(mask);
    this.categories.mark(mask?.category_id ?? null);
    this.describe();
  }

  /** Select a mask by its id, close enough to be seen. */
  showMask(id) {
    const mask = this.image.masks.find((each) => each.id === id);
    if (!mask) {
      this.board.notice('That mask is no longer on this image.');
      return;
    }
    this.select(mask);
    this.stage.zoomToSelected();
  }

  describe() {
    const { selected, image } = this;
    this.parts.line.textContent = selected
      ? describeMask(selected, image, this.categories.name(selected.category_id))
      : describeRest(image?.masks ?? [], this.histogram.threshold);
    this.parts.live.textContent = [this.#said, this.parts.line.textContent].filter(Boolean).join('. ');
    this.tools.describe();
  }

  /** Have a sentence read out before what is said of the mask that is selected next. */
  announce(text) {
    this.#said = text;
    setTimeout(() => (this.#said = ''), 0); // one action may describe several times
  }

  count() {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (const mask of this.image.masks) counts[mask.state]++;
    this.counts.forEach((span, state) => (span.firstChild.textContent = counts[state]));
    this.histogram.update();
  }

  /** The next pending mask in the list that is not hidden by the slider; null if there is none. */
  nextPending(from) {
    const { masks } = this.image;
    const start = from ? from.number : 0;
    for (let step = 0; step < masks.length; step++) {
      const mask = masks[(start + step) % masks.length];
      if (mask.state === 'pending' && mask.score >= this.histogram.threshold) return mask;
    }
    return null;
  }

  /** The next mask in the list that can be seen, whatever its state. */
  neighbour(direction) {
    const { masks } = this.image;
    const start = this.selected ? this.selected.number - 1 : direction > 0 ? -1 : masks.length;
    for (let step = 1; step <= masks.length; step++) {
      const mask = masks[(start + direction * step + 2 * masks.length) % masks.length];
      if (mask !== this.selected && (this.stage.overlay.isolate ? mask.state !== 'rejected' : this.visible(mask))) return mask;
    }
    return this.selected;
  }

  #filterChanged() {
    this.stage.repaintAll();
    this.list.updateAll();
    const { selected } = this;
    if (!selected || (selected.state === 'pending' && selected.score < this.histogram.threshold)) this.select(this.nextPending(null));
  }

  /** Masks of this image look different now. */
  changed(masks) {
    this.stage.repaint(masks);
    if (masks.length > 50) this.list.updateAll();
    else this.list.update(masks);
    this.count();
  }

  /** A mask of this image has other pixels now. @param {number[]} box where it was before: x, y, width, height */
  edited(mask, box) {
    this.stage.reshape([box, mask.bbox]);
    this.list.update([mask]);
    this.count();
    if (mask === this.selected) this.describe();
  }

  // Saving: what the saver tells

  #saving(state, unsaved, error) {
    document.documentElement.dataset.review = state;
    document.dispatchEvent(new CustomEvent('annotator:save', { detail: { state, at: Date.now() } }));
    if (error) this.board.alert('offline', unsavedWords(unsaved, error));
    else this.board.settle('offline');
  }

  #saved({ images, created }) {
    const here = this.decider.learn(created).filter((mask) => this.image?.masks.includes(mask));
    if (here.length) this.list.update(here);
    for (const [id, status] of Object.entries(images)) {
      this.film.setStatus(id, status);
      const image = this.images.peek(Number(id));
      if (image) image.status = status;
    }
    this.missed.later();
  }

  /** Somebody else changed masks first: show theirs, and offer mine again. */
  #conflict(refused) {
    this.#show(this.decider.concede(refused));
    if (refused.some(({ instance }) => !instance)) this.navigator.bringUpToDate();
    const text = conflictWords(refused, {
      maskNumber: ({ image_id: id, instance_id: mask }) => this.images.peek(id)?.masks.find((each) => each.id === mask)?.number,
      imageName: (id) => (this.image?.id === id ? '' : (this.images.peek(id)?.name ?? `image ${id}`)),
      categoryName: (id) => this.categories.name(id),
    });
    const insist = ['Apply mine', () => this.#show(this.decider.insist(refused))];
    const keep = [refused.some(({ instance }) => instance) ? 'Keep theirs' : 'Close', () => {}];
    this.board.alert('conflict', text, refused.some(({ instance }) => instance) ? [insist, keep] : [keep]);
  }

  /** Show masks of this image or another as they are now. */
  #show(masks) {
    if (masks.length && this.image) this.rebuilt();
  }

  /** What an undo or redo changed. */
  async showTurned({ image_id: id, instances, image_status: status, what }) {
    this.film.setStatus(id, status);
    const kept = this.images.peek(id);
    if (kept) turn(kept, instances, status);
    if (this.image?.id !== id) await this.navigator.goTo(id, { replace: true });
    if (this.image?.id !== id) return; // it cannot be shown; that was said
    const changed = new Set(instances.map((instance) => instance.id));
    this.rebuilt(this.image.masks.find((mask) => changed.has(mask.id)) ?? this.nextPending(null));
    this.missed.later();
    this.board.notice(what);
  }

  /** What pages before this one could not save is saved before an image is fetched. */
  async begin() {
    await this.saver.flush();
    await this.navigator.route();
  }
}

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountReview(element, options) {
  current?.destroy();
  current = new Review(element, options);
  current.actions.wait(current.begin());
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // the frame's last look was before there was this screen
  return current;
}
