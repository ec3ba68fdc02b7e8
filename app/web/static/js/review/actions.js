// What each key and button does. While an image is being opened, or an undo is on its way, presses wait for it in their order: a
// fast hand never decides on the image before.

import { ApiError } from '../api.js';
import { pref, setPrefs } from '../prefs.js';
import { keyOf } from './keymap.js';
import { openDrawer } from './layout.js';
import { flushAll } from './saver.js';
import { suggestionOf } from './suggestions.js';
import { neighbourIn } from './tree.js';
import { viewActions } from './viewing.js';

const ALWAYS = new Set(['undo', 'redo', 'back', 'keys', 'search', 'escape', 'pan:up', 'bare:up', 'next-part', 'previous-part']);
/** Done at once, whatever is on its way. */
const AT_ONCE = new Set([
  'keys', 'escape', 'pan', 'pan:up', 'bare', 'bare:up', 'zoom-mask', 'zoom-fit', 'zoom-in', 'zoom-out', 'fainter', 'stronger', 'smaller-brush', 'larger-brush',
  'move', 'move-far', 'move-fine', 'put', 'put-away', 'put-corner',
]);
/** What begins something else than the mask that is made by click. */
const ENDS_CLICKING = new Set([
  'unsure', 'accept-all', 'reject-all', 'brush', 'eraser', 'lasso', 'cut', 'pick-mask', 'merge', 'split-parts', 'fill-holes', 'largest-part', 'grow', 'shrink',
]);

export class Actions {
  #screen;
  #busy = 0;
  #later = [];

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
    Object.assign(this.#table, viewActions(screen));
  }

