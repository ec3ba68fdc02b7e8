// What the person decides: changed here at once, and handed to the saver with the revisions that the server will count.
//
// A mask that was just created has the key of its creation for an id until the server answers; it can be worked on at once.

import { decode, encode } from '../rle.js';
import { areaOf, trim } from './bitmap.js';
import { arrange, updateMask } from './images.js';
import { unique } from './saver.js';

const DRAWN = { score: 1, source: 'person:', edited: true, deleted: false, revision: 1 };

export class Decider {
  #saver;
  #images;
  #trail = []; // {imageId, maskId} of the decisions of this page, for the way back
  #counter = 0;
  #step = null; // group of what is recorded now
  lastCategory = null;

  /** @param {{saver: import('./saver.js').Saver, images: import('./images.js').Images}} parts */
  constructor({ saver, images }) {
    this.#saver = saver;
    this.#images = images;
  }

  /** All that is done meanwhile is one step for undo. @param {() => T} run @returns {T} @template T */
  together(run) {
    const outer = this.#step;
    this.#step ??= this.#newGroup();
    try {
      return run();
    } finally {
      this.#step = outer;
    }
  }

  /** Give masks a state; one step for undo. */
  decide(image, masks, state) {
    this.#record(image, masks.filter((mask) => mask.state !== state), 'state', { state });
  }

  /** Give a mask a category; null takes it away. */
  name(image, mask, categoryId) {
    this.lastCategory = categoryId;
    if (mask.category_id !== categoryId) this.#record(image, [mask], 'category', { category_id: categoryId });
  }

  /**
   * Give a mask other pixels.
   * @param {import('../rle.js').Bitmap} bitmap
   * @returns {boolean} false: nothing would be left of the mask, so it stays as it is
   */
  edit(image, mask, bitmap, { state = 'accepted' } = {}) {
    const pixels = trim(bitmap);
    if (!pixels) return false;
    const counts = encode(pixels, image.height, image.width);
    if (counts !== mask.counts) this.#record(image, [mask], 'edit', { counts, state }, { local: editOf(pixels, counts, state) });
    return true;
  }

