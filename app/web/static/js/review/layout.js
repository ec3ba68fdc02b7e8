// The elements of the Review screen.

import { h } from '../dom.js';

const TOOLS = [
  ['accept', 'F', 'Accept', '✓', 'good'],
  ['reject', 'R', 'Reject', '✕', 'bad'],
  ['unsure', 'S', 'Unsure', '?', 'warn'],
  null,
  ['accept-all', '⇧F', 'Accept all', '✓✓', 'good'],
  ['reject-all', '⇧R', 'Reject all', '✕✕', 'bad'],
  null,
  ['undo', '⌃Z', 'Undo', '↶'],
  ['redo', '⌃⇧Z', 'Redo', '↷'],
  null,
  ['zoom-mask', 'Z', 'Zoom', '⊕'],
  ['zoom-fit', '⇧Z', 'Whole', '▣'],
  ['outline', 'O', 'Outline', '▢'],
  ['isolate', 'W', 'Isolate', '◉'],
  ['show-rejected', 'G', 'Rejected', '⊘'],
];

/** Buttons that stay pressed; what they show is kept in step by `press`. */
const TOGGLES = new Set(['outline', 'isolate', 'show-rejected']);

/** @param {HTMLElement} element is filled @param {(action: string) => void} act */
export function layOut(element, act) {
  const tool = (entry) => {
    if (!entry) return h('hr', { 'aria-hidden': 'true' });
    const [action, key, label, icon, kind] = entry;
    return h(
      'button',
      {
        type: 'button', class: `tool ${kind ?? ''}`, title: `${label} (${key})`, data: { action },
        'aria-pressed': TOGGLES.has(action) ? 'false' : null, onclick: () => act(action),
      },
      h('span', { class: 'icon', 'aria-hidden': 'true' }, icon), h('span', { class: 'word' }, label), h('kbd', { 'aria-hidden': 'true' }, key),
    );
  };
  const step = (action, label, sign) =>
    h('button', { type: 'button', class: 'step', title: label, 'aria-label': label, onclick: () => act(action) }, sign);
  const parts = {
    canvas: h('canvas', { role: 'img', 'aria-label': 'No image' }),
    message: h('div', { class: 'review-message', hidden: true }),
    name: h('span', { class: 'image-name' }),
    place: h('span', { class: 'image-place' }),
    line: h('div', { class: 'mask-line' }),
    live: h('div', { class: 'visually-hidden', 'aria-live': 'polite' }),
    notice: h('div', { class: 'notice', role: 'status', hidden: true }),
    counts: h('div', { class: 'counts' }),
    histogram: h('div', { class: 'histogram' }),
    list: h('div', { class: 'mask-list' }),
    categories: h('div', { class: 'categories' }),
    film: h('div', { class: 'filmstrip', role: 'group', 'aria-label': 'Images around this one' }),
  };
  const stage = h('div', { class: 'stage' }, parts.canvas, parts.message, parts.notice);
  const head = h(
    'div', { class: 'image-head' },
    step('previous-image', 'Previous image (A)', '‹'), step('next-image', 'Next image (D)', '›'), parts.name, parts.place,
    h('button', { type: 'button', class: 'finish', title: 'Image is finished (Enter)', onclick: () => act('finish') }, 'Finish image ', h('kbd', {}, 'Enter')),
  );
  element.classList.add('review');
  element.replaceChildren(
    h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Tools', 'aria-orientation': 'vertical' }, ...TOOLS.map(tool)),
    h('div', { class: 'centre' }, head, stage, parts.line, parts.film),
    h('aside', { class: 'side', 'aria-label': 'Masks' }, parts.counts, parts.histogram, parts.list, parts.categories),
    parts.live,
  );
  parts.press = (action, on) => element.querySelector(`[data-action="${action}"]`)?.setAttribute('aria-pressed', String(on));
  return parts;
}
