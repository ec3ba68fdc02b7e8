// A large picture once more at the size that it has on the screen while the whole image is shown: made beforehand, so that the next image
// comes without shrinking megapixels first. Closer looks are drawn from the picture itself.

import { wholeScale } from './view.js';

const WORTH = 1.5; // times wider than on the screen, from which on a smaller copy is made

/**
 * @param {ImageBitmap} picture @param {{width: number, height: number}} image
 * @param {{width: number, height: number, ratio: number} | null} stage CSS pixels, and device pixels in one; null: not laid out yet
 * @returns {Promise<ImageBitmap | null>} null: the picture will do
 */
export async function fitted(picture, image, stage) {
  if (!stage) return null;
  const scale = wholeScale(image, stage) * stage.ratio;
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  if (picture.width < WORTH * width) return null;
  return createImageBitmap(picture, { resizeWidth: width, resizeHeight: height, resizeQuality: 'medium' });
}

/** Forget what an image is drawn from. */
export function closePictures(image) {
  image.picture?.close();
  image.small?.close();
}
