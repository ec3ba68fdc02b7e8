// The Quality screen: how fast it goes, what looks odd, where the masks lie, and whether a person agrees with themselves.

import { Api } from './api.js';
import { h, shown } from './dom.js';
import { BlindCheck } from './quality/blind.js';
import { Lists } from './quality/lists.js';
import { MaskMap } from './quality/map.js';
import { Progress } from './quality/progress.js';

class Quality {
  #ending = new AbortController();

  constructor(element, { api }) {
    this.api = new Api(api);
    this.element = element;
    const { signal } = this.#ending;
    this.parts = [
      new Progress(this.api), new Lists(this.api), new BlindCheck(this.api, element, signal), new MaskMap(this.api, signal),
    ];
    element.classList.add('quality');
    element.replaceChildren(h('div', { class: 'quality-cards' }, ...this.parts.flatMap(({ cards }) => cards)));
    document.addEventListener('annotator:tab', ({ detail }) => detail === 'quality' && this.load(), { signal });
    if (shown(element)) this.load();
  }

  destroy() {
    this.#ending.abort();
    for (const part of this.parts) part.stop?.();
  }

  load() {
    for (const part of this.parts) part.load();
  }
}

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountQuality(element, options) {
  current?.destroy();
  current = new Quality(element, options);
  return current;
}
