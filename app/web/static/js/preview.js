// A grid of small pictures with their masks painted over: what a proposer has found, at a glance.

import { Api } from './api.js';
import { h } from './dom.js';
import { painted } from './painted.js';

/**
 * @param {Element} element to be filled
 * @param {{api: string}} options
 * @returns {{show: (ids: number[]) => void}} show these images in this order; cards that are there stay as they are
 */
export function mountPreview(element, { api: base }) {
  const api = new Api(base);
  const cards = new Map(); // id -> {card, masks}
  const grid = h('div', { class: 'preview' });
  element.replaceChildren(grid);
  let wanted = '';

  async function show(ids) {
    wanted = ids.join();
    const asked = wanted;
    for (const [id, { card }] of cards) {
      if (!ids.includes(id)) {
        card.remove();
        cards.delete(id);
      }
    }
    for (const id of ids) {
      await refresh(id); // one after another: a proposer is at work on the same cores
      if (wanted !== asked) return;
      grid.append(cards.get(id).card);
    }
  }

  async function refresh(id) {
    const known = cards.get(id);
    if (known && known.masks > 0) return;
    const image = await api.get(`/images/${id}`);
    const card = makeCard(image, api);
    known?.card.replaceWith(card);
    cards.set(id, { card, masks: image.instances.length });
  }

  return { show };
}

function makeCard(image, api) {
  const count = image.instances.length;
  const masks = count === 1 ? '1 mask' : `${count} masks`;
  const picture = h('span', { class: 'picture' });
  if (!image.error) {
    picture.append(h('img', { src: api.thumbnailUrl(image.id, image.version), alt: '' }), painted(image));
  }
  return h(
    'a',
    { href: `#/review/${image.id}`, class: 'shot' },
    picture,
    h('span', { class: 'name' }, image.name),
    h('span', { class: 'facts' }, image.error ? 'not readable' : count ? masks : 'waiting'),
  );
}
