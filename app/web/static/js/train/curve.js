// Curves as small pictures: the loss of a training against its steps, coverage against time.

const WIDTH = 600;
const HEIGHT = 140;
const NS = 'http://www.w3.org/2000/svg';

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {[number, number][]} points step and loss, in order. */
export function lossCurve(points) {
  const [first, last] = [points[0], points.at(-1)];
  return lineChart(points, Math.max(...points.map(([, loss]) => loss)),
    `Loss ${first[1].toFixed(2)} at step ${first[0]}, ${last[1].toFixed(2)} at step ${last[0]}`);
}

/** @param {[number, number][]} points minutes of review and share of the good proposals, in order. */
export function coverageCurve(points) {
  const percent = (share) => `${Math.round(100 * share)} %`;
  return lineChart(points, 1, `Coverage ${percent(points[0][1])} now, ${percent(points.at(-1)[1])} after ${Math.round(points.at(-1)[0])} minutes`);
}

/** @param {[number, number][]} points @param {number} highest value at the top @param {string} words below it */
function lineChart(points, highest, words) {
  const x = (value) => (WIDTH * value) / points.at(-1)[0];
  const y = (value) => HEIGHT - (HEIGHT * value) / highest;
  const line = points.map(([across, up]) => `${x(across).toFixed(1)},${y(up).toFixed(1)}`).join(' ');
  const picture = svg('svg', { viewBox: `0 -4 ${WIDTH} ${HEIGHT + 8}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
    svg('polyline', { points: line, fill: 'none', 'vector-effect': 'non-scaling-stroke' }));
  const figure = document.createElement('figure');
  figure.className = 'train-curve';
  const caption = document.createElement('figcaption');
  caption.textContent = words;
  figure.append(picture, caption);
  return figure;
}
