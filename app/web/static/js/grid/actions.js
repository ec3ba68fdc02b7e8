// What each key and button of the Grid does.

import { ApiError } from '../api.js';
import { pref, setPrefs } from '../prefs.js';
import { flushAll } from '../review/saver.js';
import { suggestionOf } from '../review/suggestions.js';
import { PAGE } from './items.js';
import { ADDRESS } from './lists.js';
import { plural } from './words.js';

const root = document.documentElement;

export class Actions {
  #screen;

  /** @param {object} screen the Grid */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Do what a key or button says; see grid/keymap.js. Returns whether there was anything to do. */
  act(action, how = { key: '', repeat: false }) {
    const run = this.#table[action];
    if (!run || (root.dataset.grid === 'loading' && action !== 'keys')) return false;
    run(how);
    return true;
  }

  #table = {
    left: () => this.#step(-1),
    right: () => this.#step(1),
    up: () => this.#step(-this.#screen.cards.columns),
    down: () => this.#step(this.#screen.cards.columns),
    'select-left': () => this.#step(-1, true),
    'select-right': () => this.#step(1, true),
    'select-up': () => this.#step(-this.#screen.cards.columns, true),
    'select-down': () => this.#step(this.#screen.cards.columns, true),
    first: () => this.#go(this.#screen.items.page * PAGE),
    last: () => this.#go(this.#screen.items.page * PAGE + this.#screen.items.onPage.length - 1),
    'page-down': () => this.#turnPage(1),
    'page-up': () => this.#turnPage(-1),
    toggle: () => this.#screen.items.current && this.pick(this.#screen.items.current, { toggle: true }),
    all: () => this.#chooseAll(),
    accept: () => this.#decide('accepted'),
    reject: () => this.#decide('rejected'),
    unsure: () => this.#decide('unsure'),
    'rest-good': () => this.#rest('accepted'),
    'rest-bad': () => this.#rest('rejected'),
    category: ({ key }) => this.#nameByKey(key),
    'same-category': () => this.#screen.decider.lastCategory !== null && this.name(this.#screen.decider.lastCategory),
    'suggested-name': () => this.#suggestedNames(),
    'accept-names': () => this.#toggleNaming(),
    'new-category': () => this.#screen.categories.field.focus(),
    undo: () => this.#turn('/undo', 'Nothing to undo.'),
    redo: () => this.#turn('/redo', 'Nothing to redo.'),
    open: () => this.#screen.items.current && (location.hash = `#/review/${this.#screen.items.current.image_id}/${this.#screen.items.current.id}`),
    alike: () => this.#screen.items.current && (location.hash = `${ADDRESS}/like/${this.#screen.items.current.id}`),
    groups: () => this.#screen.lists.toggleGroups(),
    'next-group': () => this.#screen.lists.turnGroup(1),
    'previous-group': () => this.#screen.lists.turnGroup(-1),
    bulk: () => this.#screen.bulk.toggle(),
    escape: () => this.#escape(),
    keys: () => document.dispatchEvent(new CustomEvent('annotator:keys')),
  };

  #step(by, extend = false) {
    this.#go(this.#screen.items.cursor + by, extend);
  }

  #go(index, extend = false) {
    const { items } = this.#screen;
    const before = items.page;
    items.moveTo(index, extend);
    if (items.page !== before) this.#screen.showPage();
    else {
      if (extend) this.#screen.cards.updateAll();
      this.#screen.moved();
    }
  }

  #turnPage(by) {
    const target = this.#screen.items.page + by;
    if (target >= 0 && target < this.#screen.items.pages) this.#go(target * PAGE);
    else this.#screen.board.notice(by > 0 ? 'This is the last page.' : 'This is the first page.');
  }

  /** What a click on a crop does. */
  pick(item, { extend = false, toggle = false }) {
    const index = this.#screen.items.all.indexOf(item);
    this.#screen.items.moveTo(index, extend);
    if (toggle) this.#screen.items.toggle(item);
    else if (!extend) this.#screen.items.clear();
    this.#screen.cards.updateAll();
    this.#screen.moved();
    this.#screen.parts.crops.focus({ preventScroll: true });
  }

  #chooseAll() {
    this.#screen.items.choose(this.#screen.lists.scope);
    this.#screen.cards.updateAll();
    this.#screen.moved();
  }

  #decide(state) {
    const { items } = this.#screen;
    const several = items.selected;
    const masks = this.#chosen;
    if (!masks.length) return;
    this.#judge(masks, state);
    if (several.length) {
      items.clear();
      this.#screen.cards.updateAll();
      this.#screen.board.notice(`${plural(masks.length, 'mask')} ${state}. Ctrl+Z takes it back.`);
    } else if (items.cursor + 1 < items.all.length && (items.cursor + 1) % PAGE) items.moveTo(items.cursor + 1);
    this.#screen.moved();
    this.#screen.bulk.judged();
  }

  /** Everything that is still pending here. */
  #rest(state) {
    if (this.#screen.bulk.blind) {
      this.#screen.board.notice('Look at each of these: that is what the audit is for.');
      return;
    }
    const masks = this.#screen.lists.scope.filter((item) => item.state === 'pending');
    this.#judge(masks, state);
    this.#screen.moved();
    const what = this.#screen.lists.scope === this.#screen.items.all ? 'the group' : 'the page';
    this.#screen.board.notice(masks.length ? `${plural(masks.length, 'mask')} of ${what} ${state}. Ctrl+Z takes it back.` : `Nothing of ${what} is pending.`);
  }

  /** The selected crops, or the one under the cursor. */
  get #chosen() {
    const { selected, current } = this.#screen.items;
    return selected.length ? selected : [current].filter(Boolean);
  }

  /** Give masks a state; accepted ones get the names that they probably have, where the person wants that. One step for undo. */
  #judge(masks, state) {
    this.#screen.decider.together(() => {
      const named = state === 'accepted' && pref('acceptNames') ? masks.filter(suggestionOf) : [];
      this.#change(masks, { state });
      this.#nameAsSuggested(named);
    });
  }

  #nameAsSuggested(masks) {
    const byName = new Map();
    for (const mask of masks) {
      const { category_id: id } = suggestionOf(mask);
      byName.set(id, [...(byName.get(id) ?? []), mask]);
    }
    for (const [id, alike] of byName) this.#change(alike, { category_id: id });
    if (masks.length) this.#screen.suggestions.later();
  }

  #suggestedNames() {
    const masks = this.#chosen.filter(suggestionOf);
    this.#screen.decider.together(() => this.#nameAsSuggested(masks));
    this.#screen.moved();
    const names = new Set(masks.map(({ category_id: id }) => this.#screen.categories.name(id)));
    const text = masks.length ? `${plural(masks.length, 'mask')} named ${[...names].join(', ')}. Ctrl+Z takes it back.` : 'Nothing like this has been named yet.';
    this.#screen.board.notice(text);
  }

  #toggleNaming() {
    setPrefs({ acceptNames: !pref('acceptNames') });
    this.#screen.board.notice(pref('acceptNames') ? 'Accepting gives masks the names that they probably have.' : 'Accepting leaves names as they are.');
  }

  /** Nobody saw what lies on other pages than this one: nothing is learnt from such a step. */
  #change(masks, change) {
    const seen = new Set(this.#screen.items.onPage);
    this.#screen.decider.change(masks, change, { unseen: masks.some((item) => !seen.has(item)) });
    for (const item of masks) this.#screen.cards.update(item);
  }

  #nameByKey(key) {
    const category = this.#screen.categories.byKey(key);
    if (category) this.name(category.id);
    else this.#screen.board.notice(`No category has the key ${key} yet: + adds one.`);
  }

  /** Give the selected crops a category. */
  name(id) {
    const several = this.#screen.items.selected;
    const masks = this.#chosen;
    if (!masks.length) return;
    this.#change(masks, { category_id: id });
    this.#screen.suggestions.later();
    if (several.length) this.#screen.board.notice(`${plural(masks.length, 'mask')} named ${this.#screen.categories.name(id)}. Ctrl+Z takes it back.`);
    this.#screen.moved();
  }

  async #turn(path, otherwise) {
    if (!(await flushAll())) return; // the alert says that the app does not answer
    try {
      const turned = await this.#screen.api.post(path, {});
      if (turned.image_id === null) {
        this.#screen.board.notice(otherwise);
        return;
      }
      for (const { id, revision, state, category_id: category } of turned.instances) {
        const item = this.#screen.items.byId(id);
        if (item) Object.assign(item, { revision, state, category_id: category });
      }
      this.#screen.cards.updateAll();
      this.#screen.moved();
      this.#screen.bulk.judged();
      const here = turned.instances.some(({ id }) => this.#screen.items.byId(id));
      this.#screen.board.notice(here ? turned.what : `${turned.what} (not in this list)`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#screen.board.notice(error.message);
    }
  }

  /** From the innermost to the outermost: a field, a notice, the selection, bulk accept, likeness. */
  #escape() {
    const { activeElement } = document;
    if (this.#screen.element.contains(activeElement) && activeElement !== this.#screen.parts.crops) activeElement.blur();
    else if (this.#screen.board.dismiss()) return;
    else if (this.#screen.items.clear()) {
      this.#screen.cards.updateAll();
      this.#screen.moved();
    } else if (this.#screen.bulk.open) this.#screen.lists.load();
    else if (this.#screen.lists.like !== null) location.hash = ADDRESS;
  }
}
