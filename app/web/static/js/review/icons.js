// The signs on the buttons: strokes on a square of 24.

const PATHS = {
  accept: 'M4.5 12.5l5 5L19.5 7',
  reject: 'M6 6l12 12M18 6L6 18',
  unsure: 'M8.5 9a3.5 3.5 0 1 1 5.2 3c-1.2.7-1.7 1.4-1.7 2.6M12 18.2v.3',
  'accept-all': 'M2 12.5l4.5 4.5L15 8M11.5 16l1 1L22 7.5',
  'reject-all': 'M3 7l10 10M13 7L3 17M15.5 7.5L21 13M21 11l-5.5 5.5',
  undo: 'M8.5 4.5L4 9l4.5 4.5M4 9h9.5a5.5 5.5 0 0 1 0 11H9',
  redo: 'M15.5 4.5L20 9l-4.5 4.5M20 9h-9.5a5.5 5.5 0 0 0 0 11H15',
  'zoom-mask': 'M10.5 4.5a6 6 0 1 1 0 12a6 6 0 0 1 0-12M15 15l5 5M10.5 8v5M8 10.5h5',
  'zoom-fit': 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  refine: 'M5 4l6.5 15l2-6.5L20 10.5zM15 17.5h6',
  'new-by-click': 'M5 4l6.5 15l2-6.5L20 10.5zM15 17.5h6M18 14.5v6',
  outline: 'M12 3.5l7.5 4.5v8L12 20.5L4.5 16V8z',
  isolate: 'M12 9a3 3 0 1 1 0 6a3 3 0 0 1 0-6M12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21',
  'show-rejected': 'M2.5 12S6 5.5 12 5.5S21.5 12 21.5 12S18 18.5 12 18.5S2.5 12 2.5 12M12 9.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5',
  'auto-advance': 'M5 5l8 7l-8 7zM19 5v14',
  'previous-image': 'M15 5l-7 7l7 7',
  'next-image': 'M9 5l7 7l-7 7',
  finish: 'M4 12.5l4.5 4.5L17 8M20.5 5v14',
  keys: 'M3 7h18v11H3zM7 11v.2M11 11v.2M15 11v.2M8 15h8',
  list: 'M4 6.5h16M4 12h16M4 17.5h16',
  grid: 'M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z',
};

const SVG = 'http://www.w3.org/2000/svg';

/** @param {keyof typeof PATHS} name @returns {SVGElement} decoration: its button has the words */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
