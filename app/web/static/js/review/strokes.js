// What a moving hand covers: a round brush along its way, and what a loop encloses. A pixel counts when its centre does.

import { placed } from './bitmap.js';

const ROOM = 96; // pixels that a growing bitmap gets beyond what it needs, so that it seldom grows

/** The middle of the pixel that a point lies in: a brush covers the pixel under the pointer whatever its size. */
const centred = ([x, y]) => [Math.floor(x) + 0.5, Math.floor(y) + 0.5];

/**
 * The box that a brush touches on its way.
 * @param {[number, number]} from image pixels @param {[number, number]} to @param {number} size diameter @param {{width: number, height: number}} image
 * @returns {{x: number, y: number, w: number, h: number}} inside the image; w or h may be 0 or less
 */
export function boxOf(from, to, size, image) {
  const [[ax, ay], [bx, by]] = [centred(from), centred(to)];
  const x = Math.max(0, Math.floor(Math.min(ax, bx) - size / 2));
  const y = Math.max(0, Math.floor(Math.min(ay, by) - size / 2));
  return {
    x, y,
    w: Math.min(image.width, Math.ceil(Math.max(ax, bx) + size / 2)) - x,
    h: Math.min(image.height, Math.ceil(Math.max(ay, by) + size / 2)) - y,
  };
}

/** The bitmap in a box that holds another box too. @param {import('../rle.js').Bitmap} bitmap @returns {import('../rle.js').Bitmap} */
export function roomFor(bitmap, { x, y, w, h }, image) {
  const { x: left, y: top, w: wide, h: high } = bitmap;
  if (x >= left && y >= top && x + w <= left + wide && y + h <= top + high) return bitmap;
  const box = { x: Math.max(0, Math.min(left, x - ROOM)), y: Math.max(0, Math.min(top, y - ROOM)) };
  box.w = Math.min(image.width, Math.max(left + wide, x + w + ROOM)) - box.x;
  box.h = Math.min(image.height, Math.max(top + high, y + h + ROOM)) - box.y;
  return placed(bitmap, box);
}

/**
 * Set the pixels within half a size of the way from one point to another. Changes the bitmap; what lies outside of its box is lost.
 * @param {import('../rle.js').Bitmap} bitmap @param {0 | 1} value
 */
export function stamp(bitmap, from, to, size, value) {
  const [[ax, ay], [bx, by]] = [centred(from), centred(to)];
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy || 1;
  const reach = (size * size) / 4;
  const top = Math.max(bitmap.y, Math.floor(Math.min(ay, by) - size / 2));
  const bottom = Math.min(bitmap.y + bitmap.h, Math.ceil(Math.max(ay, by) + size / 2));
  const left = Math.max(bitmap.x, Math.floor(Math.min(ax, bx) - size / 2));
  const right = Math.min(bitmap.x + bitmap.w, Math.ceil(Math.max(ax, bx) + size / 2));
  for (let row = top; row < bottom; row++) {
    const py = row + 0.5 - ay;
    const line = (row - bitmap.y) * bitmap.w - bitmap.x;
    for (let column = left; column < right; column++) {
      const px = column + 0.5 - ax;
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const [ex, ey] = [px - along * dx, py - along * dy];
      if (ex * ex + ey * ey <= reach) bitmap.data[line + column] = value;
    }
  }
}

/**
 * What a closed loop goes round, crossings and all (non-zero winding).
 * @param {[number, number][]} points corners in image pixels @param {{width: number, height: number}} image
 * @returns {import('../rle.js').Bitmap | null} null: no pixel's centre is inside
 */
export function enclosed(points, image) {
  const ys = points.map(([, y]) => y);
  const xs = points.map(([x]) => x);
  const [x, y] = [Math.max(0, Math.floor(least(xs))), Math.max(0, Math.floor(least(ys)))];
  const w = Math.min(image.width, Math.ceil(most(xs))) - x;
  const h = Math.min(image.height, Math.ceil(most(ys))) - y;
  if (w <= 0 || h <= 0) return null;
  const crossings = crossingsOf(points, y, h);
  const data = new Uint8Array(w * h);
  crossings.forEach((row, index) => {
    row.sort((a, b) => a.at - b.at);
    let winding = 0;
    for (let k = 0; k + 1 < row.length; k++) {
      winding += row[k].turn;
      if (!winding) continue;
      const from = Math.max(0, Math.ceil(row[k].at - 0.5) - x); // the first centre at or right of the crossing
      const to = Math.min(w, Math.ceil(row[k + 1].at - 0.5) - x);
      if (from < to) data.fill(1, index * w + from, index * w + to);
    }
  });
  return data.includes(1) ? { x, y, w, h, data } : null;
}

/** Where a loop crosses the middle of each row, and whether downwards or upwards. */
function crossingsOf(points, y, h) {
  const rows = Array.from({ length: h }, () => []);
  points.forEach(([ax, ay], index) => {
    const [bx, by] = points[(index + 1) % points.length];
    const turn = by > ay ? 1 : -1;
    const first = Math.max(0, Math.ceil(Math.min(ay, by) - 0.5) - y);
    const last = Math.min(h, Math.ceil(Math.max(ay, by) - 0.5) - y);
    for (let row = first; row < last; row++) rows[row].push({ at: ax + ((row + y + 0.5 - ay) / (by - ay)) * (bx - ax), turn });
  });
  return rows;
}

const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity); // long loops do not fit into arguments
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
