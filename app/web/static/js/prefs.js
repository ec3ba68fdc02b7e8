// What a person prefers, kept in this browser: name, keys, looks. One event on `document` tells of a change:
//   annotator:prefs  {detail: {names: ["theme", ...]}}
//
// Whatever lies in the storage, a preference that is read is one of those that can be chosen.

const PLACE = 'annotator:prefs';
export const LONGEST_NAME = 80; // characters, as the server has it
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

const oneOf = (...choices) => (value) => choices.includes(value);
const isKeys = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value) &&
  Object.values(value).every((keys) => Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key && key.length < 40));

/** Each preference: what it is at first, and whether a value can be chosen. */
const PREFS = {
  name: { first: '', fits: (value) => typeof value === 'string' && nameProblem(value) === '' },
  keys: { first: {}, fits: isKeys }, // action -> keys, of those that were changed
  autoAdvance: { first: true, fits: oneOf(true, false) },
  acceptNames: { first: false, fits: oneOf(true, false) },
  opacity: { first: 1, fits: (value) => typeof value === 'number' && value >= 0.1 && value <= 2 },
  theme: { first: 'system', fits: oneOf('system', 'light', 'dark') },
  contrast: { first: 'normal', fits: oneOf('normal', 'high') },
  palette: { first: 'standard', fits: oneOf('standard', 'safe') },
};

/** Why this cannot be a reviewer's name, or ''. */
export function nameProblem(name) {
  if ([...name].length > LONGEST_NAME) return `At most ${LONGEST_NAME} characters.`;
  return UNPRINTABLE.test(name) ? 'Letters, digits, signs and spaces only.' : '';
}

let kept = read();

function read() {
  let values = {};
  try {
    values = JSON.parse(globalThis.localStorage.getItem(PLACE)) ?? {};
  } catch {
    // Storage is forbidden (or this is a worker), or what lies there is not ours.
  }
  return Object.fromEntries(Object.entries(PREFS).map(([name, { first, fits }]) => [name, fits(values[name]) ? values[name] : first]));
}

function tell(names) {
  document.dispatchEvent(new CustomEvent('annotator:prefs', { detail: { names } }));
}

export const pref = (name) => kept[name];

/** All of them, for a file. */
export const allPrefs = () => structuredClone(kept);

/** @param {object} values several at once; what cannot be chosen is left as it was @returns {string[]} the names of those left */
export function setPrefs(values) {
  const fitting = Object.entries(values).filter(([name, value]) => PREFS[name]?.fits(value));
  kept = { ...kept, ...Object.fromEntries(fitting) };
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: it holds for this page.
  }
  tell(fitting.map(([name]) => name));
  return Object.keys(values).filter((name) => !fitting.some(([fit]) => fit === name));
}

// Another tab of this browser changed something.
globalThis.window?.addEventListener('storage', ({ key }) => {
  if (key !== PLACE && key !== null) return;
  kept = read();
  tell(Object.keys(PREFS));
});
