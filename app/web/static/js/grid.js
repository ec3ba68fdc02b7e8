// The Grid: masks of all images as crops, 40 a page, decided by the same keys and saved by the same saver as in Review.
//
// The list is taken once and stays as it is: what is decided stays in its place, marked, so nothing jumps. It is made anew when the
// filters change or the screen is opened with another address. The state of the screen can be read from `data-grid` of the document:
// loading, ready, saving, saved, error.

import { Api, ApiError } from './api.js';
import { shown } from './dom.js';
import { Bulk } from './grid/bulk.js';
import { Cards } from './grid/cards.js';
import { Items, itemsOf, PAGE } from './grid/items.js';
import { gridBindingOf } from './grid/keymap.js';
import { layOut } from './grid/layout.js';
import { News } from './grid/news.js';
import { Board } from './review/board.js';
import { Categories } from './review/categories.js';
import { Decider } from './review/decider.js';
import { listen } from './review/keyboard.js';
import { flushAll, Saver } from './review/saver.js';
import { conflictWords, unsavedWords } from './review/words.js';

const ADDRESS = '#/grid';
const root = document.documentElement;
const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

class Grid {
  #ending = new AbortController();
  #ticket = 0; // of the list that was asked for last
  #opened = null; // the address that is shown
  #grouping = null; // {groups, at} while look-alike groups are shown
  items = new Items();
  calibrated = false;

  constructor(element, { api }) {
    const { signal } = this.#ending;
    this.element = element;
    this.api = new Api(api);
    this.parts = layOut(element, (action) => this.act(action), () => this.load());
    this.board = new Board(this.parts);
    this.saver = new Saver(this.api, {
      onState: (...state) => this.#saving(...state),
      onAnswer: () => {},
      onConflict: (refused) => this.#conflict(refused),
    });
    this.decider = new Decider({ saver: this.saver, images: { peek: () => ({ masks: this.items.all, height: 1 }) } });
    this.cards = new Cards(this.api, this.parts.crops, {
      onPick: (item, how) => this.#pick(item, how),
      onOpen: () => this.act('open'),
      estimate: (item) => this.estimate(item),
      categoryName: (item) => this.categories.name(item.category_id),
      isChosen: (item) => this.items.isChosen(item),
    });
    this.categories = new Categories(this.api, this.parts.categories, {
      onPick: (id) => this.#name(id),
      onError: (text) => this.board.notice(text),
    });
    this.bulk = new Bulk(this);
    this.news = new News(this);
    listen(element, (action, how) => this.act(action, how), signal, gridBindingOf);
    window.addEventListener('hashchange', () => this.route(), { signal });
    document.addEventListener('annotator:tab', () => this.route(), { signal });
    document.addEventListener('annotator:changes', ({ detail }) => this.#opened && this.news.hear(detail), { signal });
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail), { signal });
    window.addEventListener('pagehide', () => this.saver.leave(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden && this.saver.leave(), { signal });
  }

  destroy() {
    this.saver.leave();
    this.saver.retire();
    this.#ending.abort();
  }

  // Lists

  /** Show what the address says: #/grid, or #/grid/like/1234. */
  route() {
    const [, tab, what, id] = location.hash.split('/');
    if (tab !== 'grid') return;
    const address = what === 'like' ? `${ADDRESS}/like/${id}` : ADDRESS;
    if (address !== this.#opened) {
      this.#opened = address;
      this.load();
    } else if (root.dataset.grid !== 'loading') this.news.look();
  }

