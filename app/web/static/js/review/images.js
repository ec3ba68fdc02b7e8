// Images with their masks, ready to show: fetched and decoded by a worker, and kept for the neighbours of the one that is shown.

import { ApiError } from '../api.js';
import { decode } from '../rle.js';

const KEPT = 10;
const PIXELS = 80e6; // of all kept pictures together: 320 MB
const LEAST = 3; // kept however large they are

export class Images {
  #api;
  #worker = new Worker(new URL('./loader.js', import.meta.url), { type: 'module' });
  #waiting = new Map(); // ticket -> {resolve, reject}
  #ticket = 0;
  #broken = '';
  #kept = new Map(); // id -> {promise, image: null until it is here}, least recently used first

  /** @param {import('../api.js').Api} api @param {AbortSignal} signal ends the worker */
  constructor(api, signal) {
    this.#api = api;
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
      this.#worker.postMessage({ ticket, base: this.#api.base, id });
    });
  }

  #arrived({ ticket, image, error }) {
    const { resolve, reject } = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (error) {
      reject(new ApiError(error.status, error.message));
      return;
    }
    number(image.masks);
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
      image.picture?.close();
    }
  }
}

/** What people call a mask: its place in the list, best score first. */
function number(masks) {
  masks.forEach((mask, index) => {
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
  image.masks = now.instances.map((instance) => {
    const mask = known.get(instance.id);
    // An older revision is an answer that a decision made here overtook.
    if (mask && (instance.revision < mask.revision || (instance.revision === mask.revision && instance.counts === mask.counts))) return mask;
    const updated = updateMask(mask ?? {}, instance, image.height);
    changed.push(updated);
    return updated;
  });
  const others = before.length !== image.masks.length || before.some((mask, index) => mask !== image.masks[index]);
  if (others) number(image.masks);
  return { masks: changed, others };
}

/** Bring a mask to what the server says of it. */
export function updateMask(mask, instance, height) {
  if (mask.counts !== instance.counts) {
    Object.assign(mask, { bitmap: decode(instance.counts, height, instance.bbox), shape: undefined, anchor: undefined });
  }
  return Object.assign(mask, instance);
}
