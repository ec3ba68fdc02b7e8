// Which masks the Grid shows: those that its filters name, those that look like one, or one group of look-alikes after the other.
//
// A list is taken once and stays as it is: what is decided stays in its place, marked, so nothing jumps. It is made anew when the
// filters change or the screen is opened with another address.

import { ApiError } from '../api.js';
import { shown } from '../dom.js';
import { flushAll } from '../review/saver.js';
import { itemsOf } from './items.js';
import { plural } from './words.js';

export const ADDRESS = '#/grid';
const root = document.documentElement;

export class Lists {
  #screen;
  #ticket = 0; // of the list that was asked for last
  #opened = null; // the address that is shown
  #grouping = null; // {groups, at} while look-alike groups are shown

  /** @param {object} screen the Grid */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Whether any list was asked for yet. */
  get opened() {
    return this.#opened !== null;
  }

  /** Show what the address says: #/grid, or #/grid/like/1234. */
  route() {
    const [, tab, what, id] = location.hash.split('/');
    if (tab !== 'grid') return;
    const address = what === 'like' ? `${ADDRESS}/like/${id}` : ADDRESS;
    if (address !== this.#opened) {
      this.#opened = address;
      this.load();
    } else if (root.dataset.grid !== 'loading') this.#screen.news.look();
  }

  /** Id of the mask that all others are to look like, or null. */
  get like() {
    return this.#opened?.split('/')[3] ?? null;
  }

  /** Ask for the list that filters, address and mode describe. */
  async load() {
    this.#screen.bulk.close();
    if (this.like === null && this.#grouping) await this.#loadGroups();
    else await this.#show(this.#query());
  }

  #query() {
    const { state, order, category, minimum } = this.#screen.parts;
    const query = new URLSearchParams({ order: order.value, minimum: String(Number(minimum.value) / 100) });
    for (const each of state.value ? [state.value] : ['pending', 'accepted', 'rejected', 'unsure']) query.append('state', each);
    if (category.value) query.set('category', category.value);
    if (this.like !== null) query.set('like', this.like);
    else if (this.#grouping) query.set('group', this.#grouping.groups[this.#grouping.at].number);
    return query;
  }

  /** Ask for a list and show it. */
  async #show(query) {
    const ticket = ++this.#ticket;
    root.dataset.grid = 'loading';
    this.#screen.board.loading();
    // Only what is saved is listed as it is.
    if (!(await flushAll())) this.#screen.board.notice('The app does not answer. Your decisions are kept.');
    try {
      const answer = await this.#screen.api.get(`/grid?${query}`);
      if (ticket !== this.#ticket) return;
      this.#screen.calibrated = answer.calibrated;
      this.#screen.present(itemsOf(answer), answer.total);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (ticket !== this.#ticket) return;
      this.#screen.present([], 0);
      this.#screen.board.message({ title: 'This cannot be shown', text: error.message, links: [['All masks', ADDRESS]] });
      root.dataset.grid = 'error';
    }
  }

  /** There may be masks now where there were none. */
  loadAgain() {
    if (root.dataset.grid !== 'loading' && shown(this.#screen.element)) this.load();
  }

  async #loadGroups() {
    root.dataset.grid = 'loading';
    this.#screen.board.loading();
    try {
      const { groups } = await this.#screen.api.get(`/grid/groups?order=${this.#screen.parts.order.value}`);
      if (!this.#grouping) return;
      this.#grouping = { groups, at: 0 };
      if (groups.length) await this.#show(this.#query());
      else this.#screen.present([], 0);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#screen.board.message({ title: 'The groups cannot be shown', text: error.message, links: [] });
      root.dataset.grid = 'error';
    }
  }

  /** Look-alike groups, or all masks. */
  toggleGroups() {
    this.#grouping = this.#grouping && this.like === null ? null : { groups: [], at: 0 };
    if (this.like !== null) location.hash = ADDRESS;
    else this.load();
  }

  /** The next group, or the one before. @param {1 | -1} by */
  turnGroup(by) {
    if (!this.#grouping || this.like !== null) return;
    const at = this.#grouping.at + by;
    if (at < 0 || at >= this.#grouping.groups.length) {
      this.#screen.board.notice(by > 0 ? 'This is the last group.' : 'This is the first group.');
      return;
    }
    this.#grouping.at = at;
    this.#show(this.#query());
  }

  /** All that one key may judge: the page, or the whole look-alike group. */
  get scope() {
    return this.#grouping && this.like === null ? this.#screen.items.all : this.#screen.items.onPage;
  }

  /** Say above the crops what they are. */
  describe() {
    const { items, parts, calibrated, bulk } = this.#screen;
    const { length } = items.all;
    parts.place.textContent = length ? `${items.page + 1} / ${items.pages}` : '';
    parts.press('groups', this.#grouping !== null && this.like === null);
    const more = items.total > length ? `the first ${plural(length, 'mask')} of ${items.total.toLocaleString('en')}` : plural(length, 'mask');
    const basis = calibrated ? 'percent: estimated chance that you accept it' : 'not yet calibrated: the numbers are scores';
    if (bulk.blind) parts.heading.textContent = '';
    else if (this.like !== null) parts.heading.textContent = `Masks that look like the first one, most alike first. ${basis}.`;
    else if (this.#grouping) parts.heading.textContent = this.#groupWords();
    else parts.heading.textContent = `${more} · ${basis}`;
  }

  #groupWords() {
    const { groups, at } = this.#grouping;
    if (!groups.length) return 'No look-alike group has pending masks.';
    const share = this.#screen.calibrated ? `, est. ${Math.round(100 * groups[at].p)} % good` : '';
    return `Look-alikes ${at + 1} of ${groups.length}: ${plural(this.#screen.items.all.length, 'mask')}${share}; odd ones last. ⇧F, ⇧R judge the whole group, Ctrl A and a number name it.`;
  }
}
