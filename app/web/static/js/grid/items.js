// The masks of the Grid: what the server listed, the cursor, and what is selected.

export const PAGE = 40;

/**
 * A mask in the Grid.
 * @typedef {{id: number, image_id: number, revision: number, state: string, category_id: number | null, score: number,
 *   p: number, crop: number, heard?: number, gone?: boolean}} Item  crop: the revision that its picture was asked for by; a decision
 *   does not change pixels. heard: the newest revision that the feed told. gone: somebody took it from its image
 */

/** The server's columns as items. @returns {Item[]} */
export function itemsOf(answer) {
  return answer.ids.map((id, index) => ({
    id, image_id: answer.image_ids[index], revision: answer.revisions[index], state: answer.states[index],
    category_id: answer.categories[index], score: answer.scores[index], p: answer.p?.[index], crop: answer.revisions[index],
  }));
}

export class Items {
  all = [];
  total = 0;
  cursor = 0;
  #anchor = 0;
  #chosen = new Set(); // items
  #byId = new Map();

  /** @param {Item[]} items @param {number} total all that match, not only those here */
  set(items, total) {
    this.all = items;
    this.total = total;
    this.#byId = new Map(items.map((item) => [item.id, item]));
    this.cursor = this.#anchor = 0;
    this.#chosen.clear();
  }

  byId(id) {
    return this.#byId.get(id);
  }

  get page() {
    return Math.floor(this.cursor / PAGE);
  }

  get pages() {
    return Math.max(1, Math.ceil(this.all.length / PAGE));
  }

  get onPage() {
    return this.all.slice(this.page * PAGE, (this.page + 1) * PAGE);
  }

  get current() {
    return this.all[this.cursor] ?? null;
  }

  get selected() {
    return this.all.filter((item) => this.#chosen.has(item));
  }

  isChosen(item) {
    return this.#chosen.has(item);
  }

  /** Move the cursor; @param {boolean} extend select from where the cursor was before Shift was held */
  moveTo(index, extend = false) {
    const target = Math.max(0, Math.min(this.all.length - 1, index));
    if (extend) this.#range(target);
    else this.#anchor = target;
    this.cursor = Math.max(0, target);
  }

  #range(target) {
    const [first, last] = [Math.min(this.#anchor, target), Math.max(this.#anchor, target)];
    this.#chosen = new Set(this.all.slice(first, last + 1));
  }

  toggle(item) {
    if (!this.#chosen.delete(item)) this.#chosen.add(item);
  }

  choose(items) {
    this.#chosen = new Set(items);
  }

  clear() {
    const had = this.#chosen.size > 0;
    this.#chosen.clear();
    this.#anchor = this.cursor;
    return had;
  }
}
