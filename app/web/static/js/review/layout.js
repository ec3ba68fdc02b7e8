// The elements of the Review screen.

import { h } from '../dom.js';
import { icon } from './icons.js';
import { keyOf } from './keymap.js';

/** Buttons of the rail: action, word, kind; null is a line between groups. */
const TOOLS = [
  ['accept', 'Accept', 'good always'],
  ['reject', 'Reject', 'bad always'],
  ['unsure', 'Unsure', 'warn always'],
  ['undo', 'Undo', 'always'],
  ['redo', 'Redo', ''],
  null,
  ['accept-all', 'Accept all', 'good'],
  ['reject-all', 'Reject all', 'bad'],
  ['auto-advance', 'Advance', 'toggle'],
  null,
  ['refine', 'Refine', 'toggle small'],
  ['new-by-click', 'New', 'toggle small'],
  ['brush', 'Brush', 'toggle small'],
  ['eraser', 'Eraser', 'toggle small'],
  ['lasso', 'Lasso', 'toggle small'],
  ['cut', 'Cut', 'toggle small'],
  ['merge', 'Merge', 'small'],
  ['split-parts', 'Split parts', 'small'],
  ['fill-holes', 'Fill holes', 'small'],
  ['largest-part', 'Largest part', 'small'],
  ['grow', 'Grow', 'small'],
  ['shrink', 'Shrink', 'small'],
  null,
  ['next-missed', 'Missed', ''],
  ['zoom-mask', 'Zoom', ''],
  ['zoom-fit', 'Whole', ''],
  ['outline', 'Outline', 'toggle'],
  ['isolate', 'Isolate', 'toggle'],
  ['show-rejected', 'Rejected', 'toggle'],
  ['picture', 'Picture', 'toggle'],
  ['history', 'History', ''],
];

/** A click with the mouse leaves the focus where it is, so that the keys stay with the masks. */
const keepFocus = (event) => event.preventDefault();

/** @param {HTMLElement} element is filled @param {(action: string) => void} act */
export function layOut(element, act) {
  const parts = { ...makeImageParts(), ...makeMaskParts() };
  element.classList.add('review');
  element.replaceChildren(
    h(
      'div', { class: 'tools', role: 'toolbar', 'aria-label': 'Tools' },
      ...TOOLS.map((entry) => tool(entry, act)), drawer(element, 'masks', 'Masks', 'list'), drawer(element, 'tools', 'More', 'grid'),
    ),
    h('div', { class: 'centre' }, head(parts, act), parts.stage, parts.line, parts.film),
    h('aside', { class: 'side', 'aria-label': 'Masks' }, parts.counts, parts.histogram, parts.list, parts.categories),
    parts.live,
  );
  showKeys(element);
  parts.press = (action, on) => element.querySelector(`[data-action="${action}"]`).setAttribute('aria-pressed', String(on));
  /** A tool taken by keys on its button leaves the keys with the canvas. */
  parts.toCanvas = () => element.querySelector('.tools').contains(document.activeElement) && parts.marks.focus({ preventScroll: true });
  /** What F6 goes through: parts of the screen, and what gets the focus in each. */
  parts.stops = () =>
    [
      [parts.marks, parts.marks],
      ...['.tools', '.image-head'].map((part) => [element.querySelector(part), element.querySelector(`${part} button`)]),
      [parts.film, parts.film.querySelector('[aria-current]')],
      [parts.histogram, parts.histogram.querySelector('input:enabled')],
      [parts.list, parts.list],
      [parts.categories, parts.categories.querySelector('button, input')],
    ].filter(([, target]) => target);
  return parts;
}

/** Bring what buttons say of their keys to the table of keys. */
export function showKeys(element) {
  for (const button of element.querySelectorAll('[data-action][data-word]')) {
    const { action, word } = button.dataset;
    const key = keyOf(action);
    button.title = key ? `${word} (${key})` : word;
    const sign = button.querySelector('kbd');
    if (sign) sign.textContent = key;
  }
}

