// The models of the workspace and the proposers that come with the app: figures on held-out images, and which one is used.

import { h } from '../dom.js';

const COLUMNS = [
  ['accepted', 'Accepted', 'Share of the first 20 masks of an image that a person would accept'],
  ['AP', 'AP', 'Average precision of telling accepted from rejected masks'],
  ['found', 'Found', 'Share of the accepted masks that it finds'],
  ['calibration', 'Off by', 'Mean distance of scores and shares of right masks, in points'],
];

/** @param now answer of /api/training. @param actions use(name), remove(id), weights(id) -> address, onnx(id). */
export function modelTable(now, actions) {
  const rows = [
    ...now.models.map((model) => modelRow(model, now.in_use, actions)),
    ...Object.entries(now.proposers)
      .filter(([name]) => !now.models.some(({ proposer }) => proposer === name))
      .map(([name, words]) => builtInRow(name, words, now.in_use, actions)),
  ];
  return h('div', { class: 'train-scroll' },
    h('table', {},
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Proposer'), ...COLUMNS.map(([, text, title]) => h('th', { scope: 'col', title }, text)), h('th', { scope: 'col' }, ''))),
      h('tbody', {}, ...rows)));
}

function modelRow(model, inUse, { use, remove, weights, onnx }) {
  const { figures, proposer } = model;
  const own = figures[model.manner] ?? {};
  const cells = COLUMNS.map(([name, text]) => {
    const was = figures.before?.[name];
    return h('td', { data: { label: text } }, own[name] === undefined ? '–' : own[name].toFixed(1), was === undefined ? null : h('small', {}, ` was ${was.toFixed(1)}`));
  });
  const used = proposer === inUse;
  return h('tr', { class: used ? 'is-used' : '', data: { model: model.id } },
    h('th', { scope: 'row' }, h('b', {}, proposer), ` · ${model.name}`, h('small', {}, model.verdict)),
    ...cells,
    h('td', { class: 'train-actions' },
      used ? h('span', {}, 'in use') : h('button', { type: 'button', data: { key: `use-${proposer}` }, onclick: () => use(proposer) }, 'Use'),
      h('a', { href: weights(model.id), download: '' }, 'Weights'),
      h('button', { type: 'button', title: 'The network for programs without torch; takes some seconds', data: { key: `onnx-${proposer}` }, onclick: () => onnx(model.id) }, 'ONNX'),
      used ? null : h('button', { type: 'button', data: { key: `delete-${proposer}` }, onclick: () => confirm(`Delete the weights of ${proposer}? Its masks stay.`) && remove(model.id) }, 'Delete')));
}

function builtInRow(name, words, inUse, { use }) {
  const used = name === inUse;
  return h('tr', { class: used ? 'is-used' : '' },
    h('th', { scope: 'row' }, h('b', {}, name), h('small', {}, words)),
    ...COLUMNS.map(([, text]) => h('td', { class: 'is-empty', data: { label: text } }, '–')),
    h('td', { class: 'train-actions' },
      used ? h('span', {}, 'in use') : h('button', { type: 'button', data: { key: `use-${name}` }, onclick: () => use(name) }, 'Use')));
}
