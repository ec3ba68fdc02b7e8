// Images with their masks, ready to show: fetched, decoded, and kept for the neighbours of the one that is shown.

import { decode } from '../rle.js';

const KEPT = 8;

export class Images {
  #api;
  #kept = new Map(); // id -> promise of an image, least recently used first

  constructor(api) {
    this.#api = api;
  }

  /** The image with decoded masks and picture; from memory where it is. */
  get(id) {
    let image = this.#kept.get(id);
    if (image) this.#kept.delete(id);
    else {
      image = this.#load(id);
      image.catch(() => this.#kept.get(id) === image && this.#kept.delete(id));
    }
    this.#kept.set(id, image);
    this.#trim(id);
    return image;
  }

  /** Have it ready; failures show when it is opened. */
  prefetch(id) {
    if (id !== null && id !== undefined) this.get(id).catch(() => {});
  }

  /** Ask the server how the image is now and bring the kept one up to date; true if something was different. */
  async refresh(id) {
    const [image, now] = await Promise.all([this.get(id), this.#api.get(`/images/${id}`)]);
    return merge(image, now);
  }

  #trim(current) {
    for (const [id, image] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      if (id === current) continue;
      this.#kept.delete(id);
      image.then(({ picture }) => picture?.close()).catch(() => {});
    }
  }

  async #load(id) {
    const image = await this.#api.get(`/images/${id}`);
    image.masks = image.instances.map((instance) => maskOf(instance, image.height));
    delete image.instances;
    image.picture = image.error ? null : await this.#picture(image);
    return image;
  }

  async #picture({ id, version }) {
    const answer = await fetch(this.#api.pixelsUrl(id, version));
    if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.error ?? 'The picture cannot be shown.');
    return createImageBitmap(await answer.blob(), { imageOrientation: 'none' });
  }
}

/** A mask as the canvas keeps it. */
export function maskOf(instance, height) {
  return { ...instance, bitmap: decode(instance.counts, height, instance.bbox) };
}

/** Replace what is newer; masks keep their identity, so that a selection holds. */
function merge(image, now) {
  const known = new Map(image.masks.map((mask) => [mask.id, mask]));
  let changed = image.status !== now.status || known.size !== now.instances.length;
  for (const key of ['status', 'index', 'total', 'previous', 'next', 'note']) image[key] = now[key];
  image.masks = now.instances.map((instance) => {
    const mask = known.get(instance.id);
    if (mask && mask.revision === instance.revision && mask.counts === instance.counts) return mask;
    changed = true;
    if (mask) return updateMask(mask, instance, image.height);
    return maskOf(instance, image.height);
  });
  return changed;
}

/** Bring a mask to what the server says of it. */
export function updateMask(mask, instance, height) {
  const bitmap = mask.counts === instance.counts ? mask.bitmap : decode(instance.counts, height, instance.bbox);
  return Object.assign(mask, instance, { bitmap, path: mask.counts === instance.counts ? mask.path : null });
}
