// Images or masks that something is wrong with, as a list to be unfolded.

import { h } from './dom.js';

/** @param {{faults: [string, string][], faults_count: number}} outcome image and reason of some; how many there are in all */
export function faultList({ faults, faults_count: count }) {
  const hidden = count - faults.length;
  return h('details', { class: 'exchange-faults' },
    h('summary', {}, count === 1 ? '1 fault' : `${count.toLocaleString('en')} faults`),
    h('ul', {}, ...faults.map(([image, reason]) => h('li', {}, h('b', {}, image), `: ${reason}`)), hidden > 0 ? h('li', {}, `and ${hidden.toLocaleString('en')} more`) : null));
}
