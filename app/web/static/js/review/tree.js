// Which masks of an image lie in which: parts in wholes, and the same thing found several times.

const WITHIN = 0.9; // share of a mask inside another one from which it is a part of it
const SAME = 0.9; // IoU from which two masks are one thing
const SAMPLES = 400; // pixels of a mask that are looked at: plenty for a share of 0.9

/**
 * @typedef {object} Tree
 * @property {Map<object, object>} wholes mask -> the smallest larger one around it
 * @property {Map<object, object[]>} parts mask -> those directly in it, largest first
 * @property {Map<object, object>} same mask -> the better one that shows the same
 */

/** @param {object[]} masks best first, with bitmap and area @returns {Tree} */
export function treeOf(masks) {
  const samples = new Map(masks.map((mask) => [mask, samplesOf(mask.bitmap)]));
  const same = new Map();
  const kept = [];
  for (const mask of masks) {
    const better = kept.find((each) => iouOf(mask, each, samples) >= SAME);
    if (better) same.set(mask, better);
    else kept.push(mask);
  }
  const bySize = [...kept].sort((a, b) => a.area - b.area);
  const wholes = new Map();
  const parts = new Map();
  bySize.forEach((mask, place) => {
    const whole = bySize.slice(place + 1).find((larger) => larger.area > mask.area && shareIn(samples.get(mask), mask.bbox, larger) >= WITHIN);
    if (!whole) return;
    wholes.set(mask, whole);
    parts.set(whole, [mask, ...(parts.get(whole) ?? [])]);
  });
  return { wholes, parts, same };
}

/** The part or the whole of a mask; null where there is none. A mask shown as another one has that one's. */
export function neighbourIn({ wholes, parts, same }, mask, larger) {
  const shown = same.get(mask) ?? mask;
  return (larger ? wholes.get(shown) : parts.get(shown)?.[0]) ?? null;
}

/** Where a mask lies, in few words: in another one, the same as a better one, or how many others are the same as it. */
export function placeIn({ wholes, same }, mask) {
  if (same.has(mask)) return `= #${same.get(mask).number}`;
  const others = [...same.values()].filter((better) => better === mask).length;
  return [wholes.has(mask) ? `in #${wholes.get(mask).number}` : '', others ? `+${others}` : ''].filter(Boolean).join(' ');
}

/** Pixels spread evenly over a mask, x and y in turn. */
function samplesOf({ x, y, w, h, data }) {
  let area = 0;
  for (let at = 0; at < data.length; at++) area += data[at];
  const step = Math.max(1, area / SAMPLES);
  const found = [];
  for (let at = 0, seen = 0, next = step / 2; at < w * h; at++) {
    if (!data[at] || ++seen < next) continue;
    found.push(x + (at % w), y + Math.floor(at / w));
    next += step;
  }
  return found;
}

function iouOf(a, b, samples) {
  const [small, large] = a.area < b.area ? [a, b] : [b, a];
  if (small.area < SAME * large.area) return 0;
  const common = shareIn(samples.get(small), small.bbox, large) * small.area;
  return common / (a.area + b.area - common);
}

/** Share of samples that lie in a mask. */
function shareIn(points, [left, top, width, height], { bitmap: { x, y, w, h, data } }) {
  if (left >= x + w || top >= y + h || left + width <= x || top + height <= y) return 0;
  let inside = 0;
  for (let at = 0; at < points.length; at += 2) {
    const [dx, dy] = [points[at] - x, points[at + 1] - y];
    if (dx >= 0 && dy >= 0 && dx < w && dy < h) inside += data[dy * w + dx];
  }
  return (2 * inside) / points.length;
}
