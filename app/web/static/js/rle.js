// COCO run-length encoding (compressed text, column-major, zeros first) <-> bitmaps cropped to their box.

/**
 * A mask's pixels inside its box.
 * @typedef {{x: number, y: number, w: number, h: number, data: Uint8Array}} Bitmap  data is row-major, 0 or 1
 */

/** Run lengths of COCO's compressed text. */
export function runsOf(counts) {
  const runs = [];
  let position = 0;
  while (position < counts.length) {
    let value = 0;
    let shift = 0;
    let code;
    do {
      code = counts.charCodeAt(position++) - 48;
      value |= (code & 31) << shift;
      shift += 5;
    } while (code & 32);
    if (code & 16 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}

/**
 * @param {string} counts compressed COCO RLE of an image `height` pixels high
 * @param {[number, number, number, number]} box x, y, width, height of the mask
 * @returns {Bitmap}
 */
export function decode(counts, height, [x, y, w, h]) {
  const data = new Uint8Array(w * h);
  let start = 0;
  let inside = false;
  for (const run of runsOf(counts)) {
    if (inside) {
      for (let at = start, end = start + run; at < end; ) {
        const column = Math.floor(at / height);
        const row = at - column * height;
        const length = Math.min(height - row, end - at);
        let cell = (row - y) * w + column - x;
        for (let k = 0; k < length; k++, cell += w) data[cell] = 1;
        at += length;
      }
    }
    start += run;
    inside = !inside;
  }
  return { x, y, w, h, data };
}

/**
 * @param {Bitmap} bitmap
 * @returns {string} compressed COCO RLE at the size of the image
 */
export function encode({ x, y, w, h, data }, height, width) {
  const runs = [];
  let run = 0;
  let inside = 0;
  const push = (value, length) => {
    if (length === 0) return;
    if (value !== inside) {
      runs.push(run);
      run = 0;
      inside = value;
    }
    run += length;
  };
  push(0, x * height);
  for (let column = 0; column < w; column++) {
    push(0, y);
    for (let row = 0; row < h; row++) push(data[row * w + column], 1);
    push(0, height - y - h);
  }
  push(0, (width - x - w) * height);
  runs.push(run);
  return compress(runs);
}

function compress(runs) {
  let text = '';
  runs.forEach((run, k) => {
    let value = k > 2 ? run - runs[k - 2] : run;
    let more = true;
    while (more) {
      const bits = value & 31;
      value >>= 5;
      more = bits & 16 ? value !== -1 : value !== 0;
      text += String.fromCharCode(bits + (more ? 32 : 0) + 48);
    }
  });
  return text;
}
