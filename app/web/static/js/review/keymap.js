// The one table of keys: what the keyboard does, what the buttons say of it, and what the `?` sheet shows. `KEYMAP` is how it is at
// first; people may give actions other keys in Settings, and `bindings()` is the table as it is now.

import { pref, setPrefs } from '../prefs.js';

/**
 * @typedef {object} Binding
 * @property {string} group heading on the sheet
 * @property {string} action
 * @property {string[]} keys KeyboardEvent.key (letters lower case) with the prefixes "Shift+" and "Ctrl+" (Ctrl or Command)
 * @property {string} label what the sheet says
 * @property {boolean} [hold] `action` on press, `action:up` on release
 * @property {boolean} [repeat] a held key fires again; decisions never do
 * @property {string} [shown] what the sheet shows instead of the keys, while they are as at first
 * @property {boolean} [slots] each key has a meaning of its own; whichever it is, `act` hears of the one at this place at first
 * @property {'tool' | 'crosshair'} [needs] what must be in hand or on the image; without it the key means what it does otherwise
 */

const arrows = (prefix = '') => ['Left', 'Up', 'Right', 'Down'].map((side) => `${prefix}Arrow${side}`);

/** @type {Binding[]} */
export const KEYMAP = [
  { group: 'Decide', action: 'accept', keys: ['f'], label: 'Accept the mask, go to the next' },
  { group: 'Decide', action: 'reject', keys: ['r', 'Delete'], label: 'Reject the mask, go to the next' },
  { group: 'Decide', action: 'unsure', keys: ['s'], label: 'Unsure: leave it out for now, go to the next' },
  { group: 'Decide', action: 'accept-all', keys: ['Shift+F'], label: 'Accept all pending masks that are not hidden' },
  { group: 'Decide', action: 'reject-all', keys: ['Shift+R'], label: 'Reject all pending masks that are not hidden' },
  { group: 'Decide', action: 'finish', keys: ['Enter'], label: 'Lay the tool down; without one: image is finished, go to the next' },
  { group: 'Decide', action: 'back', keys: ['Backspace'], label: 'Back to the last decision, on any image' },
  { group: 'Decide', action: 'undo', keys: ['Ctrl+z'], label: 'Undo, across images and restarts', repeat: true },
  { group: 'Decide', action: 'redo', keys: ['Ctrl+Shift+Z', 'Ctrl+y'], label: 'Redo', repeat: true },
  { group: 'Decide', action: 'auto-advance', keys: ['t'], label: 'Go on by itself after a decision, or stay' },
  { group: 'Move', action: 'next-mask', keys: ['Tab', 'ArrowDown'], label: 'Next mask', repeat: true },
  { group: 'Move', action: 'previous-mask', keys: ['Shift+Tab', 'ArrowUp'], label: 'Previous mask', repeat: true },
  { group: 'Move', action: 'next-image', keys: ['d', 'ArrowRight'], label: 'Next image', repeat: true },
  { group: 'Move', action: 'previous-image', keys: ['a', 'ArrowLeft'], label: 'Previous image', repeat: true },
  { group: 'Move', action: 'next-open', keys: ['u'], label: 'Next image to review' },
  { group: 'Move', action: 'next-missed', keys: ['Shift+U'], label: 'Next place without a mask; R there: nothing is missing' },
  { group: 'Move', action: 'search', keys: ['/'], label: 'Search images in the queue' },
  { group: 'Move', action: 'alike', keys: ['Shift+L'], label: 'Masks that look like this one, in the Grid' },
  { group: 'Move', action: 'next-part', keys: ['F6'], label: 'Keyboard to the next part of the screen' },
  { group: 'Move', action: 'previous-part', keys: ['Shift+F6'], label: 'Keyboard to the part before' },
  { group: 'Name', action: 'category', keys: [...'1234567890'], slots: true, shown: '0 – 9', label: 'Category of the mask' },
  { group: 'Name', action: 'same-category', keys: ['y'], label: 'Same category as last time' },
  { group: 'Name', action: 'suggested-name', keys: ['Shift+Y'], label: 'The name that the mask probably has' },
  { group: 'Name', action: 'accept-names', keys: ['Shift+N'], label: 'Accepting gives that name, too, or not' },
  { group: 'Name', action: 'new-category', keys: ['+'], label: 'Add a category' },
  { group: 'Edit', action: 'refine', keys: ['q'], label: 'Refine the mask by click: left adds, right (or Shift) takes away, Enter keeps' },
  { group: 'Edit', action: 'new-by-click', keys: ['n'], label: 'New mask by click, or by a box that you drag; Tab or 1 – 9 another guess, Backspace takes the last click back' },
  { group: 'Edit', action: 'part', keys: ['j'], label: 'A part of the mask, or of the guess' },
  { group: 'Edit', action: 'whole', keys: ['k'], label: 'The whole around it' },
  { group: 'Edit', action: 'brush', keys: ['b'], label: 'Brush: paint the mask, or a new one' },
  { group: 'Edit', action: 'eraser', keys: ['e'], label: 'Eraser' },
  { group: 'Edit', action: 'smaller-brush', keys: ['['], label: 'Smaller brush', repeat: true },
  { group: 'Edit', action: 'larger-brush', keys: [']'], label: 'Larger brush', repeat: true },
  { group: 'Edit', action: 'lasso', keys: ['p'], label: 'Lasso: add what it goes round; with Alt take it away' },
  { group: 'Edit', action: 'cut', keys: ['c'], label: 'Cut the mask along a line; with Shift a straight one' },
  { group: 'Edit', action: 'pick-mask', keys: ['Shift+M'], label: 'Pick the mask for merging, or not' },
  { group: 'Edit', action: 'merge', keys: ['m'], label: 'Merge the picked masks into the selected one' },
  { group: 'Edit', action: 'split-parts', keys: ['x'], label: 'Make each part a mask of its own' },
  { group: 'Edit', action: 'fill-holes', keys: ['h'], label: 'Fill the holes' },
  { group: 'Edit', action: 'largest-part', keys: ['l'], label: 'Keep only the largest part' },
  { group: 'Edit', action: 'grow', keys: ['g'], label: 'Grow by a pixel on each side (4-neighbourhood)', repeat: true },
  { group: 'Edit', action: 'shrink', keys: ['Shift+G'], label: 'Shrink by a pixel on each side', repeat: true },
  { group: 'Draw without a mouse', action: 'move', keys: arrows(), slots: true, shown: '← ↑ → ↓', label: 'With a tool in hand: move the crosshair, faster while held', repeat: true, needs: 'tool' },
  { group: 'Draw without a mouse', action: 'move-far', keys: arrows('Shift+'), slots: true, shown: 'Shift ← ↑ → ↓', label: 'Move it five times as far', repeat: true, needs: 'tool' },
  { group: 'Draw without a mouse', action: 'move-fine', keys: arrows('Ctrl+'), slots: true, shown: 'Ctrl ← ↑ → ↓', label: 'Move it by one pixel of the image', repeat: true, needs: 'tool' },
  { group: 'Draw without a mouse', action: 'put', keys: [' '], label: 'Click at the crosshair, set a corner, put the brush down or lift it; Enter ends, Backspace takes back', needs: 'crosshair' },
  { group: 'Draw without a mouse', action: 'put-away', keys: ['Shift+ '], label: 'The same, to take away: by click and by lasso', needs: 'crosshair' },
  { group: 'Draw without a mouse', action: 'put-corner', keys: ['Shift+B'], label: 'With New mask or Refine by click: a corner of a box around the object; twice', needs: 'crosshair' },
  { group: 'View', action: 'pan', keys: [' '], label: 'Hold and drag to move the image', hold: true },
  { group: 'View', action: 'bare', keys: ['v'], label: 'Hold: the image without masks', hold: true },
  { group: 'View', action: 'isolate', keys: ['w'], label: 'Only the selected mask' },
  { group: 'View', action: 'zoom-mask', keys: ['z'], label: 'Zoom to the mask' },
  { group: 'View', action: 'zoom-in', keys: ['>'], label: 'Zoom in at the crosshair, the mask, or the middle', repeat: true },
  { group: 'View', action: 'zoom-out', keys: ['<'], label: 'Zoom out', repeat: true },
  { group: 'View', action: 'zoom-fit', keys: ['Shift+Z'], label: 'Whole image' },
  { group: 'View', action: 'outline', keys: ['o'], label: 'Outlines only, or filled' },
  { group: 'View', action: 'fainter', keys: [','], label: 'Fainter masks', repeat: true },
  { group: 'View', action: 'stronger', keys: ['.'], label: 'Stronger masks', repeat: true },
  { group: 'View', action: 'show-rejected', keys: ['Shift+V'], label: 'Show rejected masks, dashed' },
  { group: 'Picture', action: 'brighter', keys: ['Shift+ArrowUp'], label: 'Brighter', repeat: true },
  { group: 'Picture', action: 'darker', keys: ['Shift+ArrowDown'], label: 'Darker', repeat: true },
  { group: 'Picture', action: 'more-contrast', keys: ['Shift+ArrowRight'], label: 'More contrast', repeat: true },
  { group: 'Picture', action: 'less-contrast', keys: ['Shift+ArrowLeft'], label: 'Less contrast', repeat: true },
  { group: 'Picture', action: 'more-gamma', keys: ['PageUp'], label: 'Lighter shadows (gamma)', repeat: true },
  { group: 'Picture', action: 'less-gamma', keys: ['PageDown'], label: 'Darker shadows (gamma)', repeat: true },
  { group: 'Picture', action: 'picture', keys: ['Shift+O'], label: 'Sliders for the picture' },
  { group: 'Picture', action: 'picture-reset', keys: ['Home'], label: 'The picture as it is' },
  { group: 'Other', action: 'escape', keys: ['Escape'], label: 'Lay the tool down, close the message, leave the field, select nothing' },
  { group: 'Other', action: 'history', keys: ['i'], label: 'What was decided on this image, by whom and when' },
  { group: 'Other', action: 'keys', keys: ['?'], label: 'This sheet' },
];

