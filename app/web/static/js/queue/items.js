// How an image looks in the queue: as a row of the list or a card of the grid.

import { h } from '../dom.js';

const STATUS = {
  new: { word: 'no proposals', sign: '·' },
  todo: { word: 'to do', sign: '○' },
  doing: { word: 'begun', sign: '◐' },
  done: { word: 'done', sign: '✓' },
  error: { word: 'unreadable', sign: '!' },
};
const SIGNS = { accepted: '✓', rejected: '✕', unsure: '?', pending: '○' };

/** Size of an item in CSS pixels; a width of 0 fills the row. */
export const SHAPES = { list: { height: 64, width: 0 }, grid: { height: 176, width: 188 } };

/**
 * @param {object | null} image null while it is fetched
 * @param {{layout: 'list' | 'grid', index: number, total: number, active: boolean, others: string[], thumbnail: (image: object) => string}} how
 */
export function itemOf(image, { layout, index, total, active, others, thumbnail }) {
  const attributes = {
    class: `queue-item as-${layout} ${image ? `is-${image.status}` : 'is-loading'}`, role: 'option', id: `queue-item-${index}`,
    data: { index }, 'aria-selected': String(active), 'aria-posinset': index + 1, 'aria-setsize': total,
  };
  if (!image) return h('div', { ...attributes, 'aria-label': 'Loading' });
  const { word, sign } = STATUS[image.status];
  const status = h('span', { class: 'queue-status' }, h('i', { 'aria-hidden': 'true' }, sign), word);
  const here = others.length ? h('b', { class: 'queue-here', title: `Open at ${others.join(', ')}` }, others.join(', ')) : null;
  const name = h('span', { class: 'queue-name', title: image.name }, here, image.name);
  const facts = h('small', {}, image.error || `${image.width} × ${image.height}`, alike(image));
  const picture = pictureOf(image, thumbnail);
  if (layout === 'grid') return h('div', attributes, picture, shares(image), h('span', { class: 'queue-title' }, name, alike(image)), h('span', { class: 'queue-foot' }, status, counts(image)));
  return h('div', attributes, picture, h('span', { class: 'queue-words' }, name, facts), shares(image), counts(image), status);
}

function pictureOf(image, thumbnail) {
  if (image.status === 'error') return h('span', { class: 'no-picture', 'aria-hidden': 'true' }, '!');
  return h('img', { src: thumbnail(image), alt: '', loading: 'lazy', decoding: 'async' });
}

/** The mark of an image of which there are near-duplicates. */
function alike({ alike: number }) {
  return number ? h('span', { class: 'queue-alike', title: `${number} images look alike` }, `≈ ${number} look alike`) : null;
}

function counts(image) {
  const count = ([state, sign]) =>
    image[state] ? h('span', { class: `count is-${state}`, title: `${image[state]} ${state}` }, `${sign} ${image[state]}`) : null;
  return h('span', { class: 'queue-counts' }, ...Object.entries(SIGNS).map(count));
}

/** A bar of the masks by state. */
function shares(image) {
  const part = (state) => (image[state] ? h('i', { class: state, style: `flex: ${image[state]}` }) : null);
  return h('span', { class: 'queue-shares', 'aria-hidden': 'true' }, ...Object.keys(SIGNS).map(part));
}
