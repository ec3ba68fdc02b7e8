// The one keyboard listener. Keys never fire while somebody types, in a dialog, or on a hidden screen.

import { shown } from '../dom.js';
import { bindingOf } from './keymap.js';

const TYPING =
  'input, textarea, select, [contenteditable=""], [contenteditable="true"], ' +
  '[role="textbox"], [role="combobox"], [role="slider"], [role="spinbutton"]';
const NOT_TYPING = new Set(['button', 'submit', 'checkbox', 'radio', 'file', 'image', 'reset']);

/** Whether a key press belongs to something else than the review. */
function taken(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return true;
  const target = event.composedPath()[0];
  const field = target instanceof Element ? target.closest(TYPING) : null;
  if (field && !(field.tagName === 'INPUT' && NOT_TYPING.has(field.type))) return true;
  return document.querySelector('dialog[open], [role="dialog"], [aria-modal="true"]') !== null;
}

/** A focused button, link or tab keeps its own keys. */
function belongsToControl(event) {
  const control = event.target instanceof Element ? event.target.closest('button, a, summary, [role="tab"]') : null;
  return control !== null && /^(Enter| |ArrowLeft|ArrowRight)$/.test(event.key);
}

/**
 * @param {Element} screen keys count while it is shown
 * @param {(action: string, event: KeyboardEvent) => void} act
 * @param {AbortSignal} signal ends it
 */
export function listen(screen, act, signal) {
  const held = new Map();
  document.addEventListener(
    'keydown',
    (event) => {
      if (!shown(screen) || taken(event) || belongsToControl(event)) return;
      const binding = bindingOf(event);
      if (!binding) return;
      event.preventDefault();
      if (event.repeat && !binding.repeat) return;
      if (binding.hold) held.set(event.code, binding);
      act(binding.action, event);
    },
    { signal },
  );
  const release = (code) => {
    const binding = held.get(code);
    if (!binding) return;
    held.delete(code);
    act(`${binding.action}:up`, null);
  };
  document.addEventListener('keyup', (event) => release(event.code), { signal });
  window.addEventListener('blur', () => [...held.keys()].forEach(release), { signal });
}
