// Pace, forecast, and masks by state and category.

import { h } from '../dom.js';
import { Card } from './card.js';

const STATES = ['accepted', 'pending', 'unsure', 'rejected'];

export class Progress {
  constructor(api) {
    this.api = api;
    this.pace = h('div', { class: 'quality-figures' });
    this.note = h('p', { class: 'quality-words' });
    this.bar = h('div', { class: 'quality-bar' });
    this.table = h('tbody');
    const head = ['Category', ...STATES].map((word) => h('th', { scope: 'col' }, word));
    this.main = new Card('progress', 'Progress', this.pace, this.bar, this.note);
    this.categories = new Card('categories', 'Categories', h('div', { class: 'quality-scroll' }, h('table', {}, h('thead', {}, h('tr', {}, ...head)), this.table)));
    this.cards = [this.main.element, this.categories.element];
  }

  load() {
    return this.main.fill(this.api.get('/quality/progress'), (answer) => this.#show(answer));
  }

  #show({ pace, forecast, states, categories, goodness, naming }) {
    this.main.say(forecast);
    this.note.textContent = goodness;
    const figure = (value, word) => h('div', { class: 'quality-figure' }, h('b', {}, value), h('span', {}, word));
    const total = STATES.reduce((sum, state) => sum + states[state], 0);
    const decided = total - states.pending;
    this.pace.replaceChildren(
      figure(pace.per_hour === null ? '–' : Math.round(pace.per_hour).toLocaleString('en'), 'masks an hour'),
      figure(total ? `${Math.floor((100 * decided) / total)} %` : '–', 'of the masks decided'),
      figure(states.accepted.toLocaleString('en'), 'accepted'),
      figure(decided ? `${Math.round((100 * states.accepted) / decided)} %` : '–', 'of the decided accepted'),
    );
    this.bar.replaceChildren(
      ...STATES.filter((state) => states[state]).map((state) =>
        h('span', { class: `is-${state}`, style: `flex: ${states[state]}`, title: `${states[state]} ${state}` }, `${states[state].toLocaleString('en')} ${state}`),
      ),
    );
    this.categories.say(categories.length ? naming : 'Nothing is decided yet.');
    this.table.replaceChildren(
      ...categories.map((row) =>
        h('tr', {}, h('th', { scope: 'row' }, row.name || 'not named'), ...STATES.map((state) => h('td', {}, row[state] ? row[state].toLocaleString('en') : ''))),
      ),
    );
  }
}
