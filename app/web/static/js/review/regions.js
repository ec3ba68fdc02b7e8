// Parts and holes of masks. A part is connected by the sides of its pixels (4-neighbourhood), as its outline shows it; a hole is
// background that cannot reach the outside even over corners (8-neighbourhood). Growing and shrinking go over sides too.

import { placed, trim } from './bitmap.js';

/** @typedef {import('../rle.js').Bitmap} Bitmap */

/** @param {Bitmap} bitmap @returns {Bitmap[]} its connected parts, the largest first */
export function partsOf(bitmap) {
  const { labels, count } = labelled(bitmap);
  return bySize(bitmap, labels, [...Array(count).keys()].map((index) => index + 1));
}

/** The bitmap without holes. @param {Bitmap} bitmap @returns {Bitmap} */
export function fillHoles(bitmap) {
  const { w, h, data } = bitmap;
  const stride = w + 2;
  const grid = new Uint8Array(stride * (h + 2)); // with a frame of outside: 0 unseen background, 1 mask, 2 outside
  for (let row = 0; row < h; row++) grid.set(data.subarray(row * w, row * w + w), (row + 1) * stride + 1);
  const steps = [1, -1, stride, -stride, stride + 1, stride - 1, -stride + 1, -stride - 1];
  const stack = [0];
  grid[0] = 2;
  while (stack.length) {
    const at = stack.pop();
    for (const step of steps) {
      const next = at + step;
      if (next < 0 || next >= grid.length || grid[next]) continue;
      grid[next] = 2;
      stack.push(next);
    }
  }
  const filled = new Uint8Array(w * h);
  for (let row = 0, at = 0; row < h; row++) {
    for (let column = 0; column < w; column++, at++) filled[at] = grid[(row + 1) * stride + column + 1] === 2 ? 0 : 1;
  }
  return { ...bitmap, data: filled };
}

/** One pixel more on every side, inside the image. @param {Bitmap} bitmap @param {{width: number, height: number}} image @returns {Bitmap} */
export function grow(bitmap, image) {
  const x = Math.max(0, bitmap.x - 1);
  const y = Math.max(0, bitmap.y - 1);
  const w = Math.min(image.width, bitmap.x + bitmap.w + 1) - x;
  const h = Math.min(image.height, bitmap.y + bitmap.h + 1) - y;
  const { data } = placed(bitmap, { x, y, w, h });
  const grown = new Uint8Array(data);
  for (let row = 0, at = 0; row < h; row++) {
    for (let column = 0; column < w; column++, at++) {
      if (!data[at]) continue;
      if (column > 0) grown[at - 1] = 1;
      if (column < w - 1) grown[at + 1] = 1;
      if (row > 0) grown[at - w] = 1;
      if (row < h - 1) grown[at + w] = 1;
    }
  }
  return { x, y, w, h, data: grown };
}

/** One pixel less on every side, but not along the border of the image. @returns {Bitmap} may be empty */
export function shrink(bitmap, image) {
  const { x, y, w, h, data } = bitmap;
  const shrunk = new Uint8Array(data.length);
  for (let row = 0, at = 0; row < h; row++) {
    const above = row > 0 ? -w : y === 0 ? 0 : NaN; // over the border of the image a pixel is its own neighbour
    const below = row < h - 1 ? w : y + h === image.height ? 0 : NaN;
    for (let column = 0; column < w; column++, at++) {
      const left = column > 0 ? -1 : x === 0 ? 0 : NaN;
      const right = column < w - 1 ? 1 : x + w === image.width ? 0 : NaN;
      shrunk[at] = data[at] && data[at + above] && data[at + below] && data[at + left] && data[at + right] ? 1 : 0;
    }
  }
  return { ...bitmap, data: shrunk };
}

/**
 * Cut a mask along a line. No pixel is lost: those under the line go to the piece that is nearest. What the line does not cut
 * through stays together with the largest piece, and so do slivers that lie along the line.
 * @param {Bitmap} bitmap @param {[number, number][]} points of the line, in image pixels
 * @returns {Bitmap[] | null} the rest and the pieces cut off; null: the line cuts nothing off
 */
export function cut(bitmap, points) {
  const { data } = bitmap;
  const line = cellsOf(bitmap, points);
  const open = { ...bitmap, data: new Uint8Array(data) };
  for (const cell of line) open.data[cell] = 0;
  const whole = labelled(bitmap).labels;
  const { labels, count } = labelled(open);
  const pieces = Array.from({ length: count + 1 }, () => ({ area: 0, whole: 0, body: false }));
  labels.forEach((label, cell) => {
    if (!label) return;
    const piece = pieces[label];
    piece.area++;
    piece.whole = whole[cell];
    piece.body ||= !besideLine(bitmap, line, cell);
  });
  const cutOff = chosen(pieces);
  if (!cutOff.size) return null;
  labels.forEach((label, cell) => {
    if (label && pieces[label].sliver) labels[cell] = 0;
  });
  flood(bitmap, labels);
  const rest = labels.map((label) => (cutOff.has(label) ? label : 0));
  const kept = trim({ ...bitmap, data: data.map((value, cell) => (value && !rest[cell] ? 1 : 0)) });
  return [kept, ...bySize(bitmap, rest, [...cutOff])];
}

