// Which masks lie under a point: smallest first, so that small masks under large ones can be reached.

/** @param {object[]} masks with box, area, bitmap @returns {object[]} smallest first */
export function masksAt(masks, imageX, imageY) {
  const [column, row] = [Math.floor(imageX), Math.floor(imageY)];
  return masks
    .filter(({ bitmap: { x, y, w, h, data } }) => {
      const [dx, dy] = [column - x, row - y];
      return dx >= 0 && dy >= 0 && dx < w && dy < h && data[dy * w + dx] === 1;
    })
    .sort((a, b) => a.area - b.area);
}

/** The mask a click selects: the smallest, or, clicked again, the next larger one, then the smallest again. */
export function nextAt(found, selected) {
  return found.length ? found[(found.indexOf(selected) + 1) % found.length] : null;
}
