// Masks painted small, to lie over a thumbnail.

import { h } from './dom.js';
import { runsOf } from './rle.js';

const WIDTH = 240; // pixels of the painted overlay; the thumbnails have no more
const BEST = 25;
const HUES = [210, 30, 140, 330, 55, 265, 180, 0, 90, 295, 235, 15];

/**
 * A canvas with the best masks, best on top.
 * @param {{width: number, height: number, instances: {counts: string, hue?: number}[]}} image masks come best first; one without a hue gets
 *   one of its own
 */
export function painted({ width, height, instances }) {
  const scale = Math.min(1, WIDTH / Math.max(width, height));
  const canvas = h('canvas', {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  });
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(canvas.width, canvas.height);
  const colours = new Uint32Array(pixels.data.buffer);
  const best = instances.slice(0, BEST); // they come best first; more would leave nothing of the picture
  best.reverse().forEach((instance, place) => {
    paint(colours, canvas, instance.counts, { width, height }, colour(instance.hue ?? HUES[place % HUES.length]));
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** Fill the sampled pixels of one mask: only the runs of the columns that are shown are looked at. */
function paint(colours, canvas, counts, { width, height }, value) {
  const runs = runsOf(counts);
  let position = 0; // down the columns, background run first
  for (let index = 0; index + 1 < runs.length; index += 2) {
    const start = position + runs[index];
    position = start + runs[index + 1];
    for (let column = Math.floor(start / height); column * height < position; column += 1) {
      const x = Math.floor((column * canvas.width) / width);
      if (Math.ceil((x * width) / canvas.width) !== column) continue; // not the column that stands for x
      const top = Math.max(start - column * height, 0);
      const bottom = Math.min(position - column * height, height);
      const last = Math.ceil((bottom * canvas.height) / height);
      for (let y = Math.ceil((top * canvas.height) / height); y < last; y += 1) colours[y * canvas.width + x] = value;
    }
  }
}

/** A half-transparent colour as the little-endian 32 bits of RGBA. */
function colour(hue) {
  const channel = (shift) => {
    const k = (shift + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.42 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return ((150 << 24) | (channel(4) << 16) | (channel(8) << 8) | channel(0)) >>> 0;
}
