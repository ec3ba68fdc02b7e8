// What the person decides: changed here at once, and handed to the saver with the revisions that the server will count.

import { updateMask } from './images.js';

export class Decider {
  #saver;
  #images;
  #trail = []; // {imageId, maskId} of the decisions of this page, for the way back
  #counter = 0;
  lastCategory = null;

  /** @param {{saver: import('./saver.js').Saver, images: import('./images.js').Images}} parts */
  constructor({ saver, images }) {
    this.#saver = saver;
    this.#images = images;
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
   * Give masks of any images, each with its `image_id`, a state or a category; one step for undo.
   * @param {object[]} masks @param {{state: string} | {category_id: number | null}} change
   * @param {{unseen?: boolean}} how unseen: nobody looked at them one by one, so nothing is learnt from them
   */
  change(masks, change, { unseen = false } = {}) {
    const [field, value] = Object.entries(change)[0];
    if (field === 'category_id') this.lastCategory = value;
    const others = masks.filter((mask) => mask[field] !== value);
    this.#record(null, others, field === 'state' ? 'state' : 'category', change, unseen ? 'unseen-' : '');
    return others;
  }

  finish(image) {
    image.status = 'done';
    this.#saver.add([{ image_id: image.id, group: this.#group(), action: 'finish' }]);
  }

  /** Where the last decision of this page was made, and forget it; null if there is none. */
  stepBack() {
    return this.#trail.pop() ?? null;
  }

  /** Show what others made of masks. @param {{operation: object, instance: object | null}[]} refused @returns {object[]} masks */
  concede(refused) {
    return refused.map(({ operation, instance }) => {
      const image = instance && this.#images.peek(operation.image_id);
      const mask = image?.masks.find(({ id }) => id === instance.id);
      return mask ? updateMask(mask, instance, image.height) : null;
    }).filter(Boolean);
  }

  /** Decide once more, on what the masks are now. Of several decisions on a mask the last one of each kind counts. */
  insist(refused) {
    const group = this.#group();
    const last = new Map(refused.filter(({ instance }) => instance).map((each) => [`${each.operation.action} ${each.instance.id}`, each]));
    const revisions = new Map();
    const again = [...last.values()].map(({ operation: { key: _key, ...operation }, instance }) => {
      const revision = revisions.get(instance.id) ?? instance.revision;
      revisions.set(instance.id, revision + 1);
      return { ...operation, group, revision };
    });
    this.#saver.add(again);
    return again.map((operation) => {
      const mask = this.#images.peek(operation.image_id)?.masks.find(({ id }) => id === operation.instance_id);
      if (mask) Object.assign(mask, changeOf(operation), { revision: operation.revision + 1 });
      return mask;
    }).filter(Boolean);
  }

  #record(image, masks, action, change, prefix = '') {
    if (!masks.length) return;
    const group = prefix + this.#group();
    this.#saver.add(
      masks.map((mask) => ({ image_id: image?.id ?? mask.image_id, group, action, instance_id: mask.id, revision: mask.revision, ...change })),
    );
    for (const mask of masks) Object.assign(mask, change, { revision: mask.revision + 1 });
    this.#trail.push({ imageId: image?.id ?? masks[0].image_id, maskId: masks[0].id });
  }

  #group() {
    return `${Date.now()}-${Math.random().toString(36).slice(2, 8)}-${++this.#counter}`;
  }
}

const changeOf = ({ action, state, category_id: categoryId }) => (action === 'state' ? { state } : { category_id: categoryId });