/** What the mouse and fingers do; listed on the sheet below the keys. */
export const GESTURES = [
  ['Wheel or pinch', 'Zoom where the pointer is'],
  ['Drag', 'Move the image, or draw with the tool in hand; with Space or the middle button always move'],
  ['Drag with New mask or Refine by click', 'A box around the object: what is in it becomes the mask'],
  ['Alt+wheel', 'With Refine or New by click: part or whole'],
  ['Click or tap', 'Select the smallest mask there; again: the next larger one'],
  ['Finger rests', 'Select the next larger mask there'],
  ['Shift+click', 'Pick several masks for merging, on the image or in the list'],
];

const AT_FIRST = new Map(KEYMAP.map((binding) => [binding.action, binding]));
let table;
let byKey; // those that need nothing
let inHand; // by key those that need a tool or the crosshair
let byAction;

/** Keys that can be those of an action: where each has a meaning of its own, as many as at first. */
const fits = ({ slots, keys: first }, keys) => Array.isArray(keys) && (!slots || keys.length === first.length);

function build() {
  const own = pref('keys');
  table = KEYMAP.map((binding) => {
    const keys = Object.hasOwn(own, binding.action) ? own[binding.action] : null;
    return fits(binding, keys) ? { ...binding, keys, shown: undefined } : binding;
  });
  const keysOf = (bindings) => new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding])));
  byKey = keysOf(table.filter(({ needs }) => !needs));
  inHand = keysOf(table.filter(({ needs }) => needs));
  byAction = new Map(table.map((binding) => [binding.action, binding]));
}
build();
globalThis.document?.addEventListener('annotator:prefs', ({ detail }) => detail.names.includes('keys') && build());

