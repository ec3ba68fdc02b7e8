// A worker: fetches images and unpacks their masks, so that the screen never waits while the next one is made ready.

import { Api } from '../api.js';
import { decode } from '../rle.js';
import { fitted } from './fitted.js';

self.addEventListener('message', async ({ data: { ticket, base, id, stage } }) => {
  try {
    const image = await load(new Api(base), id, stage);
    const parts = image.masks.map(({ bitmap }) => bitmap.data.buffer);
    self.postMessage({ ticket, image }, [image.picture, image.small, ...parts].filter(Boolean));
  } catch (error) {
    self.postMessage({ ticket, error: { status: error.status ?? 0, message: error.message } });
  }
});

async function load(api, id, stage) {
  const { instances, ...image } = await api.get(`/images/${id}`);
  const picture = image.error ? null : pictureOf(api, image); // on its way while the masks are unpacked
  picture?.catch(() => {}); // it is awaited below
  const masks = instances.map((instance) => ({ ...instance, bitmap: decode(instance.counts, image.height, instance.bbox) }));
  const whole = await picture;
  return { ...image, masks, picture: whole, small: whole && (await fitted(whole, image, stage)) };
}

async function pictureOf(api, { id, version }) {
  const answer = await fetch(api.pixelsUrl(id, version));
  if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.error ?? 'The picture cannot be shown.');
  return createImageBitmap(await answer.blob(), { imageOrientation: 'none' });
}
