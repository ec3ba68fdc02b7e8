// Who else is here, in the header: a count that opens into names and the images they work on.

import { h } from './dom.js';
import { pref } from './prefs.js';

const NAMELESS = 'local'; // what the server calls people who gave no name

/** What to call somebody: two windows of one person have one name. */
export function nameOf({ who }) {
  if (who === NAMELESS) return 'Somebody without a name';
  return who === pref('name') ? `${who} (another window)` : who;
}

let here = []; // as the feed last said
document.addEventListener('annotator:others', ({ detail }) => (here = detail));

/** Image id -> names of those who have it open. */
export function byImage() {
  const found = new Map();
  for (const each of here) if (each.image_id) found.set(each.image_id, [...(found.get(each.image_id) ?? []), nameOf(each)]);
  return found;
}

/** @param {HTMLDetailsElement} element */
export function paintOthers(element) {
  element.hidden = here.length === 0;
  if (!here.length) element.open = false;
  const where = ({ image_id: id }) => (id ? h('a', { href: `#/review/${id}` }, `image ${id}`) : h('span', {}, 'not reviewing'));
  element.replaceChildren(
    h('summary', { role: 'button' }, here.length === 1 ? '1 other here' : `${here.length} others here`),
    h('ul', {}, ...here.map((each) => h('li', {}, h('b', {}, nameOf(each)), where(each)))),
  );
}
