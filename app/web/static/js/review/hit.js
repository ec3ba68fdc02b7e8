// Which masks lie under a point: smallest first, so that small masks under large ones can be reached.

/**
 * @param {Iterable<object>} masks with area and bitmap
 * @param {number} reach image pixels around a tiny mask that count as it, so that one pixel of a large image can be clicked
 * @returns {object[]} smallest first
 */
export function masksAt(masks, imageX, imageY, reach = 0) {
  const [column, row] = [Math.floor(imageX), Math.floor(imageY)];
  const found = [];
  for (const mask of masks) {
    const { x, y, w, h, data } = mask.bitmap;
    const [dx, dy] = [column - x, row - y];
    if (dx >= 0 && dy >= 0 && dx < w && dy < h) {
      if (data[dy * w + dx] === 1) found.push(mask);
    } else if (Math.max(w, h) < reach && dx >= -reach && dy >= -reach && dx < w + reach && dy < h + reach) found.push(mask);
  }
  return found.sort((a, b) => a.area - b.area);
}

/** The mask a click selects: the smallest, or, clicked again, the next larger one, then the smallest again. */
export function nextAt(found, selected) {
  return found.length ? found[(found.indexOf(selected) + 1) % found.length] : null;
}
