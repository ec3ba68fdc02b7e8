// The elements of the Grid.

import { h } from '../dom.js';
import { keyLabel, keyOf } from '../review/keymap.js';
import { GRID_KEYS } from './keymap.js';

const STATES = [['pending', 'Pending'], ['accepted', 'Accepted'], ['rejected', 'Rejected'], ['unsure', 'Unsure'], ['', 'Any state']];
const ORDERS = [['best', 'Best first'], ['worst', 'Worst first'], ['uncertain', 'Most uncertain first']];
const TOOLS = [
  ['accept', 'Accept', 'good'], ['reject', 'Reject', 'bad'], ['unsure', 'Unsure', 'warn'], ['undo', 'Undo', ''],
  ['rest-good', 'Rest good', 'good'], ['rest-bad', 'Rest bad', 'bad'], ['open', 'Review', ''], ['alike', 'More like this', ''],
];

/** A click with the mouse leaves the focus where it is, so that the keys stay with the crops. */
const keepFocus = (event) => event.preventDefault();
const own = new Map(GRID_KEYS.map(({ action, keys }) => [action, keyLabel(keys[0]).replace('Shift ', '⇧')]));
const labelOf = (action) => own.get(action) ?? keyOf(action);

/** @param {HTMLElement} element is filled @param {(action: string) => void} act @param {() => void} changed the filters are others */
export function layOut(element, act, changed) {
  const parts = makeFilters(changed);
  Object.assign(parts, {
    heading: h('p', { class: 'grid-heading', role: 'status' }),
    bulk: h('section', { class: 'grid-bulk', 'aria-label': 'Accept many at once', hidden: true }),
    crops: h('div', { class: 'grid-crops', role: 'listbox', 'aria-multiselectable': 'true', 'aria-label': 'Crops of masks', tabindex: 0 }),
    board: h('div', { class: 'board', hidden: true }),
    notice: h('div', { class: 'notice', role: 'status', hidden: true }),
    alert: h('div', { class: 'alert', role: 'alert', hidden: true }),
    line: h('div', { class: 'mask-line', 'aria-live': 'polite' }),
    categories: h('div', { class: 'categories' }),
    place: h('span', { class: 'grid-place' }),
  });
  const modes = h(
    'div', { class: 'grid-modes', role: 'group', 'aria-label': 'What is shown' },
    button('groups', 'Look-alikes', act, 'toggle'), button('bulk', 'Accept many…', act, 'toggle'),
  );
  const pages = h('div', { class: 'grid-pages' }, button('page-up', '‹', act, '', 'Previous page'), parts.place, button('page-down', '›', act, '', 'Next page'));
  element.classList.add('mask-grid');
  element.replaceChildren(
    h('div', { class: 'grid-head' }, parts.filters, modes, pages),
    parts.heading, parts.bulk,
    h('div', { class: 'grid-stage' }, parts.crops, parts.board, parts.alert, parts.notice),
    h('div', { class: 'grid-foot' }, h('div', { class: 'grid-tools', role: 'toolbar', 'aria-label': 'Decide' }, ...TOOLS.map(([action, word, kind]) => button(action, word, act, kind))), parts.line),
    parts.categories,
  );
  parts.press = (action, on) => element.querySelector(`[data-action="${action}"]`).setAttribute('aria-pressed', String(on));
  return parts;
}

function makeFilters(changed) {
  const select = (label, options) =>
    h('select', { 'aria-label': label, onchange: changed }, ...options.map(([value, word]) => h('option', { value }, word)));
  const parts = { state: select('State', STATES), order: select('Order', ORDERS), category: select('Category', [['', 'Any category']]) };
  parts.minimum = h('input', { type: 'range', min: 0, max: 99, value: 0, 'aria-label': 'Lowest estimate shown, percent' });
  parts.minimumText = h('output', {}, 'any estimate');
  parts.minimum.addEventListener('input', () => {
    const value = Number(parts.minimum.value);
    parts.minimumText.textContent = value ? `at least ${value} %` : 'any estimate';
  });
  parts.minimum.addEventListener('change', () => {
    parts.minimum.blur(); // the keys belong to the crops again
    changed();
  });
  parts.filters = h('div', { class: 'grid-filters' }, parts.state, parts.order, parts.category, h('label', { class: 'grid-minimum' }, parts.minimum, parts.minimumText));
  return parts;
}

function button(action, word, act, kind, title = word) {
  const key = labelOf(action);
  return h(
    'button',
    {
      type: 'button', class: `grid-button ${kind}`, title: `${title} (${key})`, 'aria-label': title, data: { action },
      'aria-pressed': kind === 'toggle' ? 'false' : null, onclick: () => act(action), onmousedown: keepFocus,
    },
    h('span', {}, word), word.length > 1 ? h('kbd', { 'aria-hidden': 'true' }, key) : null,
  );
}
