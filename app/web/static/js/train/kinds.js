// The kinds of training beside the one that Improve takes.

import { h } from '../dom.js';

/** A part that stays unfolded while the screen is painted anew. @param {Set<string>} open names of the unfolded ones. */
export function folded(open, name, title, ...children) {
  const toggle = ({ target }) => (target.open ? open.add(name) : open.delete(name));
  return h('details', { class: 'train-fold', open: open.has(name), ontoggle: toggle, data: { fold: name } },
    h('summary', { data: { key: `fold-${name}` } }, title), ...children);
}

/** @param plan of /api/training. @param start called with the name of a kind. */
export function kinds({ method, options }, open, start) {
  const rows = options.map((option) => h('li', {},
    h('b', {}, option.title), option.method === method ? h('small', {}, ' what Improve does') : null,
    h('p', {}, option.sentence),
    h('button', { type: 'button', disabled: !option.is_ready, data: { key: `start-${option.method}` }, onclick: () => start(option.method) }, 'Start this')));
  return folded(open, 'kinds', 'Other kinds of training', h('ul', { class: 'train-kinds' }, ...rows));
}
