// How a mask looks in each state. State is told by line style and sign as well as by colour.

import { pref } from '../prefs.js';

/** Twelve hues for what is undecided: none of them near the green and amber of decisions; neighbours differ in lightness too. */
const HUES = [
  [86, 180, 233], [213, 94, 60], [240, 228, 66], [140, 100, 240], [250, 165, 140], [40, 100, 220],
  [235, 110, 180], [0, 190, 200], [170, 60, 190], [190, 215, 250], [200, 50, 80], [190, 140, 95],
];

/**
 * @typedef {object} Look
 * @property {number[]} colour red, green, blue
 * @property {number} fill opacity of the inside
 * @property {[number, number] | null} dash CSS pixels of line and gap; null: a solid line
 * @property {string} sign one character
 * @property {string} word
 */

/** @type {Record<string, Look>} */
const LOOKS = {
  accepted: { colour: [30, 158, 90], fill: 0.2, dash: null, sign: '✓', word: 'accepted' },
  edited: { colour: [30, 158, 90], fill: 0.2, dash: null, sign: '✎', word: 'accepted, edited' },
  rejected: { colour: [150, 154, 160], fill: 0, dash: [6, 5], sign: '✕', word: 'rejected' },
  unsure: { colour: [224, 160, 0], fill: 0.2, dash: [2, 3], sign: '?', word: 'unsure' },
};

/** The same for eyes that do not tell green from red: blue and orange for decisions, and none of either among the others. */
const SAFE_HUES = [[240, 228, 66], [204, 121, 167], [255, 255, 255], [110, 70, 130], [250, 200, 210], [120, 100, 60]];
const SAFE = { accepted: [0, 114, 178], edited: [0, 114, 178], rejected: [150, 154, 160], unsure: [230, 159, 0] };

let pending;
let decided;

function choose() {
  const safe = pref('palette') === 'safe';
  const colours = safe ? SAFE : {};
  decided = Object.fromEntries(Object.entries(LOOKS).map(([name, look]) => [name, { ...look, colour: colours[name] ?? look.colour }]));
  pending = (safe ? SAFE_HUES : HUES).map((colour) => ({ colour, fill: 0.35, dash: null, sign: '', word: 'pending' }));
}
choose();
globalThis.document?.addEventListener('annotator:prefs', ({ detail }) => detail.names.includes('palette') && choose());

/** @returns {Look} */
export function lookOf({ state, edited, number }) {
  if (state === 'pending') return pending[number % pending.length];
  return state === 'accepted' && edited ? decided.edited : decided[state];
}

export const cssColour = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
