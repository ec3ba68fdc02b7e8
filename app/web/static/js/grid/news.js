// What others decided on masks of the list: the feed tells which masks changed, and how they are now is asked for.

import { ApiError } from '../api.js';
import { shown } from '../dom.js';
import { itemsOf } from './items.js';

const MOST = 200; // masks a question
const RETRY = 1000; // ms

export class News {
  #screen;
  #ids = new Set(); // of masks to ask for
  #asking = false;

  /** @param {object} screen the Grid */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Another list is shown: it was asked for just now. */
  forget() {
    this.#ids.clear();
  }

  /** @param {{images: {revisions: Record<string, number>, new_masks: boolean}[], many: boolean}} changes what the feed says */
  async hear({ images, many }) {
    const { items } = this.#screen;
    if (!items.all.length && (many || images.some(({ new_masks: added }) => added))) {
      this.#screen.lists.loadAgain();
      return;
    }
    for (const [id, revision] of images.flatMap(({ revisions }) => Object.entries(revisions))) {
      const item = items.byId(Number(id));
      if (!item || revision <= (item.heard ?? item.revision)) continue; // what was decided here comes back, too
      item.heard = revision;
      this.#ids.add(item.id);
    }
    if (many) await this.look();
    else await this.#catchUp();
  }

  /** Ask for the masks of this page, too: some may have been decided unheard. */
  async look() {
    for (const { id } of this.#screen.items.onPage) this.#ids.add(id);
    await this.#catchUp();
  }

  /** Not while the screen is hidden: it looks again when it is shown. */
  async #catchUp() {
    const { element, saver } = this.#screen;
    if (this.#asking || !shown(element)) return;
    this.#asking = true;
    try {
      while (this.#ids.size) {
        if (!(await saver.flush())) throw new ApiError(0, 'Decisions of this page wait');
        await this.#ask([...this.#ids].slice(0, MOST));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTimeout(() => this.#catchUp(), RETRY); // that the app is gone is told by the next save
    } finally {
      this.#asking = false;
    }
  }

  async #ask(ids) {
    const { api, items, cards, bulk } = this.#screen;
    const answer = await api.get(`/grid/now?${new URLSearchParams(ids.map((id) => ['ids', id]))}`);
    const found = new Map(itemsOf(answer).map((each) => [each.id, each]));
    for (const id of ids) {
      this.#ids.delete(id);
      const item = items.byId(id);
      const now = found.get(id);
      if (!item) continue; // of the list before
      if (!now) item.gone = true;
      else if (item.gone || now.revision > item.revision) {
        const { revision, state, category_id: category } = now;
        Object.assign(item, { gone: false, revision, state, category_id: category, crop: revision });
      }
      cards.update(item);
    }
    this.#screen.moved();
    bulk.judged();
  }
}
