// Decisions on their way to the database, as the Review screen shows it: saved, not saved, or in conflict with what others did.

import { Decider } from './decider.js';
import { Saver } from './saver.js';
import { conflictWords, unsavedWords } from './words.js';

export class Saving {
  #screen;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
    this.saver = new Saver(screen.api, {
      onState: (...state) => this.#tell(...state),
      onAnswer: (answer) => this.#saved(answer),
      onConflict: (refused) => this.#conflict(refused),
    });
    this.decider = new Decider({ saver: this.saver, images: screen.images });
  }

  #tell(state, unsaved, error) {
    const { board } = this.#screen;
    document.documentElement.dataset.review = state;
    document.dispatchEvent(new CustomEvent('annotator:save', { detail: { state, at: Date.now() } }));
    if (error) board.alert('offline', unsavedWords(unsaved, error));
    else board.settle('offline');
  }

  #saved({ images, created }) {
    const screen = this.#screen;
    const here = this.decider.learn(created).filter((mask) => screen.image?.masks.includes(mask));
    if (here.length) screen.list.update(here);
    for (const [id, status] of Object.entries(images)) {
      screen.film.setStatus(id, status);
      const image = screen.images.peek(Number(id));
      if (image) image.status = status;
    }
    screen.missed.later();
  }

  /** Somebody else changed masks first: show theirs, and offer mine again. */
  #conflict(refused) {
    const { images, board, navigator, categories } = this.#screen;
    this.#show(this.decider.concede(refused));
    if (refused.some(({ instance }) => !instance)) navigator.bringUpToDate();
    const text = conflictWords(refused, {
      maskNumber: ({ image_id: id, instance_id: mask }) => images.peek(id)?.masks.find((each) => each.id === mask)?.number,
      imageName: (id) => (this.#screen.image?.id === id ? '' : (images.peek(id)?.name ?? `image ${id}`)),
      categoryName: (id) => categories.name(id),
    });
    const insist = ['Apply mine', () => this.#show(this.decider.insist(refused))];
    const keep = [refused.some(({ instance }) => instance) ? 'Keep theirs' : 'Close', () => {}];
    board.alert('conflict', text, refused.some(({ instance }) => instance) ? [insist, keep] : [keep]);
  }

  /** Show masks of this image or another as they are now. */
  #show(masks) {
    if (masks.length && this.#screen.image) this.#screen.display.rebuilt();
  }
}
