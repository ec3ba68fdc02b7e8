// Masks worth a second look: checks of the accepted ones, outliers, and look-alike images. Each row opens its mask in Review.

import { h } from '../dom.js';
import { Card, plural } from './card.js';

const CHECKS = [
  ['overlap', 'Overlapping', 'more than half the same as another accepted mask'],
  ['parts', 'Tiny parts', 'crumbs beside the mask'],
  ['holes', 'Holes', 'background inside the mask'],
  ['tiny', 'Tiny', 'less than a ten-thousandth of the image'],
  ['border', 'At the border', 'perhaps cut off: often right'],
];
const COMPARING = 3000; // ms between looks at how far the comparing of images is
const OUTLIERS = [
  ['unlike', 'Unlike their category', 'embedding far from the other accepted masks of the name'],
  ['accepted', 'Accepted, look bad', 'lowest estimate first'],
  ['rejected', 'Rejected, look good', 'highest estimate first'],
];

export class Lists {
  constructor(api) {
    this.api = api;
    this.checks = new Card('checks', 'Accepted masks to look at again');
    this.outliers = new Card('outliers', 'Decisions to look at again');
    this.alike = new Card('alike', 'Look-alike images');
    this.groups = new Map([...this.#groups(this.checks, CHECKS), ...this.#groups(this.outliers, OUTLIERS)]);
    this.link = h('button', { type: 'button', hidden: true, onclick: () => open('alike') }, 'Show them in the Queue');
    this.alike.element.append(this.link);
    this.cards = [this.checks.element, this.outliers.element, this.alike.element];
  }

  /** A fold for each kind; closed ones show their number. */
  #groups(card, kinds) {
    return kinds.map(([kind, title, words]) => {
      const number = h('b', { class: 'number' });
      const rows = h('ol', { class: 'quality-rows' });
      const fold = h('details', { data: { kind } }, h('summary', {}, title, number, h('small', {}, words)), rows);
      card.element.append(fold);
      return [kind, { number, rows, fold }];
    });
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.comparing);
  }

  load() {
    this.#check();
    this.outliers.fill(this.api.get('/quality/outliers'), ({ rows }) => {
      for (const [kind] of OUTLIERS) this.#fill(kind, rows[kind].length, rows[kind]);
      this.outliers.say(Object.values(rows).some((each) => each.length) ? '' : 'None so far. Outliers show when enough is decided to learn from.');
    });
    this.#compare();
  }

  #compare() {
    clearTimeout(this.comparing);
    this.alike.fill(this.api.get('/queue'), ({ alike, groups, looking }) => {
      this.link.hidden = !alike;
      const found = alike ? `${plural(alike, 'image')} show ${plural(groups, 'picture')}.` : 'No two images look alike.';
      this.alike.say(looking ? 'Images are being compared…' : found);
      if (looking) this.comparing = setTimeout(() => this.#compare(), COMPARING);
    });
  }

  /** The app checks for a second at a time. */
  #check() {
    clearTimeout(this.timer);
    this.checks.fill(this.api.get('/quality/checks'), ({ waiting, counts, rows }) => {
      for (const [kind] of CHECKS) this.#fill(kind, counts[kind], rows[kind]);
      const found = Object.values(counts).some(Boolean);
      this.checks.say(waiting ? `${plural(waiting, 'image')} still to be checked…` : found ? '' : 'Nothing odd was found.');
      if (waiting) this.timer = setTimeout(() => this.#check(), 50);
    });
  }

  #fill(kind, count, rows) {
    const group = this.groups.get(kind);
    group.number.textContent = count.toLocaleString('en');
    group.fold.classList.toggle('is-empty', !count);
    const more = count > rows.length ? [h('li', { class: 'quality-more' }, `and ${count - rows.length} more`)] : [];
    group.rows.replaceChildren(...rows.map(rowOf), ...more);
  }
}

function rowOf({ image_id: image, instance_id: mask, name, detail }) {
  return h('li', {}, h('a', { href: `#/review/${image}/${mask}`, title: name }, h('span', { class: 'name' }, name), h('small', {}, detail)));
}

/** Show one of the queue's special lists. */
export function open(list) {
  location.hash = `#/queue/${list}`;
}
