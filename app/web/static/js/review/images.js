// Images with their masks, ready to show: fetched and decoded by a worker, and kept for the neighbours of the one that is shown.

import { ApiError } from '../api.js';
import { decode } from '../rle.js';
import { closePictures } from './fitted.js';

const KEPT = 10;
const PIXELS = 80e6; // of all kept pictures together: 320 MB, and some for their smaller copies
const LEAST = 3; // kept however large they are

export class Images {
  #api;
  #stage;
  #worker = new Worker(new URL('./loader.js', import.meta.url), { type: 'module' });
  #waiting = new Map(); // ticket -> {resolve, reject}
  #ticket = 0;
  #broken = '';
  #kept = new Map(); // id -> {promise, image: null until it is here}, least recently used first

  /**
   * @param {import('../api.js').Api} api
   * @param {import('./stage.js').Stage} stage what images are made ready for
   * @param {AbortSignal} signal ends the worker
   */
  constructor(api, stage, signal) {
    this.#api = api;
    this.#stage = stage;
    this.#worker.addEventListener('message', ({ data }) => this.#arrived(data));
    this.#worker.addEventListener('error', () => this.#fail('The part of the app that reads masks did not start: reload the page.'));
    signal.addEventListener('abort', () => this.#worker.terminate());
  }

  /** The image with decoded masks and picture; from memory where it is. */
  get(id) {
    let entry = this.#kept.get(id);
    if (entry) this.#kept.delete(id);
    else {
      entry = { promise: this.#load(id), image: null };
      entry.promise.then(
        (image) => {
          entry.image = image;
          this.#trim(id);
        },
        () => this.#kept.get(id) === entry && this.#kept.delete(id),
      );
    }
    this.#kept.set(id, entry);
    return entry.promise;
  }

  /** The image if it is in memory, else null. */
  peek(id) {
    return this.#kept.get(id)?.image ?? null;
  }

  /** All images in memory. */
  *all() {
    for (const { image } of this.#kept.values()) if (image) yield image;
  }

  /** Have it ready; failures show when it is opened. */
  prefetch(id) {
    if (id !== null && id !== undefined && !this.#kept.has(id)) this.get(id).catch(() => {});
  }

  /** How the server has the image now, as it sends it. */
  fetchState(id) {
    return this.#api.get(`/images/${id}`);
  }

  #load(id) {
    return new Promise((resolve, reject) => {
      if (this.#broken) throw new ApiError(0, this.#broken);
      const ticket = ++this.#ticket;
      this.#waiting.set(ticket, { resolve, reject });
      this.#worker.postMessage({ ticket, base: this.#api.base, id, stage: this.#stage.room });
    });
  }

  #arrived({ ticket, image, error }) {
    const { resolve, reject } = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (error) {
      reject(new ApiError(error.status, error.message));
      return;
    }
    arrange(image, image.masks);
    resolve(image);
  }

  #fail(message) {
    this.#broken = message;
    for (const { reject } of this.#waiting.values()) reject(new ApiError(0, message));
    this.#waiting.clear();
  }

  /** Forget what was not used for longest; the newest stay. */
  #trim(current) {
    let pixels = 0;
    for (const { image } of this.#kept.values()) pixels += image ? image.width * image.height : 0;
    for (const [id, { image }] of this.#kept) {
      if (this.#kept.size <= LEAST || (this.#kept.size <= KEPT && pixels <= PIXELS)) return;
      if (id === current || !image || image.shown) continue;
      this.#kept.delete(id);
      pixels -= image.width * image.height;
      closePictures(image);
    }
  }
}

/** Whether a person made the mask from nothing. */
export const drawn = ({ source }) => source.startsWith('person:');

/** Put masks in the order of the list, best score first and drawn ones at the end, and number them: that is what people call them. */
export function arrange(image, masks) {
  image.masks = [...masks].sort((a, b) => drawn(a) - drawn(b) || b.score - a.score || a.id - b.id); // equal where an id is not known yet
  image.masks.forEach((mask, index) => {
    mask.number = index + 1;
  });
}

/**
 * Bring a kept image to what the server sent; masks keep their identity, so that a selection holds.
 * @returns {{masks: object[], others: boolean}} those that look different now, and whether the list is another one
 */
export function merge(image, now) {
  const known = new Map(image.masks.map((mask) => [mask.id, mask]));
  const before = image.masks;
  const changed = [];
  for (const key of ['status', 'index', 'total', 'previous', 'next', 'note']) image[key] = now[key];
  const masks = now.instances.map((instance) => {
    const mask = known.get(instance.id);
    // An older revision is an answer that a decision made here overtook.
    if (mask && (instance.revision < mask.revision || (instance.revision === mask.revision && instance.counts === mask.counts))) return mask;
    const updated = updateMask(mask ?? {}, instance, image.height);
    changed.push(updated);
    return updated;
  });
  arrange(image, masks);
  const others = before.length !== image.masks.length || before.some((mask, index) => mask !== image.masks[index]);
  return { masks: changed, others };
}

/** Bring an image to what an undo sends: some of its masks, gone ones too. @returns {boolean} whether others are on it now */
export function turn(image, instances, status) {
  image.status = status;
  const known = new Map(image.masks.map((mask) => [mask.id, mask]));
  let others = false;
  for (const instance of instances) {
    const mask = known.get(instance.id);
    others ||= Boolean(mask) === instance.deleted;
    if (instance.deleted) known.delete(instance.id);
    else known.set(instance.id, updateMask(mask ?? {}, instance, image.height));
  }
  if (others) arrange(image, known.values());
  return others;
}

/** Bring a mask to what the server says of it. */
export function updateMask(mask, instance, height) {
  if (mask.counts !== instance.counts) {
    Object.assign(mask, { bitmap: decode(instance.counts, height, instance.bbox), shape: undefined, anchor: undefined });
  }
  return Object.assign(mask, instance);
}
