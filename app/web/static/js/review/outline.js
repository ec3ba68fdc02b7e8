// Outlines along pixel edges, as rings of corners: crisp at any zoom, and the number of parts and holes comes with them.

/**
 * The rings of a bitmap, inside on the right hand: parts (4-connected) run clockwise, holes the other way round.
 * @param {import('../rle.js').Bitmap} bitmap
 * @returns {{corners: number[], hole: boolean}[]} corners x0, y0, x1, y1, … in image pixels
 */
export function ringsOf({ x, y, w, h, data }) {
  const stride = w + 2;
  const grid = new Uint8Array(stride * (h + 2)); // a frame of background spares the tests for the border
  for (let row = 0; row < h; row++) grid.set(data.subarray(row * w, row * w + w), (row + 1) * stride + 1);
  // A corner is named by the pixel below and right of it. Directions: right, down, left, up.
  const step = [1, stride, -1, -stride];
  const aheadRight = [0, -1, -stride - 1, -stride];
  const aheadLeft = [-stride, 0, -1, -stride - 1];
  const rings = [];
  for (let start = stride + 1; start < grid.length - stride; start++) {
    // Each ring has an edge with background above; 2 marks those that were walked along.
    if (grid[start] !== 1 || grid[start - stride] & 1) continue;
    const corners = [];
    let area = 0;
    let at = start;
    let direction = 0;
    do {
      if (direction === 0) grid[at] |= 2;
      at += step[direction];
      if (direction === 0) area -= Math.floor(at / stride);
      else if (direction === 2) area += Math.floor(at / stride);
      if (!(grid[at + aheadRight[direction]] & 1)) direction = (direction + 1) & 3;
      else if (grid[at + aheadLeft[direction]] & 1) direction = (direction + 3) & 3;
      else continue;
      corners.push(x + (at % stride) - 1, y + Math.floor(at / stride) - 1);
    } while (at !== start || direction !== 0);
    rings.push({ corners, hole: area < 0 });
  }
  return rings;
}

/** @returns {{path: Path2D, parts: number, holes: number}} the outline, in image pixels */
export function outlineOf(bitmap) {
  const path = new Path2D();
  const rings = ringsOf(bitmap);
  for (const { corners } of rings) {
    path.moveTo(corners[0], corners[1]);
    for (let k = 2; k < corners.length; k += 2) path.lineTo(corners[k], corners[k + 1]);
    path.closePath();
  }
  const holes = rings.filter(({ hole }) => hole).length;
  return { path, parts: rings.length - holes, holes };
}

/** A point on the mask, for its sign: the middle of the longest run in the rows around the middle. */
export function anchorOf({ x, y, w, h, data }) {
  const rows = [0.5, 0.4, 0.6, 0.3, 0.7].map((share) => Math.min(h - 1, Math.floor(h * share)));
  const best = longestRun(data, w, rows) ?? longestRun(data, w, [...Array(h).keys()]);
  return [x + best.column, y + best.row + 0.5];
}

function longestRun(data, w, rows) {
  let best = null;
  for (const row of rows) {
    for (let column = 0, begin = -1; column <= w; column++) {
      const inside = column < w && data[row * w + column] === 1;
      if (inside && begin < 0) begin = column;
      if (inside || begin < 0) continue;
      if (column - begin > (best?.length ?? 0)) best = { length: column - begin, column: (begin + column) / 2, row };
      begin = -1;
    }
  }
  return best;
}