  /**
   * A new mask, accepted; it can be worked on at once.
   * @param {import('../rle.js').Bitmap} bitmap
   * @param {{categoryId?: number | null, parentId?: number | string | null}} [more] parentId: `id` of the mask it was made from
   * @returns {object | null} null: the bitmap has no pixels
   */
  create(image, bitmap, { categoryId = null, parentId = null } = {}) {
    const pixels = trim(bitmap);
    if (!pixels) return null;
    const counts = encode(pixels, image.height, image.width);
    const mask = { ...DRAWN, id: unique(), category_id: categoryId, ...editOf(pixels, counts, 'accepted') };
    const parent = parentId === null ? {} : referenceTo(parentId, 'parent');
    this.#saver.add([
      { key: mask.id, image_id: image.id, group: this.#group(), action: 'create', counts, category_id: categoryId, ...parent },
    ]);
    arrange(image, [...image.masks, mask]);
    this.#leaveTrail(image.id, mask);
    return mask;
  }

  /** Take masks from the image; undo brings them back. */
  remove(image, masks) {
    const gone = new Set(masks);
    this.#record(image, masks, 'delete', {});
    arrange(image, image.masks.filter((mask) => !gone.has(mask)));
  }

  /**
   * Give masks of any images, each with its `image_id`, a state or a category; one step for undo.
   * @param {object[]} masks @param {{state: string} | {category_id: number | null}} change
   * @param {{unseen?: boolean}} how unseen: nobody looked at them one by one, so nothing is learnt from them
   */
  change(masks, change, { unseen = false } = {}) {
    const [field, value] = Object.entries(change)[0];
    if (field === 'category_id') this.lastCategory = value;
    const others = masks.filter((mask) => mask[field] !== value);
    this.#record(null, others, field === 'state' ? 'state' : 'category', change, { prefix: unseen ? 'unseen-' : '' });
    return others;
  }

  finish(image) {
    image.status = 'done';
    this.#saver.add([{ image_id: image.id, group: this.#group(), action: 'finish' }]);
  }

  /** Nothing is missing at this place. @param {number[]} box x, y, width, height */
  dismiss(image, box) {
    this.#saver.add([{ image_id: image.id, group: this.#group(), action: 'dismiss', box }]);
  }

  /** Where the last decision of this page was made, and forget it; null if there is none. */
  stepBack() {
    return this.#trail.pop() ?? null;
  }

  /** Masks created here got ids. @param {Record<string, number>} created key -> id @returns {object[]} the masks */
  learn(created) {
    const found = [];
    for (const [key, id] of Object.entries(created)) {
      for (const image of this.#images.all()) found.push(...image.masks.filter((mask) => mask.id === key));
      for (const mark of this.#trail) if (mark.maskId === key) mark.maskId = id;
    }
    for (const mask of found) mask.id = created[mask.id];
    return found;
  }

  /**
   * Show what others made of masks. What is no longer there, or was never made, the next look at the server's image takes away.
   * @param {{operation: object, instance: object | null}[]} refused @returns {object[]} masks
   */
  concede(refused) {
    return refused.map(({ operation, instance }) => {
      const image = this.#images.peek(operation.image_id);
      const mask = image?.masks.find(({ id }) => id === (instance?.id ?? operation.instance_id));
      if (mask && !instance) mask.revision = -1; // whatever the server has is newer
      return mask && instance ? updateMask(mask, instance, image.height) : null;
    }).filter(Boolean);
  }

  /** Decide once more, on what the masks are now. Of several decisions on a mask the last one of each kind counts. */
  insist(refused) {
    const group = this.#newGroup();
    const last = new Map(refused.filter(({ instance }) => instance).map((each) => [`${each.operation.action} ${each.instance.id}`, each]));
    const revisions = new Map();
    const again = [...last.values()].map(({ operation: { key: _key, instance_key: _made, ...operation }, instance }) => {
      const revision = revisions.get(instance.id) ?? instance.revision;
      revisions.set(instance.id, revision + 1);
      return { ...operation, instance_id: instance.id, group, revision };
    });
    this.#saver.add(again);
    return again.map((operation) => {
      const image = this.#images.peek(operation.image_id);
      const mask = image?.masks.find(({ id }) => id === operation.instance_id);
      if (mask) Object.assign(mask, changeOf(operation, image), { revision: operation.revision + 1 });
      if (mask && operation.action === 'delete') arrange(image, image.masks.filter((each) => each !== mask));
      return mask;
    }).filter(Boolean);
  }

  #record(image, masks, action, change, { local = change, prefix = '' } = {}) {
    if (!masks.length) return;
    const group = prefix + this.#group();
    this.#saver.add(
      masks.map((mask) => ({
        image_id: image?.id ?? mask.image_id, group, action, ...referenceTo(mask.id), revision: mask.revision, ...change,
      })),
    );
    for (const mask of masks) Object.assign(mask, local, { revision: mask.revision + 1 });
    this.#leaveTrail(image?.id ?? masks[0].image_id, masks[0]);
  }

  /** Several strokes on one mask are one place to go back to. */
  #leaveTrail(imageId, mask) {
    if (this.#trail.at(-1)?.maskId !== mask.id) this.#trail.push({ imageId, maskId: mask.id });
  }

  #group() {
    return this.#step ?? this.#newGroup();
  }

  #newGroup() {
    return `${Date.now()}-${Math.random().toString(36).slice(2, 8)}-${++this.#counter}`;
  }
}

const referenceTo = (id, what = 'instance') => ({ [typeof id === 'number' ? `${what}_id` : `${what}_key`]: id });

/** What an edit makes of a mask. */
function editOf(bitmap, counts, state) {
  const { x, y, w, h } = bitmap;
  return { bitmap, counts, bbox: [x, y, w, h], area: areaOf(bitmap), edited: true, state, shape: undefined, anchor: undefined };
}

function changeOf({ action, state, category_id: categoryId, counts }, { width, height }) {
  if (action === 'state') return { state };
  if (action === 'category') return { category_id: categoryId };
  if (action === 'edit') return editOf(trim(decode(counts, height, [0, 0, width, height])), counts, state);
  return {};
}
