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

  #record(image, masks, action, change) {
    if (!masks.length) return;
    const group = this.#group();
    this.#saver.add(
      masks.map((mask) => ({ image_id: image.id, group, action, instance_id: mask.id, revision: mask.revision, ...change })),
    );
    for (const mask of masks) Object.assign(mask, change, { revision: mask.revision + 1 });
    this.#trail.push({ imageId: image.id, maskId: masks[0].id });
  }

  #group() {
    return `${Date.now()}-${Math.random().toString(36).slice(2, 8)}-${++this.#counter}`;
  }
}

const changeOf = ({ action, state, category_id: categoryId }) => (action === 'state' ? { state } : { category_id: categoryId });