/** The table as it is now. @returns {Binding[]} */
export const bindings = () => table;

/** How an event reads in the table; a letter with Shift is upper case, a sign that needs Shift is itself. */
export function keyName(event) {
  const key = latin(event);
  const letter = /^[a-z]$/i.test(key);
  const shift = event.shiftKey && (letter || key === ' ' || key.length > 1) ? 'Shift+' : '';
  const text = letter ? (event.shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
  return (event.ctrlKey || event.metaKey ? 'Ctrl+' : '') + shift + text;
}

/** On a keyboard that writes no Latin letters the place of the key counts. */
function latin({ key, code }) {
  const place = /^Key([A-Z])$/.exec(code ?? '');
  return place && key.length === 1 && /[^\x00-\x7f]/.test(key) ? place[1] : key;
}

/** @param {{tool?: boolean, crosshair?: boolean}} [there] what is in hand or on the image @returns {{binding: Binding, key: string} | null} */
export function bindingOf(event, there = {}) {
  const key = keyName(event);
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code ?? '')?.[1]; // some keyboards need Shift for digits
  for (const name of [key, event.ctrlKey || event.metaKey ? undefined : digit]) {
    const special = inHand.get(name);
    const binding = special && there[special.needs] ? special : byKey.get(name);
    if (binding) return { binding, key: binding.slots ? AT_FIRST.get(binding.action).keys[binding.keys.indexOf(name)] : name };
  }
  return null;
}

