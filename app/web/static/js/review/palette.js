// How a mask looks in each state. State is told by line style and icon as well as by colour.

/** Twelve hues that stay apart for colour-blind eyes when neighbours differ in lightness too. */
const HUES = [
  [86, 180, 233], [230, 120, 40], [0, 170, 140], [240, 210, 60], [120, 110, 240], [220, 90, 160],
  [140, 200, 60], [200, 70, 60], [60, 130, 220], [250, 160, 130], [150, 90, 200], [40, 200, 210],
];

/** Line styles: 0 solid, else the length in pixels of dashes along a diagonal. */
const LOOKS = {
  accepted: { colour: [30, 158, 90], fill: 0.2, dash: 0, icon: '✓', word: 'accepted' },
  rejected: { colour: [128, 128, 128], fill: 0, dash: 8, icon: '✕', word: 'rejected' },
  unsure: { colour: [224, 160, 0], fill: 0.25, dash: 3, icon: '?', word: 'unsure' },
};

/** @returns {{colour: number[], fill: number, dash: number, icon: string, word: string}} */
export function lookOf(mask) {
  return LOOKS[mask.state] ?? { colour: HUES[mask.id % HUES.length], fill: 0.35, dash: 0, icon: '', word: 'pending' };
}

export const cssColour = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
