// The Grid: masks of all images as crops, 40 a page, decided by the same keys and saved by the same saver as in Review.
//
// The state of the screen can be read from `data-grid` of the document: loading, ready, saving, saved, error.

import { Api } from './api.js';
import { shown } from './dom.js';
import { Actions } from './grid/actions.js';
import { Bulk } from './grid/bulk.js';
import { Cards } from './grid/cards.js';
import { Items, PAGE } from './grid/items.js';
import { gridBindingOf } from './grid/keymap.js';
import { layOut } from './grid/layout.js';
import { Lists } from './grid/lists.js';
import { News } from './grid/news.js';
import { Board } from './review/board.js';
import { Categories } from './review/categories.js';
import { Decider } from './review/decider.js';
import { listen } from './review/keyboard.js';
import { Saver } from './review/saver.js';
import { Suggestions } from './review/suggestions.js';
import { conflictWords, unsavedWords } from './review/words.js';

const root = document.documentElement;

class Grid {
  #ending = new AbortController();
  items = new Items();
  calibrated = false;

  constructor(element, { api }) {
    const { signal } = this.#ending;
    this.element = element;
    this.api = new Api(api);
    this.actions = new Actions(this);
    this.lists = new Lists(this);
    this.parts = layOut(element, (action) => this.actions.act(action), () => this.lists.load());
    this.board = new Board(this.parts);
    this.saver = new Saver(this.api, {
      onState: (...state) => this.#saving(...state),
      onAnswer: () => {},
      onConflict: (refused) => this.#conflict(refused),
    });
    this.decider = new Decider({ saver: this.saver, images: { peek: () => ({ masks: this.items.all, height: 1 }) } });
    this.cards = new Cards(this.api, this.parts.crops, {
      onPick: (item, how) => this.actions.pick(item, how),
      onOpen: () => this.actions.act('open'),
      estimate: (item) => this.estimate(item),
      categoryName: (item) => this.categories.nameOf(item),
      isChosen: (item) => this.items.isChosen(item),
    });
    this.categories = new Categories(this.api, this.parts.categories, {
      onPick: (id) => this.actions.name(id),
      onError: (text) => this.board.notice(text),
    });
    const names = { masks: () => this.items.onPage, onNews: () => this.#renamed() };
    this.suggestions = new Suggestions(this.api, names, signal);
    this.bulk = new Bulk(this);
    this.news = new News(this);
    listen(element, (action, how) => this.actions.act(action, how), signal, gridBindingOf);
    window.addEventListener('hashchange', () => this.lists.route(), { signal });
    document.addEventListener('annotator:tab', () => this.lists.route(), { signal });
    document.addEventListener('annotator:changes', ({ detail }) => this.lists.opened && this.news.hear(detail), { signal });
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail), { signal });
    document.addEventListener('annotator:prefs', () => this.#preferred(), { signal });
    window.addEventListener('pagehide', () => this.saver.leave(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden && this.saver.leave(), { signal });
  }

  destroy() {
    this.saver.leave();
    this.saver.retire();
    this.#ending.abort();
  }

  /** Put these masks on the screen, from the first page on. */
  present(items, total) {
    this.news.forget();
    this.items.set(items, total);
    this.showPage();
    const none = { title: 'No masks here', text: 'Other filters may show some; new proposals come from the Propose screen.', links: [['Propose', '#/propose']] };
    this.board.message(items.length ? null : none);
  }

  /** Show the page that the cursor is on. */
  async showPage() {
    const { items, cards } = this;
    const page = items.onPage;
    cards.show(page, items.page * PAGE, items.all.length);
    this.moved();
    this.lists.describe();
    this.#idle();
    this.suggestions.ask();
    await cards.loaded();
    if (page[0] !== items.onPage[0]) return; // somebody went on
    cards.prefetch(items.all.slice((items.page + 1) * PAGE, (items.page + 2) * PAGE));
  }

  #idle() {
    root.dataset.grid = this.saver.unsaved ? 'saving' : 'ready';
  }

  // Words

  /** What the app thinks of a mask, in short; nothing in a blind audit. */
  estimate(item) {
    if (this.bulk.blind) return '';
    return this.calibrated ? `${Math.round(100 * item.p)} %` : item.score.toFixed(2);
  }

  /** Say where the cursor is now, and on what. */
  moved() {
    const { current, selected } = this.items;
    this.cards.mark(current);
    this.categories.mark(current);
    if (!current) this.parts.line.textContent = '';
    else {
      const estimate = this.bulk.blind || !this.calibrated ? '' : `est. ${Math.round(100 * current.p)} % good`;
      const score = this.bulk.blind ? '' : `score ${current.score.toFixed(2)}`;
      const several = selected.length ? `${selected.length} selected` : '';
      const texts = [several, `mask ${current.id}`, current.state, this.categories.describe(current), score, estimate];
      this.parts.line.textContent = texts.filter(Boolean).join(' · ');
    }
  }

  #preferred() {
    this.categories.showKeys();
    this.moved();
  }

  #renamed() {
    this.cards.updateAll();
    this.moved();
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
  if (shown(element)) current.lists.route();
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // for the categories
  return current;
}