  /** Do what a key or button says; see review/keymap.js. Returns whether there was anything to do. */
  act(action, how = { key: '', repeat: false }) {
    const drawing = this.#screen.tools.byKeys && this.#drawing[action];
    const run = drawing || (this.#screen.clicking.active && this.#clicking[action]) || this.#table[action];
    if (!run || !(this.#screen.image || this.#busy || ALWAYS.has(action))) return false;
    if (!AT_ONCE.has(action) && !drawing) this.#screen.tools.settle();
    if (ENDS_CLICKING.has(action)) this.#screen.clicking.leave();
    if (this.#busy && !AT_ONCE.has(action) && !drawing) {
      if (!how.repeat) this.#later.push(() => this.act(action, how)); // a held key does not pile up
    } else run(how);
    return true;
  }

  /** Keep presses back until this is done. */
  async wait(work) {
    this.#busy++;
    try {
      await work;
    } finally {
      this.#busy--;
      while (!this.#busy && this.#later.length) this.#later.shift()();
    }
  }

  /** Another image: what was meant for the one before ends. */
  reset() {
    this.#screen.stage.overlay.isolate = false;
    this.#screen.parts.press('isolate', false);
    if (this.#screen.clicking.leave()) this.#screen.board.notice('The mask that was being made by click was not kept.');
  }

  open(id) {
    this.wait(this.#screen.navigator.goTo(id));
  }

  name(categoryId) {
    const { selected, image, decider, categories } = this.#screen;
    if (!selected) {
      this.#screen.board.notice(`Select a mask first: click it or press ${keyOf('next-mask')}.`);
      return;
    }
    decider.name(image, selected, categoryId);
    this.#screen.suggestions.later();
    this.#screen.display.announce(`Mask ${selected.number} named ${categories.name(categoryId)}`);
    categories.mark(selected);
    this.#screen.display.describe();
    this.#screen.display.changed([selected]);
  }

  #table = {
    accept: () => this.#decide('accepted'),
    reject: () => this.#decide('rejected'),
    unsure: () => this.#decide('unsure'),
    'accept-all': () => this.#decideAll('accepted'),
    'reject-all': () => this.#decideAll('rejected'),
    finish: () => this.#finish(),
    back: () => this.wait(this.#back()),
    undo: () => this.wait(this.#turn('/undo', 'Nothing to undo.')),
    redo: () => this.wait(this.#turn('/redo', 'Nothing to redo.')),
    'auto-advance': () => this.#toggleAutoAdvance(),
    'next-mask': () => this.#screen.selection.select(this.#screen.selection.neighbour(1)),
    'previous-mask': () => this.#screen.selection.select(this.#screen.selection.neighbour(-1)),
    'next-image': () => this.#step('next', 'This is the last image.'),
    'previous-image': () => this.#step('previous', 'This is the first image.'),
    'next-open': () => this.wait(this.#screen.navigator.openNext(this.#screen.image.id)),
    'next-missed': () => this.wait(this.#screen.missed.next()),
    'next-part': () => this.#nextPart(1),
    'previous-part': () => this.#nextPart(-1),
    search: () => this.#search(),
    alike: () => this.#alike(),
    category: ({ key }) => this.#nameByKey(key),
    'same-category': () => this.#sameCategory(),
    'suggested-name': () => this.#suggestedName(),
    'accept-names': () => this.#toggleNaming(),
    'new-category': () => this.#screen.categories.field.focus(),
    brush: () => this.#screen.tools.hold('brush'),
    eraser: () => this.#screen.tools.hold('eraser'),
    lasso: () => this.#screen.tools.hold('lasso'),
    cut: () => this.#screen.tools.hold('cut'),
    'smaller-brush': () => this.#screen.tools.resize(-1),
    'larger-brush': () => this.#screen.tools.resize(1),
    'pick-mask': () => this.#pickMask(),
    merge: () => this.#screen.reshape.merge(),
    'split-parts': () => this.#screen.reshape.splitParts(),
    'fill-holes': () => this.#screen.reshape.fillHoles(),
    'largest-part': () => this.#screen.reshape.keepLargest(),
    grow: () => this.#screen.reshape.grow(),
    shrink: () => this.#screen.reshape.shrink(),
    refine: () => this.#refine(),
    'new-by-click': () => this.#screen.clicking.start(null),
    part: () => this.#relative(false),
    whole: () => this.#relative(true),
    history: () => this.#screen.history.toggle(),
    escape: () => this.#escape(),
    keys: () => this.#screen.sheet.toggle(),
  };

  /** What keys do instead while they draw. */
  #drawing = {
    finish: () => this.#screen.tools.settle(),
    back: () => this.#screen.tools.back(),
  };

  /** What keys do instead while masks are made by click. */
  #clicking = {
    finish: () => this.#screen.clicking.keep(),
    accept: () => this.#screen.clicking.keep(),
    reject: () => this.#screen.clicking.leave(),
    back: () => this.#screen.clicking.back(),
    undo: () => this.#screen.clicking.back(),
    'next-mask': () => this.#screen.clicking.other(1),
    'previous-mask': () => this.#screen.clicking.other(-1),
    category: ({ key }) => this.#screen.clicking.pick(Number(key)),
    part: () => this.#screen.clicking.step(false),
    whole: () => this.#screen.clicking.step(true),
    refine: () => this.#screen.clicking.leave(),
    escape: () => this.#screen.clicking.cancel() || this.#screen.clicking.leave(),
  };

  #decide(state) {
    const screen = this.#screen;
    const mask = screen.selected;
    if (!mask && screen.missed.current && state === 'rejected') {
      screen.missed.dismiss();
      return;
    }
    if (!mask) {
      screen.selection.select(screen.selection.nextPending(null));
      return;
    }
    const suggested = state === 'accepted' && pref('acceptNames') ? suggestionOf(mask) : null;
    screen.decider.together(() => {
      screen.decider.decide(screen.image, [mask], state);
      if (suggested) screen.decider.name(screen.image, mask, suggested.category_id);
    });
    if (suggested) screen.suggestions.later();
    const name = suggested ? ` and named ${screen.categories.name(suggested.category_id)}` : '';
    screen.display.announce(`Mask ${mask.number} ${state}${name}`);
    screen.selection.select(this.#screen.autoAdvance ? screen.selection.nextPending(mask) : mask);
    screen.display.changed([mask]);
    screen.display.describe();
  }

  #decideAll(state) {
    const { image, histogram, decider, board } = this.#screen;
    const pending = image.masks.filter((mask) => mask.state === 'pending');
    const masks = pending.filter((mask) => mask.score >= histogram.threshold);
    const hidden = pending.length - masks.length;
    decider.decide(image, masks, state);
    this.#screen.selection.select(null);
    this.#screen.display.changed(masks);
    this.#screen.display.describe();
    const left = hidden ? ` The ${hidden} hidden by the slider stay pending.` : '';
    const done = masks.length ? `All ${masks.length} pending masks shown are ${state}. ${keyOf('undo')} takes it back.` : 'Nothing was pending.';
    board.notice(done + left);
  }

  #pickMask() {
    const { selected, board } = this.#screen;
    if (selected) this.#screen.selection.pick(selected);
    else board.notice('Select a mask first: click it or press Tab.');
  }

  #finish() {
    if (this.#screen.tools.leave()) return;
    const { image, decider, navigator, film } = this.#screen;
    decider.finish(image);
    film.setStatus(image.id, 'done');
    this.wait(navigator.openNext(image.id));
  }

  async #back() {
    const screen = this.#screen;
    const last = screen.decider.stepBack();
    if (!last) {
      screen.board.notice(`No earlier decision since this page was opened. ${keyOf('undo')} reaches further back.`);
      return;
    }
    if (screen.image?.id !== last.imageId) await screen.navigator.goTo(last.imageId, { replace: true });
    screen.selection.select(screen.image?.masks.find(({ id }) => id === last.maskId) ?? null);
  }

  async #turn(path, otherwise) {
    const { api, board } = this.#screen;
    if (!(await flushAll())) return; // the alert says that the app does not answer
    try {
      const turned = await api.post(path, {});
      if (turned.image_id === null) board.notice(otherwise);
      else await this.#screen.display.showTurned(turned);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      board.notice(error.message);
    }
  }

  #step(where, otherwise) {
    const id = this.#screen.image[where];
    if (id === null) this.#screen.board.notice(otherwise);
    else this.open(id);
  }

  #nextPart(direction) {
    const stops = this.#screen.parts.stops();
    const at = stops.findIndex(([part]) => part.contains(document.activeElement));
    const [, target] = stops[(Math.max(at, 0) + direction + stops.length) % stops.length];
    target.focus();
  }

  #refine() {
    const { selected, clicking, board } = this.#screen;
    if (selected) clicking.start(selected);
    else board.notice('Select a mask to refine: click it or press Tab. N begins a new one.');
  }

  /** The part of the selected mask among the image's masks, or the whole around it. */
  #relative(larger) {
    const { selected, tree, board } = this.#screen;
    const found = selected && neighbourIn(tree, selected, larger);
    if (found) this.#screen.selection.select(found);
    else if (!selected) board.notice('Select a mask first: click it or press Tab.');
    else board.notice(larger ? 'No mask lies around this one.' : 'No mask lies inside this one.');
  }