/** Which pieces become masks of their own; marks the slivers. @returns {Set<number>} labels */
function chosen(pieces) {
  const byWhole = new Map();
  pieces.forEach((piece, label) => label && byWhole.set(piece.whole, [...(byWhole.get(piece.whole) ?? []), label]));
  const candidates = [];
  for (const labels of byWhole.values()) {
    const bodies = labels.filter((label) => pieces[label].body);
    const real = bodies.length ? bodies : labels; // a thin mask has nothing but slivers
    if (real.length < 2) continue;
    for (const label of labels) if (!real.includes(label)) pieces[label].sliver = true;
    candidates.push(...real);
  }
  candidates.sort((a, b) => pieces[b].area - pieces[a].area || a - b);
  return new Set(candidates.slice(1));
}

/** Give pixels without a label that of the nearest one that has, over sides. */
function flood({ w, h, data }, labels) {
  let front = [];
  for (let cell = 0; cell < labels.length; cell++) if (labels[cell]) front.push(cell);
  while (front.length) {
    const next = [];
    for (const cell of front) {
      const column = cell % w;
      const sides = [column > 0 ? cell - 1 : -1, column < w - 1 ? cell + 1 : -1, cell - w, cell + w < w * h ? cell + w : -1];
      for (const side of sides) {
        if (side < 0 || !data[side] || labels[side]) continue;
        labels[side] = labels[cell];
        next.push(side);
      }
    }
    front = next;
  }
}

/** Cells of a mask's box under a line, each a corner or a side from the one before. @returns {Set<number>} */
function cellsOf({ x, y, w, h }, points) {
  const cells = new Set();
  const add = (column, row) => column >= 0 && row >= 0 && column < w && row < h && cells.add(row * w + column);
  const pixels = points.map((point) => [Math.floor(point[0]) - x, Math.floor(point[1]) - y]);
  pixels.forEach(([column, row], index) => {
    const [toColumn, toRow] = pixels[index + 1] ?? [column, row];
    const steps = Math.max(Math.abs(toColumn - column), Math.abs(toRow - row), 1);
    for (let step = 0; step <= steps; step++) {
      add(Math.round(column + ((toColumn - column) * step) / steps), Math.round(row + ((toRow - row) * step) / steps));
    }
  });
  return cells;
}

function besideLine({ w, h }, line, cell) {
  const column = cell % w;
  const row = Math.floor(cell / w);
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      const [c, r] = [column + dx, row + dy];
      if (c >= 0 && r >= 0 && c < w && r < h && line.has(r * w + c)) return true;
    }
  }
  return false;
}

/** Number the connected parts. @returns {{labels: Int32Array, count: number}} 0 is background, parts are 1 to count */
function labelled({ w, h, data }) {
  const labels = new Int32Array(w * h);
  const stack = [];
  let count = 0;
  const visit = (cell) => {
    if (!data[cell] || labels[cell]) return;
    labels[cell] = count;
    stack.push(cell);
  };
  for (let start = 0; start < labels.length; start++) {
    if (!data[start] || labels[start]) continue;
    count++;
    visit(start);
    while (stack.length) {
      const cell = stack.pop();
      const column = cell % w;
      if (column > 0) visit(cell - 1);
      if (column < w - 1) visit(cell + 1);
      if (cell >= w) visit(cell - w);
      if (cell + w < labels.length) visit(cell + w);
    }
  }
  return { labels, count };
}

/** The pixels of some labels as bitmaps, the largest first. @returns {Bitmap[]} */
function bySize({ x, y, w }, labels, wanted) {
  const boxes = new Map(wanted.map((label) => [label, { left: Infinity, top: Infinity, right: -1, bottom: -1, area: 0 }]));
  labels.forEach((label, cell) => {
    const box = boxes.get(label);
    if (!box) return;
    const [column, row] = [cell % w, Math.floor(cell / w)];
    box.left = Math.min(box.left, column);
    box.right = Math.max(box.right, column);
    box.top = Math.min(box.top, row);
    box.bottom = row;
    box.area++;
  });
  return [...boxes].sort(([a, first], [b, second]) => second.area - first.area || a - b).map(([label, { left, top, right, bottom }]) => {
    const [wide, high] = [right - left + 1, bottom - top + 1];
    const data = new Uint8Array(wide * high);
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) data[row * wide + column] = labels[(row + top) * w + column + left] === label ? 1 : 0;
    }
    return { x: x + left, y: y + top, w: wide, h: high, data };
  });
}
