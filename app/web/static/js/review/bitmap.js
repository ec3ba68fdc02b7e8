// Masks as cropped bitmaps {x, y, w, h, data}: what every tool needs of them. Nothing here changes what it is given, but `stamp`.

/** @typedef {import('../rle.js').Bitmap} Bitmap */
/** @typedef {{width: number, height: number}} Size of an image, pixels */

/** @param {Bitmap} bitmap @returns {number} pixels */
export function areaOf({ data }) {
  let area = 0;
  for (let at = 0; at < data.length; at++) area += data[at];
  return area;
}

/** The same pixels in the smallest box. @param {Bitmap} bitmap @returns {Bitmap | null} null: there are none */
export function trim(bitmap) {
  const { w, h, data } = bitmap;
  let [left, top, right, bottom] = [w, -1, -1, -1];
  for (let row = 0; row < h; row++) {
    const first = data.indexOf(1, row * w) - row * w;
    if (first < 0) break; // no pixel from here on
    if (first >= w) continue;
    if (top < 0) top = row;
    bottom = row;
    left = Math.min(left, first);
    right = Math.max(right, data.lastIndexOf(1, row * w + w - 1) - row * w);
  }
  return top < 0 ? null : placed(bitmap, { x: bitmap.x + left, y: bitmap.y + top, w: right - left + 1, h: bottom - top + 1 });
}

/** The pixels that lie in another box. @param {Bitmap} bitmap @param {{x: number, y: number, w: number, h: number}} box @returns {Bitmap} */
export function placed(bitmap, { x, y, w, h }) {
  const data = new Uint8Array(w * h);
  const left = Math.max(x, bitmap.x);
  const right = Math.min(x + w, bitmap.x + bitmap.w);
  const bottom = Math.min(y + h, bitmap.y + bitmap.h);
  for (let row = Math.max(y, bitmap.y); left < right && row < bottom; row++) {
    const from = (row - bitmap.y) * bitmap.w - bitmap.x;
    data.set(bitmap.data.subarray(from + left, from + right), (row - y) * w + left - x);
  }
  return { x, y, w, h, data };
}

/** The pixels of any of them. @param {Bitmap[]} bitmaps one at least @returns {Bitmap} */
export function union(bitmaps) {
  const x = Math.min(...bitmaps.map((each) => each.x));
  const y = Math.min(...bitmaps.map((each) => each.y));
  const w = Math.max(...bitmaps.map((each) => each.x + each.w)) - x;
  const h = Math.max(...bitmaps.map((each) => each.y + each.h)) - y;
  const data = new Uint8Array(w * h);
  for (const each of bitmaps) {
    for (let row = 0, at = 0; row < each.h; row++) {
      let to = (each.y + row - y) * w + each.x - x;
      for (let column = 0; column < each.w; column++) data[to++] |= each.data[at++];
    }
  }
  return { x, y, w, h, data };
}

/** The pixels of the first that are not in the second. @param {Bitmap} bitmap @param {Bitmap} gone @returns {Bitmap} may be empty */
export function subtract(bitmap, gone) {
  const inside = placed(gone, bitmap).data;
  return { ...bitmap, data: bitmap.data.map((value, at) => value & ~inside[at]) };
}