  #search() {
    location.hash = '#/queue';
    requestAnimationFrame(() => document.dispatchEvent(new CustomEvent('annotator:search')));
  }

  #alike() {
    const { selected, board } = this.#screen;
    if (selected) location.hash = `#/grid/like/${selected.id}`;
    else board.notice('Select a mask first: click it or press Tab.');
  }

  #nameByKey(key) {
    const category = this.#screen.categories.byKey(key);
    if (category) this.name(category.id);
    else this.#screen.board.notice(`No category has the key ${key} yet: ${keyOf('new-category')} adds one.`);
  }

  #sameCategory() {
    const { lastCategory } = this.#screen.decider;
    if (lastCategory === null) this.#screen.board.notice(`No category was given yet: ${keyOf('category')} gives the first.`);
    else this.name(lastCategory);
  }

  #suggestedName() {
    const { selected, board } = this.#screen;
    const suggested = suggestionOf(selected);
    if (suggested) this.name(suggested.category_id);
    else if (selected && selected.category_id !== null) board.notice('This mask has a name already.');
    else board.notice(selected ? 'Nothing like this mask has been named yet.' : 'Select a mask first: click it or press Tab.');
  }

  #toggleNaming() {
    setPrefs({ acceptNames: !pref('acceptNames') });
    this.#screen.board.notice(pref('acceptNames') ? 'Accepting gives a mask the name that it probably has.' : 'Accepting leaves the name as it is.');
  }

  #toggleAutoAdvance() {
    const screen = this.#screen;
    screen.autoAdvance = !screen.autoAdvance;
    screen.parts.press('auto-advance', screen.autoAdvance);
    screen.board.notice(screen.autoAdvance ? 'A decision goes on to the next mask.' : 'A decision stays on its mask.');
  }

  /** From the innermost to the outermost: the history, a field, a stroke, a tool, a passing notice, picked masks, isolation, the selection. */
  #escape() {
    const { board, stage, element, tools, history } = this.#screen;
    if (history.close()) return;
    if (element.contains(document.activeElement) && document.activeElement !== this.#screen.parts.marks) {
      document.activeElement.blur();
      return;
    }
    if (tools.cancel() || tools.leave() || board.dismiss() || this.#screen.selection.unpick()) return;
    if (element.dataset.drawer) {
      openDrawer(element, null);
      return;
    }
    if (!this.#screen.parts.panel.hidden) {
      this.act('picture');
      return;
    }
    if (stage.overlay.isolate) this.act('isolate');
    else if (this.#screen.image) this.#screen.selection.select(null);
  }
}
