// Which image is on the screen: addresses, neighbours, the next one to do; and keeping it as the server has it.

import { shown } from '../dom.js';
import { merge } from './images.js';

const ADDRESS = '#/review';
const RETRY = 1000; // ms

export class Navigator {
  #api;
  #images;
  #saver;
  #screen;
  #target = null; // id being opened, or shown
  #upNext = { after: null, id: Promise.resolve(null) };
  image = null;

  /**
   * @param {{api: import('../api.js').Api, images: import('./images.js').Images, saver: import('./saver.js').Saver}} parts
   * @param {{element: Element, showImage: (image: object) => void, showNothing: (overview: object) => void,
   *          showNowhere: () => void, showFailure: (error: Error) => void, showLoading: () => void, rebuilt: () => void, updated: (masks: object[]) => void}} screen
   */
  constructor({ api, images, saver }, screen) {
    this.#api = api;
    this.#images = images;
    this.#saver = saver;
    this.#screen = screen;
  }

  /** Open what the address says: #/review/7, #/review/7/1234 with that mask, or with #/review the image that was open, at first the first one to do. */
  async route() {
    const [, tab, id, mask] = location.hash.split('/');
    if (tab !== 'review') return;
    if (id) {
      if (Number(id) !== this.#target) await this.open(Number(id));
      else await this.bringUpToDate(); // other screens decide too
      if (mask && this.image?.id === Number(id)) this.#screen.showMask(Number(mask));
    } else if (this.image) history.replaceState(null, '', `${ADDRESS}/${this.image.id}`);
    else await this.openNext(null);
  }

  /** Open an image and give it an address. */
  async goTo(id, { replace = false } = {}) {
    history[replace ? 'replaceState' : 'pushState'](null, '', `${ADDRESS}/${id}`);
    await this.open(id);
  }

  async open(id) {
    this.#target = id;
    this.#screen.showLoading();
    const kept = this.#images.peek(id) !== null;
    try {
      const image = await this.#images.get(id);
      if (this.#target !== id) return; // somebody went on meanwhile
      this.#arrive(image);
      if (kept) this.bringUpToDate();
    } catch (error) {
      if (this.#target === id) this.#fail(error);
    }
  }

  #arrive(image) {
    if (this.image) this.image.shown = false;
    image.shown = true; // the cache keeps it
    this.image = image;
    this.#screen.showImage(image);
    setTimeout(() => this.#prepare(image), 0); // after it is on the screen
  }

  /** Have ready what comes next. */
  #prepare(image) {
    if (this.image !== image) return;
    this.#images.prefetch(image.next);
    this.#upNext = { after: image.id, id: this.#ask(image.id).catch(() => null) };
    this.#upNext.id.then((id) => this.image === image && this.#images.prefetch(id));
    this.#images.prefetch(image.previous);
  }

  #fail(error) {
    if (this.image && error.status === 0) {
      // No answer: stay where the decisions are.
      this.#target = this.image.id;
      history.replaceState(null, '', `${ADDRESS}/${this.image.id}`);
    } else this.#leave();
    this.#screen.showFailure(error);
  }

  #leave() {
    if (this.image) this.image.shown = false;
    this.image = this.#target = null;
  }

  /** The next image to do after this one, or null; what was decided here counts. */
  async #ask(after) {
    if (!(await this.#saver.flush())) return null;
    const { id } = await this.#api.get(`/next${after === null ? '' : `?after=${after}`}`);
    return id;
  }

  /** Open the next image to do. @param {number | null} after null: the first of all */
  async openNext(after) {
    const known = after !== null && this.#upNext.after === after ? await this.#upNext.id : null;
    if (known !== null && known !== after) {
      await this.goTo(known);
      return;
    }
    if (!(await this.#saver.flush())) {
      this.#screen.showFailure(new Error('The app does not answer; the next image opens when it does. Your decisions are kept.'));
      return;
    }
    try {
      const id = await this.#ask(after);
      if (id === null) {
        const overview = await this.#api.get('/overview');
        this.#leave();
        this.#screen.showNothing(overview);
      } else if (id === after && this.image?.id === id) this.#screen.showNowhere();
      else await this.goTo(id, { replace: after === null });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Another tab or person may have changed this image since it was kept. @returns {Promise<boolean>} false without an answer */
  async bringUpToDate() {
    const { image } = this;
    if (!image) return true;
    try {
      let now;
      let added;
      do {
        // What was done here meanwhile is not in the answer: ask again.
        if (!(await this.#saver.flush())) return false;
        added = this.#saver.added;
        now = await this.#images.fetchState(image.id);
      } while (this.#saver.added !== added);
      const { status } = image;
      const { masks, others } = merge(image, now);
      if (this.image !== image) return true;
      if (others || image.status !== status) this.#screen.rebuilt();
      else if (masks.length) this.#screen.updated(masks);
      return true;
    } catch (error) {
      return error.status !== 0; // the next save or look says that the app is gone
    }
  }

  /** Others changed images. @param {{images: {row: object, revisions: object, new_masks: boolean}[], many: boolean}} changes */
  async follow({ images, many }) {
    const next = await this.#upNext.id;
    if (images.some(({ row }) => row.id === next && row.status === 'done')) this.#prepare(this.image);
    const mine = images.find(({ row }) => row.id === this.image?.id);
    if (many || (mine && this.#isNews(mine))) await this.#catchUp(this.image);
  }

  /** The news that the image changed comes once: where the image cannot be had now, it is asked for until it can. */
  async #catchUp(image) {
    if (image && image === this.image && !(await this.bringUpToDate())) setTimeout(() => this.#catchUp(image), RETRY);
  }

  /** Whether a change is another one than those made here. */
  #isNews({ row, revisions, new_masks: newMasks }) {
    const known = new Map(this.image.masks.map((mask) => [mask.id, mask.revision]));
    return newMasks || row.status !== this.image.status || Object.entries(revisions).some(([id, revision]) => !(known.get(Number(id)) >= revision));
  }

  /** The workspace has changed: perhaps there is something to show now. */
  async look({ images }) {
    if (!shown(this.#screen.element)) return;
    if (!this.image && this.#target === null && images.todo + images.doing > 0) await this.route();
    else if (this.image?.status === 'new' && images.todo > 0) await this.bringUpToDate();
  }
}
