// Keys of the Grid. What Review has too is looked up in its table, so a key that is changed there is changed here.

import { bindingOf, keyName } from '../review/keymap.js';

/** @type {import('../review/keymap.js').Binding[]} */
export const GRID_KEYS = [
  { group: 'Grid', action: 'left', keys: ['ArrowLeft'], label: 'Move; with Shift select a range', repeat: true, shown: '← → ↑ ↓' },
  { group: 'Grid', action: 'right', keys: ['ArrowRight'], label: '', repeat: true },
  { group: 'Grid', action: 'up', keys: ['ArrowUp'], label: '', repeat: true },
  { group: 'Grid', action: 'down', keys: ['ArrowDown'], label: '', repeat: true },
  { group: 'Grid', action: 'select-left', keys: ['Shift+ArrowLeft'], label: '', repeat: true },
  { group: 'Grid', action: 'select-right', keys: ['Shift+ArrowRight'], label: '', repeat: true },
  { group: 'Grid', action: 'select-up', keys: ['Shift+ArrowUp'], label: '', repeat: true },
  { group: 'Grid', action: 'select-down', keys: ['Shift+ArrowDown'], label: '', repeat: true },
  { group: 'Grid', action: 'first', keys: ['Home'], label: 'First crop of the page' },
  { group: 'Grid', action: 'last', keys: ['End'], label: 'Last crop of the page' },
  { group: 'Grid', action: 'page-down', keys: ['PageDown'], label: 'Next page', repeat: true },
  { group: 'Grid', action: 'page-up', keys: ['PageUp'], label: 'Previous page', repeat: true },
  { group: 'Grid', action: 'toggle', keys: [' '], label: 'Select or leave out the crop under the cursor' },
  { group: 'Grid', action: 'all', keys: ['Ctrl+a'], label: 'Select the page, in a look-alike group all of it' },
  { group: 'Grid', action: 'rest-good', keys: ['Shift+F'], label: 'Rest of the page is good; of a look-alike group all of it' },
  { group: 'Grid', action: 'rest-bad', keys: ['Shift+R'], label: 'Rest of the page is bad; of a look-alike group all of it' },
  { group: 'Grid', action: 'open', keys: ['Enter'], label: 'Open the mask in Review' },
  { group: 'Grid', action: 'alike', keys: ['Shift+L'], label: 'Masks that look like this one' },
  { group: 'Grid', action: 'groups', keys: ['l'], label: 'Look-alike groups, or all masks' },
  { group: 'Grid', action: 'next-group', keys: [']'], label: 'Next look-alike group' },
  { group: 'Grid', action: 'previous-group', keys: ['['], label: 'Previous look-alike group' },
  { group: 'Grid', action: 'bulk', keys: ['b'], label: 'Accept many at once, with a promise' },
];

const OWN = new Map(GRID_KEYS.flatMap((binding) => binding.keys.map((key) => [key, binding])));
const SHARED = new Set(['accept', 'reject', 'unsure', 'undo', 'redo', 'category', 'same-category', 'suggested-name', 'accept-names', 'new-category', 'escape', 'keys']);

/** @returns {{binding: import('../review/keymap.js').Binding, key: string} | null} */
export function gridBindingOf(event) {
  const key = keyName(event);
  if (OWN.has(key)) return { binding: OWN.get(key), key };
  const found = bindingOf(event);
  return found && SHARED.has(found.binding.action) ? found : null;
}
