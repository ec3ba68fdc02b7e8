// Outlines along pixel edges as Path2D: crisp at any zoom.

/** @param {import('../rle.js').Bitmap} bitmap */
export function outlineOf({ x, y, w, h, data }) {
  const path = new Path2D();
  for (let row = 0; row <= h; row++) {
    let begin = -1;
    for (let column = 0; column <= w; column++) {
      const edge =
        column < w && (row < h ? data[row * w + column] : 0) !== (row > 0 ? data[(row - 1) * w + column] : 0);
      if (edge && begin < 0) begin = column;
      else if (!edge && begin >= 0) {
        path.moveTo(x + begin, y + row);
        path.lineTo(x + column, y + row);
        begin = -1;
      }
    }
  }
  for (let column = 0; column <= w; column++) {
    let begin = -1;
    for (let row = 0; row <= h; row++) {
      const edge =
        row < h && (column < w ? data[row * w + column] : 0) !== (column > 0 ? data[row * w + column - 1] : 0);
      if (edge && begin < 0) begin = row;
      else if (!edge && begin >= 0) {
        path.moveTo(x + column, y + begin);
        path.lineTo(x + column, y + row);
        begin = -1;
      }
    }
  }
  return path;
}

/** Number of 4-connected parts and of holes of a bitmap: what the line under the canvas says. */
export function partsAndHoles({ w, h, data }) {
  const grid = new Uint8Array((w + 2) * (h + 2));
  for (let row = 0; row < h; row++) grid.set(data.subarray(row * w, row * w + w), (row + 1) * (w + 2) + 1);
  let parts = 0;
  let backgrounds = 0;
  const stack = [];
  const stride = w + 2;
  for (let start = 0; start < grid.length; start++) {
    const kind = grid[start];
    if (kind > 1) continue;
    if (kind === 1) parts++;
    else backgrounds++;
    grid[start] = kind + 2;
    stack.push(start);
    while (stack.length) {
      const at = stack.pop();
      const column = at % stride;
      const near = [at - stride, at + stride, column > 0 ? at - 1 : -1, column < stride - 1 ? at + 1 : -1];
      if (kind === 0) {
        // holes are 8-connected where parts are 4-connected
        for (const side of [-stride, stride]) {
          if (column > 0) near.push(at + side - 1);
          if (column < stride - 1) near.push(at + side + 1);
        }
      }
      for (const next of near) {
        if (next >= 0 && next < grid.length && grid[next] === kind) {
          grid[next] = kind + 2;
          stack.push(next);
        }
      }
    }
  }
  return { parts, holes: backgrounds - 1 };
}
