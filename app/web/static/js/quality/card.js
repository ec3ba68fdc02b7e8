// A card of the Quality screen: a heading, what is said below it, and its contents; loading and failing look the same in all of them.

import { h } from '../dom.js';

export class Card {
  /** @param {string} name for styles and tests @param {string} title @param {...(Node | null)} contents */
  constructor(name, title, ...contents) {
    this.words = h('p', { class: 'quality-words', role: 'status' });
    this.element = h('section', { class: `quality-card is-${name}`, 'aria-label': title }, h('h2', {}, title), this.words, ...contents);
  }

  say(text, bad = false) {
    this.words.textContent = text;
    this.words.classList.toggle('bad', bad);
  }

  /** Show an answer of the app when it comes; a failure is told. @returns {Promise<boolean>} whether it came */
  async fill(answer, show) {
    try {
      show(await answer);
      return true;
    } catch (error) {
      this.say(error.message, true);
      return false;
    }
  }
}

export const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
