// The signs on the buttons: strokes on a square of 24.

const PATHS = {
  accept: 'M4.5 12.5l5 5L19.5 7',
  reject: 'M6 6l12 12M18 6L6 18',
  unsure: 'M8.5 9a3.5 3.5 0 1 1 5.2 3c-1.2.7-1.7 1.4-1.7 2.6M12 18.2v.3',
  'accept-all': 'M2 12.5l4.5 4.5L15 8M11.5 16l1 1L22 7.5',
  'reject-all': 'M3 7l10 10M13 7L3 17M15.5 7.5L21 13M21 11l-5.5 5.5',
  brush: 'M20 4L11 13M9.5 12.5a3 3 0 0 1 2 2C12 18 9 20 4 20c1.5-1.2 1-2.5 1.5-4.5a3.5 3.5 0 0 1 4-3',
  eraser: 'M8.5 19.5L3.5 14.5L13.5 4.5L20.5 11.5L12.5 19.5zM8.5 9.5L15.5 16.5M12.5 19.5H20.5',
  lasso: 'M12 4.5c5 0 8.5 2.5 8.5 5.5S17 15.5 12 15.5c-1.5 0-3-.2-4.200-.7M3.5 10c0-3 3.5-5.5 8.5-5.5M3.5 10c0 1.5 1 2.900 2.600 3.900M8 15.5a2 2 0 1 1-2-2a2 2 0 0 1 2 2c0 2.5-1 4-3 5',
  cut: 'M8 8L20 18M8 16L20 6M6 8.5a2.5 2.5 0 1 1 .1 0M6 20.5a2.5 2.5 0 1 1 .1 0',
  merge: 'M9.5 4.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M14.5 8.5a5.5 5.5 0 1 1-5 7',
  'split-parts': 'M7 5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7M17 12a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7M17.5 4.5L6.5 19.5',
  'fill-holes': 'M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 1 1 0-17M12 9.5v5M9.5 12h5',
  'largest-part': 'M10 5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M18.5 16.5l3.5 3.5M22 16.5L18.5 20M7.5 11.5l2 2l3.5-4',
  grow: 'M8.5 12a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1-7 0M12 6V2.5M12 21.5V18M6 12H2.5M21.5 12H18M10.5 4L12 2.5L13.5 4M10.5 20l1.5 1.5l1.5-1.5',
  shrink: 'M8.5 12a3.5 3.5 0 1 1 7 0a3.5 3.5 0 1 1-7 0M12 2.5V6M12 18v3.5M2.5 12H6M18 12h3.5M10.5 4.5L12 6L13.5 4.5M10.5 19.5L12 18l1.5 1.5',
  undo: 'M8.5 4.5L4 9l4.5 4.5M4 9h9.5a5.5 5.5 0 0 1 0 11H9',
  redo: 'M15.5 4.5L20 9l-4.5 4.5M20 9h-9.5a5.5 5.5 0 0 0 0 11H15',
  'next-missed': 'M11 5a6 6 0 0 1 5.2 3M17 11a6 6 0 0 1-3 5.2M11 17a6 6 0 0 1-5.2-3M5 11a6 6 0 0 1 3-5.2M16 16l5 5',
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
  picture: 'M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17M14.5 8h4.5M14.5 12h6M14.5 16h4.5',
  history: 'M4 12a8 8 0 1 0 2.6-5.9M4 4.5V9h4.5M12 8v4.5l3 2',
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
