// The one keyboard listener. Keys never fire while somebody types, in a dialog, or on a hidden screen.

import { shown } from '../dom.js';
import { bindingOf } from './keymap.js';

const TYPING =
  'input, textarea, select, [contenteditable=""], [contenteditable="true"], ' +
  '[role="textbox"], [role="combobox"], [role="slider"], [role="spinbutton"]';
const NOT_TYPING = new Set(['button', 'submit', 'checkbox', 'radio', 'file', 'image', 'reset']);
const DIALOG = 'dialog[open], [role="dialog"], [aria-modal="true"]';
const CONTROL = 'button, a[href], summary, input, [role="tab"]';

/** Whether a key press belongs to something else than the screen. */
function taken(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return true;
  const target = event.composedPath()[0];
  const field = target instanceof Element ? target.closest(TYPING) : null;
  if (field && !(field.tagName === 'INPUT' && NOT_TYPING.has(field.type)) && event.key !== 'F6') return true;
  return [...document.querySelectorAll(DIALOG)].some(shown);
}

/** A button, link or tab that has the focus keeps the keys that work it and that lead away from it. */
function belongsToControl(event) {
  const control = event.target instanceof Element ? event.target.closest(CONTROL) : null;
  return control !== null && /^(Enter| |Tab|ArrowLeft|ArrowRight)$/.test(event.key);
}

/** Whether a screen must leave this key press alone. */
export const belongsElsewhere = (event) => taken(event) || belongsToControl(event);

/**
 * @param {Element} screen keys count while it is shown
 * @param {(action: string, how: {key: string, repeat: boolean}) => boolean} act tells whether it did something
 * @param {AbortSignal} signal ends it
 * @param {typeof bindingOf} find the screen's keys
 */
export function listen(screen, act, signal, find = bindingOf) {
  const held = new Map();
  const press = (event) => {
    if (!shown(screen) || belongsElsewhere(event)) return;
    const found = find(event);
    if (!found) return;
    const { binding, key } = found;
    if (event.repeat && !binding.repeat) {
      event.preventDefault();
      return;
    }
    if (!act(binding.action, { key, repeat: event.repeat })) return;
    event.preventDefault();
    if (binding.hold) held.set(event.code, binding);
  };
  const release = (code) => {
    const binding = held.get(code);
    held.delete(code);
    if (binding) act(`${binding.action}:up`, { key: '', repeat: false });
  };
  document.addEventListener('keydown', press, { signal });
  document.addEventListener('keyup', (event) => release(event.code), { signal });
  window.addEventListener('blur', () => [...held.keys()].forEach(release), { signal });
}