const WORDS = { ' ': 'Space', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Delete: 'Del', Escape: 'Esc' };

/** What a key is called on the sheet. */
export function keyLabel(key) {
  return key
    .split(/\+(?=.)/)
    .map((part) => WORDS[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ');
}

/** The first key of an action, short, for buttons and sentences; '' where it has none. @param {number} [place] of several keys */
export function keyOf(action, place = 0) {
  const key = byAction.get(action).keys[place];
  return key === undefined ? '' : keyLabel(key).replace('Shift ', '⇧').replace('Ctrl ', '⌃');
}

// Other keys

/** With Ctrl or Command only these are the page's: most others close, open or search something in one browser or another. */
const WITH_CTRL = new Set(KEYMAP.flatMap(({ keys }) => keys).filter((key) => key.startsWith('Ctrl+')));
const RESERVED = new Set(['F1', 'F3', 'F5', 'F7', 'F10', 'F11', 'F12', 'Shift+F10', 'ContextMenu', 'PrintScreen', 'Escape', 'Shift+Escape']);
const NO_KEYS = new Set(['Dead', 'Process', 'Unidentified']);

/** Why this key press cannot be the key of an action, or ''. */
export function keyProblem(event) {
  const key = keyName(event);
  if (event.altKey) return 'Keys with Alt belong to the browser or the system: choose another.';
  if (NO_KEYS.has(event.key)) return 'This key writes no sign by itself: choose another.';
  return reserved(key) ? `${keyLabel(key)} belongs to the browser: choose another key.` : '';
}

const reserved = (key) => RESERVED.has(key) || (key.startsWith('Ctrl+') && !WITH_CTRL.has(key));

/** With a tool in hand keys may mean something else than without: only within one of the two a key has one meaning. */
const meet = (one, other) => Boolean(one.needs) === Boolean(other.needs);

/** The binding of another action that has this key, or undefined. */
export const clashOf = (key, action) =>
  table.find((binding) => binding.action !== action && meet(binding, byAction.get(action)) && binding.keys.includes(key));

export const isDefault = (action) => byAction.get(action).keys === AT_FIRST.get(action).keys;

/** @param {Record<string, string[]>} changes action -> keys */
export function setKeys(changes) {
  const keys = { ...pref('keys'), ...changes };
  for (const action of Object.keys(keys)) if (String(keys[action]) === String(AT_FIRST.get(action)?.keys)) delete keys[action];
  setPrefs({ keys });
}

/** The keys of one action, or of all, as at first. @returns {{key: string, binding: Binding} | null} what stands in the way */
export function resetKeys(action = null) {
  if (action === null) {
    setPrefs({ keys: {} });
    return null;
  }
  const { keys } = AT_FIRST.get(action);
  const taken = keys.find((key) => clashOf(key, action));
  if (taken !== undefined) return { key: taken, binding: clashOf(taken, action) };
  setKeys({ [action]: keys });
  return null;
}

/**
 * Keys from a file: only those that can be given, and none twice.
 * @returns {{keys: Record<string, string[]>, told: string[]}}
 */
export function foreignKeys(given) {
  const keys = {};
  const told = [];
  const entries = given !== null && typeof given === 'object' ? Object.entries(given) : [];
  for (const [action, wanted] of entries) {
    const binding = AT_FIRST.get(action);
    const good = binding && fits(binding, wanted) && wanted.every((key) => typeof key === 'string' && key && (!reserved(key) || binding.keys.includes(key)));
    if (good) keys[action] = wanted;
    else told.push(`The keys of “${binding?.label ?? action}” were left as at first.`);
  }
  const all = KEYMAP.flatMap(({ action, keys: first, needs }) => (keys[action] ?? first).map((key) => `${Boolean(needs)} ${key}`));
  if (new Set(all).size === all.length) return { keys, told };
  return { keys: {}, told: ['All keys are as at first: in the file two actions have the same key.'] };
}
