// What the Grid says.

/** "1 mask", "1,200 masks" */
export const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