function makeImageParts() {
  const layer = (name) => h('canvas', { class: `layer ${name}`, 'aria-hidden': 'true' });
  const parts = {
    picture: layer('picture'),
    masks: layer('masks'),
    marks: h('canvas', { class: 'layer marks', role: 'img', tabindex: -1, 'aria-label': 'No image' }),
    board: h('div', { class: 'board', hidden: true }),
    sketch: document.createElementNS('http://www.w3.org/2000/svg', 'svg'),
    mode: h('div', { class: 'mode', role: 'group', 'aria-label': 'Tool in hand', hidden: true }),
    notice: h('div', { class: 'notice', role: 'status', hidden: true }),
    panel: h('section', { class: 'picture-panel', 'aria-label': 'Picture', hidden: true }),
    history: h('section', { class: 'history-panel', 'aria-label': 'History', hidden: true }),
    alert: h('div', { class: 'alert', role: 'alert', hidden: true }),
    name: h('span', { class: 'image-name' }),
    place: h('span', { class: 'image-place' }),
    note: h('span', { class: 'image-note' }),
    missed: h('span', { class: 'image-missed' }),
    line: h('div', { class: 'mask-line' }),
    live: h('div', { class: 'visually-hidden', 'aria-live': 'polite' }),
    film: h('div', { class: 'filmstrip', role: 'group', 'aria-label': 'Images around this one' }),
  };
  parts.sketch.setAttribute('class', 'layer sketch');
  parts.sketch.setAttribute('aria-hidden', 'true');
  const { picture, masks, marks, sketch, board, panel, history, alert, notice } = parts;
  parts.stage = h('div', { class: 'stage' }, picture, masks, marks, sketch, board, panel, history, alert, notice);
  return parts;
}

function makeMaskParts() {
  return {
    counts: h('div', { class: 'counts', role: 'group', 'aria-label': 'Masks by state' }),
    histogram: h('div', { class: 'histogram' }),
    list: h('div', { class: 'mask-list' }),
    categories: h('div', { class: 'categories' }),
  };
}

function tool(entry, act) {
  if (!entry) return h('hr', { 'aria-hidden': 'true' });
  const [action, word, kind] = entry;
  return h(
    'button',
    {
      type: 'button', class: `tool ${kind}`, data: { action, word },
      'aria-pressed': kind.startsWith('toggle') ? 'false' : null, onclick: () => act(action), onmousedown: keepFocus,
    },
    icon(action), h('span', { class: 'word' }, word), h('kbd', { 'aria-hidden': 'true' }),
  );
}

/** On a narrow screen: shows what has no room there. CSS does the rest by `data-drawer` of the screen. */
function drawer(element, name, word, sign) {
  const turn = () => openDrawer(element, element.dataset.drawer === name ? null : name);
  return h(
    'button', { type: 'button', class: 'tool always narrow', 'aria-expanded': 'false', data: { drawer: name }, onclick: turn, onmousedown: keepFocus },
    icon(sign), h('span', { class: 'word' }, word),
  );
}

/** Open a drawer of a narrow screen, or close the open one. @param {string | null} name */
export function openDrawer(element, name) {
  if (name === null) delete element.dataset.drawer;
  else element.dataset.drawer = name;
  for (const button of element.querySelectorAll('button[data-drawer]')) {
    button.setAttribute('aria-expanded', String(button.dataset.drawer === name));
  }
}

function head(parts, act) {
  const step = (action, word) =>
    h(
      'button',
      {
        type: 'button', class: 'step', 'aria-label': word, data: { action, word },
        onclick: () => act(action), onmousedown: keepFocus,
      },
      icon(action),
    );
  const finish = h(
    'button',
    {
      type: 'button', class: 'finish', data: { action: 'finish', word: 'Image is finished, go to the next' },
      onclick: () => act('finish'), onmousedown: keepFocus,
    },
    'Finish image', h('kbd', { 'aria-hidden': 'true' }),
  );
  return h(
    'div', { class: 'image-head' },
    step('previous-image', 'Previous image'), step('next-image', 'Next image'), parts.name, parts.place, parts.note, parts.missed, parts.mode,
    finish,
  );
}
