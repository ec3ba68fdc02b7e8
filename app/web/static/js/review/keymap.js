// The one table of keys: what the keyboard does and what the `?` sheet shows.

/**
 * @typedef {{action: string, keys: string[], label: string, group: string, hold?: boolean, repeat?: boolean}} Binding
 * keys are KeyboardEvent.key (letters lower case) with the prefixes "Shift+" and "Ctrl+" (Ctrl or Command).
 * repeat: a held key fires again; decisions never do. hold: `action` on press, `action:up` on release.
 */

/** @type {Binding[]} */
export const KEYMAP = [
  { group: 'Decide', action: 'accept', keys: ['f'], label: 'Accept the mask, go to the next' },
  { group: 'Decide', action: 'reject', keys: ['r', 'Delete'], label: 'Reject the mask, go to the next' },
  { group: 'Decide', action: 'unsure', keys: ['s'], label: 'Unsure: leave it out for now' },
  { group: 'Decide', action: 'accept-all', keys: ['Shift+F'], label: 'Accept all pending masks that are shown' },
  { group: 'Decide', action: 'reject-all', keys: ['Shift+R'], label: 'Reject all pending masks that are shown' },
  { group: 'Decide', action: 'finish', keys: ['Enter'], label: 'Image is finished, go to the next' },
  { group: 'Decide', action: 'back', keys: ['Backspace'], label: 'Back to the last decision' },
  { group: 'Decide', action: 'undo', keys: ['Ctrl+z'], label: 'Undo, across images and restarts' },
  { group: 'Decide', action: 'redo', keys: ['Ctrl+Shift+Z', 'Ctrl+y'], label: 'Redo' },
  { group: 'Move', action: 'next-mask', keys: ['Tab'], label: 'Next mask', repeat: true },
  { group: 'Move', action: 'previous-mask', keys: ['Shift+Tab'], label: 'Previous mask', repeat: true },
  { group: 'Move', action: 'next-image', keys: ['d', 'ArrowRight'], label: 'Next image', repeat: true },
  { group: 'Move', action: 'previous-image', keys: ['a', 'ArrowLeft'], label: 'Previous image', repeat: true },
  { group: 'Move', action: 'next-open', keys: ['u'], label: 'Next image to review' },
  { group: 'Move', action: 'search', keys: ['/'], label: 'Search images' },
  { group: 'Name', action: 'category', keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'], label: 'Category of the mask' },
  { group: 'Name', action: 'same-category', keys: ['y'], label: 'Same category as last time' },
  { group: 'View', action: 'pan', keys: [' '], label: 'Hold and drag to move', hold: true },
  { group: 'View', action: 'bare', keys: ['v'], label: 'Hold: the bare image', hold: true },
  { group: 'View', action: 'isolate', keys: ['w'], label: 'Only the selected mask' },
  { group: 'View', action: 'zoom-mask', keys: ['z'], label: 'Zoom to the mask' },
  { group: 'View', action: 'zoom-fit', keys: ['Shift+Z'], label: 'Whole image' },
  { group: 'View', action: 'outline', keys: ['o'], label: 'Outlines or filled' },
  { group: 'View', action: 'fainter', keys: [','], label: 'Fainter masks', repeat: true },
  { group: 'View', action: 'stronger', keys: ['.'], label: 'Stronger masks', repeat: true },
  { group: 'View', action: 'show-rejected', keys: ['g'], label: 'Show rejected masks' },
  { group: 'Other', action: 'auto-advance', keys: ['t'], label: 'Go on by itself after a decision' },
  { group: 'Other', action: 'escape', keys: ['Escape'], label: 'Nothing selected' },
  { group: 'Other', action: 'keys', keys: ['?'], label: 'This sheet' },
];

const BY_KEY = new Map(KEYMAP.flatMap((binding) => binding.keys.map((key) => [key, binding])));

/** How an event reads in the table; a letter with Shift is upper case, a sign that needs Shift is itself. */
export function keyName(event) {
  const letter = /^\p{L}$/u.test(event.key);
  const key = letter ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
  const shift = event.shiftKey && (letter || event.key.length > 1) ? 'Shift+' : '';
  return (event.ctrlKey || event.metaKey ? 'Ctrl+' : '') + shift + key;
}

/** @returns {Binding | undefined} */
export const bindingOf = (event) => BY_KEY.get(keyName(event));

/** What a key is called on the sheet. */
export function keyLabel(key) {
  const words = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', Delete: 'Del', Escape: 'Esc' };
  return key
    .split('+')
    .map((part) => words[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ');
}