  get #like() {
    return this.#opened?.split('/')[3] ?? null;
  }

  /** Ask for the list that filters, address and mode describe. */
  async load() {
    this.bulk.close();
    if (this.#like === null && this.#grouping) await this.#loadGroups();
    else await this.show(this.#query());
  }

  #query() {
    const { state, order, category, minimum } = this.parts;
    const query = new URLSearchParams({ order: order.value, minimum: String(Number(minimum.value) / 100) });
    for (const each of state.value ? [state.value] : ['pending', 'accepted', 'rejected', 'unsure']) query.append('state', each);
    if (category.value) query.set('category', category.value);
    if (this.#like !== null) query.set('like', this.#like);
    else if (this.#grouping) query.set('group', this.#grouping.groups[this.#grouping.at].number);
    return query;
  }

  /** Ask for a list and show it. @returns {boolean} whether it is on the screen */
  async show(query) {
    const ticket = ++this.#ticket;
    root.dataset.grid = 'loading';
    this.board.loading();
    // Only what is saved is listed as it is.
    if (!(await flushAll())) this.board.notice('The app does not answer. Your decisions are kept.');
    try {
      const answer = await this.api.get(`/grid?${query}`);
      if (ticket !== this.#ticket) return false;
      this.calibrated = answer.calibrated;
      this.present(itemsOf(answer), answer.total);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (ticket !== this.#ticket) return false;
      this.present([], 0);
      this.board.message({ title: 'This cannot be shown', text: error.message, links: [['All masks', ADDRESS]] });
      root.dataset.grid = 'error';
      return false;
    }
  }

  /** There may be masks now where there were none. */
  loadAgain() {
    if (root.dataset.grid !== 'loading' && shown(this.element)) this.load();
  }

  /** Put these masks on the screen, from the first page on. */
  present(items, total) {
    this.news.forget();
    this.items.set(items, total);
    this.#showPage();
    const none = { title: 'No masks here', text: 'Other filters may show some; new proposals come from the Propose screen.', links: [['Propose', '#/propose']] };
    this.board.message(items.length ? null : none);
  }

  async #loadGroups() {
    root.dataset.grid = 'loading';
    this.board.loading();
    try {
      const { groups } = await this.api.get(`/grid/groups?order=${this.parts.order.value}`);
      if (!this.#grouping) return;
      this.#grouping = { groups, at: 0 };
      if (groups.length) await this.show(this.#query());
      else this.present([], 0);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.board.message({ title: 'The groups cannot be shown', text: error.message, links: [] });
      root.dataset.grid = 'error';
    }
  }

  async #showPage() {
    const { items, cards } = this;
    const page = items.onPage;
    cards.show(page, items.page * PAGE, items.all.length);
    this.moved();
    this.#describe();
    this.#idle();
    await cards.loaded();
    if (page[0] !== items.onPage[0]) return; // somebody went on
    cards.prefetch(items.all.slice((items.page + 1) * PAGE, (items.page + 2) * PAGE));
  }

  #idle() {
    root.dataset.grid = this.saver.unsaved ? 'saving' : 'ready';
  }

  // Words

  estimate(item) {
    if (this.bulk.blind) return '';
    return this.calibrated ? `${Math.round(100 * item.p)} %` : item.score.toFixed(2);
  }

  #describe() {
    const { items, parts } = this;
    const { length } = items.all;
    parts.place.textContent = length ? `${items.page + 1} / ${items.pages}` : '';
    parts.press('groups', this.#grouping !== null && this.#like === null);
    const more = items.total > length ? `the first ${plural(length, 'mask')} of ${items.total.toLocaleString('en')}` : plural(length, 'mask');
    const basis = this.calibrated ? 'percent: estimated chance that you accept it' : 'not yet calibrated: the numbers are scores';
    if (this.bulk.blind) parts.heading.textContent = '';
    else if (this.#like !== null) parts.heading.textContent = `Masks that look like the first one, most alike first. ${basis}.`;
    else if (this.#grouping) parts.heading.textContent = this.#groupWords();
    else parts.heading.textContent = `${more} · ${basis}`;
  }

  #groupWords() {
    const { groups, at } = this.#grouping;
    if (!groups.length) return 'No look-alike group has pending masks.';
    const share = this.calibrated ? `, est. ${Math.round(100 * groups[at].p)} % good` : '';
    return `Look-alikes ${at + 1} of ${groups.length}: ${plural(this.items.all.length, 'mask')}${share}; odd ones last. ⇧F, ⇧R judge the whole group, Ctrl A and a number name it.`;
  }

  /** Say where the cursor is now, and on what. */
  moved() {
    const { current, selected } = this.items;
    this.cards.mark(current);
    this.categories.mark(current?.category_id ?? null);
    if (!current) this.parts.line.textContent = '';
    else {
      const estimate = this.bulk.blind || !this.calibrated ? '' : `est. ${Math.round(100 * current.p)} % good`;
      const score = this.bulk.blind ? '' : `score ${current.score.toFixed(2)}`;
      const several = selected.length ? `${selected.length} selected` : '';
      const texts = [several, `mask ${current.id}`, current.state, this.categories.name(current.category_id), score, estimate];
      this.parts.line.textContent = texts.filter(Boolean).join(' · ');
    }
  }

  #overview({ categories }) {
    if (!this.categories.set(categories)) return;
    const { category } = this.parts;
    const kept = category.value;
    const named = categories.map(({ id, name }) => new Option(name, id));
    category.replaceChildren(new Option('Any category', ''), new Option('Not named', '0'), ...named);
    category.value = kept;
    this.cards.updateAll();
  }

  // What keys and buttons do

  act(action, how = { key: '', repeat: false }) {
    const run = this.#table[action];
    if (!run || (root.dataset.grid === 'loading' && action !== 'keys')) return false;
    run(how);
    return true;
  }

  #table = {
    left: () => this.#step(-1),
    right: () => this.#step(1),
    up: () => this.#step(-this.cards.columns),
    down: () => this.#step(this.cards.columns),
    'select-left': () => this.#step(-1, true),
    'select-right': () => this.#step(1, true),
    'select-up': () => this.#step(-this.cards.columns, true),
    'select-down': () => this.#step(this.cards.columns, true),
    first: () => this.#go(this.items.page * PAGE),
    last: () => this.#go(this.items.page * PAGE + this.items.onPage.length - 1),
    'page-down': () => this.#turnPage(1),
    'page-up': () => this.#turnPage(-1),
    toggle: () => this.items.current && this.#pick(this.items.current, { toggle: true }),
    all: () => this.#chooseAll(),
    accept: () => this.#decide('accepted'),
    reject: () => this.#decide('rejected'),
    unsure: () => this.#decide('unsure'),
    'rest-good': () => this.#rest('accepted'),
    'rest-bad': () => this.#rest('rejected'),
    category: ({ key }) => this.#nameByKey(key),
    'same-category': () => this.decider.lastCategory !== null && this.#name(this.decider.lastCategory),
    'new-category': () => this.categories.field.focus(),
    undo: () => this.#turn('/undo', 'Nothing to undo.'),
    redo: () => this.#turn('/redo', 'Nothing to redo.'),
    open: () => this.items.current && (location.hash = `#/review/${this.items.current.image_id}/${this.items.current.id}`),
    alike: () => this.items.current && (location.hash = `${ADDRESS}/like/${this.items.current.id}`),
    groups: () => this.#toggleGroups(),
    'next-group': () => this.#turnGroup(1),
    'previous-group': () => this.#turnGroup(-1),
    bulk: () => this.bulk.toggle(),
    escape: () => this.#escape(),
    keys: () => document.dispatchEvent(new CustomEvent('annotator:keys')),
  };

  #step(by, extend = false) {
    this.#go(this.items.cursor + by, extend);
  }

  #go(index, extend = false) {
    const { items } = this;
    const before = items.page;
    items.moveTo(index, extend);
    if (items.page !== before) this.#showPage();
    else {
      if (extend) this.cards.updateAll();
      this.moved();
    }
  }

  #turnPage(by) {
    const target = this.items.page + by;
    if (target >= 0 && target < this.items.pages) this.#go(target * PAGE);
    else this.board.notice(by > 0 ? 'This is the last page.' : 'This is the first page.');
  }

  #pick(item, { extend = false, toggle = false }) {
    const index = this.items.all.indexOf(item);
    this.items.moveTo(index, extend);
    if (toggle) this.items.toggle(item);
    else if (!extend) this.items.clear();
    this.cards.updateAll();
    this.moved();
    this.parts.crops.focus({ preventScroll: true });
  }

  /** All that one key may judge: the page, or the whole look-alike group. */
  get #scope() {
    return this.#grouping && this.#like === null ? this.items.all : this.items.onPage;
  }

  #chooseAll() {
    this.items.choose(this.#scope);
    this.cards.updateAll();
    this.moved();
  }

  #decide(state) {
    const { items } = this;
    const several = items.selected;
    const masks = several.length ? several : [items.current].filter(Boolean);
    if (!masks.length) return;
    this.#change(masks, { state });
    if (several.length) {
      items.clear();
      this.cards.updateAll();
      this.board.notice(`${plural(masks.length, 'mask')} ${state}. Ctrl+Z takes it back.`);
    } else if (items.cursor + 1 < items.all.length && (items.cursor + 1) % PAGE) items.moveTo(items.cursor + 1);
    this.moved();
    this.bulk.judged();
  }

  /** Everything that is still pending here. */
  #rest(state) {
    if (this.bulk.blind) {
      this.board.notice('Look at each of these: that is what the audit is for.');
      return;
    }
    const masks = this.#scope.filter((item) => item.state === 'pending');
    this.#change(masks, { state });
    this.moved();
    const what = this.#scope === this.items.all ? 'the group' : 'the page';
    this.board.notice(masks.length ? `${plural(masks.length, 'mask')} of ${what} ${state}. Ctrl+Z takes it back.` : `Nothing of ${what} is pending.`);
  }

  /** Nobody saw what lies on other pages than this one: nothing is learnt from such a step. */
  #change(masks, change) {
    const seen = new Set(this.items.onPage);
    this.decider.change(masks, change, { unseen: masks.some((item) => !seen.has(item)) });
    for (const item of masks) this.cards.update(item);
  }

  #nameByKey(key) {
    const category = this.categories.byKey(key);
    if (category) this.#name(category.id);
    else this.board.notice(`No category has the key ${key} yet: + adds one.`);
  }

  #name(id) {
    const several = this.items.selected;
    const masks = several.length ? several : [this.items.current].filter(Boolean);
    if (!masks.length) return;
    this.#change(masks, { category_id: id });
    if (several.length) this.board.notice(`${plural(masks.length, 'mask')} named ${this.categories.name(id)}. Ctrl+Z takes it back.`);
    this.moved();
  }

  async #turn(path, otherwise) {
    if (!(await flushAll())) return; // the alert says that the app does not answer
    try {
      const turned = await this.api.post(path, {});
      if (turned.image_id === null) {
        this.board.notice(otherwise);
        return;
      }
      for (const { id, revision, state, category_id: category } of turned.instances) {
        const item = this.items.byId(id);
        if (item) Object.assign(item, { revision, state, category_id: category });
      }
      this.cards.updateAll();
      this.moved();
      this.bulk.judged();
      const here = turned.instances.some(({ id }) => this.items.byId(id));
      this.board.notice(here ? turned.what : `${turned.what} (not in this list)`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.board.notice(error.message);
    }
  }

  #toggleGroups() {
    this.#grouping = this.#grouping && this.#like === null ? null : { groups: [], at: 0 };
    if (this.#like !== null) location.hash = ADDRESS;
    else this.load();
  }

  #turnGroup(by) {
    if (!this.#grouping || this.#like !== null) return;
    const at = this.#grouping.at + by;
    if (at < 0 || at >= this.#grouping.groups.length) {
      this.board.notice(by > 0 ? 'This is the last group.' : 'This is the first group.');
      return;
    }
    this.#grouping.at = at;
    this.show(this.#query());
  }

  /** From the innermost to the outermost: a field, a notice, the selection, bulk accept, likeness. */
  #escape() {
    const { activeElement } = document;
    if (this.element.contains(activeElement) && activeElement !== this.parts.crops) activeElement.blur();
    else if (this.board.dismiss()) return;
    else if (this.items.clear()) {
      this.cards.updateAll();
      this.moved();
    } else if (this.bulk.open) this.load();
    else if (this.#like !== null) location.hash = ADDRESS;
  }

  // Saving: what the saver tells

  #saving(state, unsaved, error) {
    if (root.dataset.grid !== 'loading') root.dataset.grid = state;
    document.dispatchEvent(new CustomEvent('annotator:save', { detail: { state, at: Date.now() } }));
    if (error) this.board.alert('offline', unsavedWords(unsaved, error));
    else this.board.settle('offline');
  }

  #conflict(refused) {
    for (const { instance } of refused) {
      const item = instance && this.items.byId(instance.id);
      if (item) item.counts = instance.counts; // the crop is the server's; nothing is to be decoded here
    }
    const repaint = (masks) => masks.forEach((item) => this.cards.update(item));
    repaint(this.decider.concede(refused));
    const text = conflictWords(refused, {
      maskNumber: ({ instance_id: id }) => id,
      imageName: () => '',
      categoryName: (id) => this.categories.name(id),
    });
    const known = refused.some(({ instance }) => instance);
    const keep = [known ? 'Keep theirs' : 'Close', () => {}];
    const insist = ['Apply mine', () => repaint(this.decider.insist(refused))];
    this.board.alert('conflict', text, known ? [insist, keep] : [keep]);
  }
}

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountGrid(element, options) {
  current?.destroy();
  current = new Grid(element, options);
  if (shown(element)) current.route();
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // for the categories
  return current;
}
