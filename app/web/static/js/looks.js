// Theme, contrast and palette that the person prefers, on the whole page. Gradio follows the system; a choice made here wins.

import { pref } from './prefs.js';

const DARK = matchMedia('(prefers-color-scheme: dark)');

/** Bring the page to the preferences. */
function apply() {
  const { dataset } = document.documentElement;
  dataset.contrast = pref('contrast');
  dataset.palette = pref('palette');
  const theme = pref('theme');
  if (theme === 'system' && new URLSearchParams(location.search).has('__theme')) return; // Gradio's own way to choose
  const dark = theme === 'system' ? DARK.matches : theme === 'dark';
  if (document.body.classList.contains('dark') !== dark) document.body.classList.toggle('dark', dark);
}

/** Keep the page as the person prefers it, from now on. */
export function followLooks() {
  apply();
  document.addEventListener('annotator:prefs', apply);
  DARK.addEventListener('change', apply);
  new MutationObserver(apply).observe(document.body, { attributeFilter: ['class'] }); // Gradio sets its own when it starts
}
