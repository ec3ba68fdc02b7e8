// The loss of a training against its steps, as a small picture.

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
  const last = points.at(-1);
  const highest = Math.max(...points.map(([, loss]) => loss));
  const x = (step) => (WIDTH * step) / last[0];
  const y = (loss) => HEIGHT - (HEIGHT * loss) / highest;
  const line = points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
  const words = `Loss ${points[0][1].toFixed(2)} at step ${points[0][0]}, ${last[1].toFixed(2)} at step ${last[0]}`;
  const picture = svg('svg', { viewBox: `0 -4 ${WIDTH} ${HEIGHT + 8}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
    svg('polyline', { points: line, fill: 'none', 'vector-effect': 'non-scaling-stroke' }));
  const figure = document.createElement('figure');
  figure.className = 'train-curve';
  const caption = document.createElement('figcaption');
  caption.textContent = words;
  figure.append(picture, caption);
  return figure;
}
