// The Review screen: one image, its masks, and what the person decides about them.
//
// Everything that a key does is done here at once; the server hears of it in batches (review/saver.js). The state of the screen can be
// read from `data-review` of the document: loading, ready, saving, saved, error.

import { Api } from './api.js';
import { pref } from './prefs.js';
import { Actions } from './review/actions.js';
import { Board } from './review/board.js';
import { Categories } from './review/categories.js';
import { ClickBar } from './review/clickbar.js';
import { Clicking } from './review/clicking.js';
import { Crosshair } from './review/crosshair.js';
import { Display } from './review/display.js';
import { Filmstrip } from './review/filmstrip.js';
import { Histogram } from './review/histogram.js';
import { History } from './review/history.js';
import { Images } from './review/images.js';
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
import { Saving } from './review/saving.js';
import { Selection } from './review/selection.js';
import { Stage } from './review/stage.js';
import { Suggestions } from './review/suggestions.js';
import { Tools } from './review/tools.js';
import { treeOf } from './review/tree.js';

class Review {
  #ending = new AbortController();
  showRejected = false;
  autoAdvance = pref('autoAdvance');
  #tree = { key: null, tree: null };

  constructor(element, { api }) {
    const { signal } = this.#ending;
    this.element = element;
    this.api = new Api(api);
    this.actions = new Actions(this);
    this.parts = layOut(element, (action) => this.actions.act(action));
    this.board = new Board(this.parts);
    this.stage = new Stage(this.parts.stage, this.parts, signal);
    this.images = new Images(this.api, this.stage, signal);
    this.selection = new Selection(this);
    this.stage.overlay.visible = (mask) => this.selection.visible(mask);
    this.#look();
    this.picture = new Picture({ api: this.api, stage: this.stage, parts: this.parts, onError: (text) => this.board.notice(text) });
    this.pointer = new Pointer(this.parts.stage, this.stage, this.selection.tool, signal);
    this.tools = new Tools(this);
    this.crosshair = new Crosshair(this, signal);
    this.reshape = new Reshape(this);
    this.clicking = new Clicking(this);
    this.parts.clickBar = new ClickBar({ turn: () => this.clicking.turn(), act: (action) => this.actions.act(action) });
    this.parts.mode.after(this.parts.clickBar.element);
    this.display = new Display(this, signal);
    this.#makeSide();
    this.parts.press('auto-advance', this.autoAdvance);
    const { saver, decider } = new Saving(this);
    Object.assign(this, { saver, decider });
    this.missed = new Missed(this);
    this.history = new History(this, signal);
    const names = { masks: () => this.image?.masks ?? [], onNews: (masks) => this.#renamed(masks) };
    this.suggestions = new Suggestions(this.api, names, signal);
    this.navigator = new Navigator(this, this.display);
    this.sheet = new KeySheet();
    document.body.append(this.sheet.dialog);
    const find = (event) => bindingOf(event, { tool: Boolean(this.pointer.tool.put), crosshair: this.crosshair.shown });
    listen(element, (action, how) => this.actions.act(action, how), signal, find);
    this.#follow(signal);
  }

  #makeSide() {
    this.list = new MaskList(this.parts.list, {
      onPick: (mask, event) => this.selection.take(mask, event),
      picked: this.picked,
      onHover: (mask) => this.stage.hover(mask),
      visible: (mask) => this.selection.visible(mask),
      categoryName: (mask) => this.categories.nameOf(mask),
    });
    this.histogram = new Histogram(this.parts.histogram, () => this.#filterChanged());
    this.categories = new Categories(this.api, this.parts.categories, {
      onPick: (id) => this.actions.name(id),
      onError: (text) => this.board.notice(text),
    });
    this.film = new Filmstrip(this.api, this.parts.film, (id) => this.actions.open(id));
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
    this.categories.showPrefs();
    this.#look();
    this.stage.repaintAll();
    this.list.updateAll();
    this.selection.select(this.selected);
  }

  /** Masks of an image probably are something else now. */
  #renamed(masks) {
    if (!masks.some((mask) => this.image?.masks.includes(mask))) return;
    this.list.updateAll();
    this.categories.mark(this.selected);
    this.display.describe();
  }

  #seen() {
    if (document.hidden) this.saver.leave();
    else this.navigator.bringUpToDate();
  }

  destroy() {
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
    this.pointer.tool = tool ?? this.selection.tool;
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

  #others(changes) {
    for (const { row } of changes.images) this.film.setStatus(row.id, row.status);
    this.navigator.follow(changes);
  }

  #overview(overview) {
    if (this.categories.set(overview.categories)) {
      this.list.updateAll();
      if (this.image) this.selection.select(this.selected);
    }
    this.navigator.look(overview);
  }

  #filterChanged() {
    this.stage.repaintAll();
    this.list.updateAll();
    const { selected } = this;
    if (!selected || (selected.state === 'pending' && selected.score < this.histogram.threshold)) this.selection.select(this.selection.nextPending(null));
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
