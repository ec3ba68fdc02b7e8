// Masks by click, or by a box around the object: the app guesses what is meant, the person corrects the guess with further clicks and
// keeps it.
//
// A state is the box and the clicks so far and what the app made of them; each click adds one, a box begins anew, Backspace takes the
// last one away. Clicks wait for each other's answers, for the next one corrects what the one before made. Nothing is stored before Enter.

import { ApiError } from '../api.js';
import { decode } from '../rle.js';
import { Boxing } from './boxing.js';
import { clickWords } from './words.js';

const PATIENCE = 400; // ms of making ready after which that is said
const PREPARING = 'Preparing this image for clicks…';

export class Clicking {
  #screen;
  #image = null;
  #mask = null; // the one to refine; null: a new one
  #states = []; // {box, clicks, candidates, at}
  #work = Promise.resolve();
  #round = 0; // of the tool in hand; answers to an earlier one are too late
  #removes = false;
  #boxing;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
    this.#boxing = new Boxing(screen);
  }

  get active() {
    return this.#image !== null;
  }

  /** What the pointer does while this is in hand. */
  tool = {
    hover: () => {},
    begin: (point) => this.#boxing.begin(point),
    move: (points) => this.#boxing.to(points.at(-1)),
    end: (event) => this.#drawn(this.#boxing.end(event), event.shiftKey),
    cancel: () => this.#boxing.cancel(),
    remove: (point) => {
      this.#boxing.cancel(); // a finger that rests has begun one
      this.click(point, false);
    },
    step: (larger) => this.step(larger),
    aim: (point) => this.#boxing.byKeys && this.#boxing.to(point),
    put: (point, { away }) => {
      this.#boxing.cancel();
      this.click(point, !(away || this.#removes));
    },
    corner: (point) => this.#corner(point),
  };

  /** A hand did this: a box or a click, or nothing. */
  #drawn(done, away) {
    if (done?.box) this.box(done.box);
    else if (done) this.click(done.click, !(away || this.#removes));
  }

  /** Keys set a corner of a box; the second one ends it. @param {[number, number]} point in image pixels */
  #corner(point) {
    if (!this.#boxing.byKeys) {
      this.#boxing.begin(point, true);
      return;
    }
    this.#boxing.to(point);
    this.#drawn(this.#boxing.end(), false);
  }

  /** Take the tool in hand. @param {object | null} mask to refine; null: a new one */
  start(mask) {
    this.leave();
    this.#screen.tools.leave();
    this.#image = this.#screen.image;
    this.#mask = mask;
    this.#screen.hold(this.tool);
    this.#show();
    this.#makeReady();
  }

  /** Lay the tool down; clicks that were not kept are gone. Tells whether there were any. */
  leave() {
    if (!this.active) return false;
    const lost = this.#states.length > 0;
    this.#boxing.cancel();
    this.#round++;
    this.#image = this.#mask = null;
    this.#states = [];
    this.#removes = false;
    this.#screen.hold(null);
    this.#show();
    return lost;
  }

  /** Clicks remove until this is called again: fingers have no second button. */
  turn() {
    this.#removes = !this.#removes;
    this.#show();
  }

  /** @param {[number, number]} point in image pixels @param {boolean} adds */
  click([x, y], adds) {
    const { width, height } = this.#image;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    if (!adds && !this.#mask && !this.#states.length) {
      this.#screen.board.notice('Begin with a click on the object; then a click can take away from it.');
      return;
    }
    const { box = null, clicks = [] } = this.#states.at(-1) ?? {};
    this.#begin({ box, clicks: [...clicks, { x, y, adds }] });
  }

  /** What a box is around, whatever was clicked before. @param {number[]} box left, top, right, bottom in image pixels */
  box(box) {
    this.#begin({ box, clicks: [] });
  }

  #begin(state) {
    this.#states.push({ ...state, candidates: [], at: 0 });
    this.#show();
    this.#ask();
  }

  /** Forget a box that is being drawn; tells whether there was one. */
  cancel() {
    return this.#boxing.cancel();
  }

  /** Take the last click or box back; without one lay the tool down. */
  back() {
    if (this.#boxing.cancel()) return;
    if (this.#states.pop()) this.#show();
    else this.leave();
  }

  /** The part of what is shown (false), or the whole around it (true). */
  step(larger) {
    const state = this.#states.at(-1);
    const to = state?.candidates[state.at]?.[larger ? 'whole' : 'part'] ?? null;
    if (to === null) this.#screen.board.notice(larger ? 'No larger whole is offered: click outside to add.' : 'No smaller part is offered.');
    else this.#turnTo(to);
  }

  /** The next candidate, or the one before. */
  other(direction) {
    const { candidates, at } = this.#states.at(-1) ?? { candidates: [], at: 0 };
    if (candidates.length) this.#turnTo((at + direction + candidates.length) % candidates.length);
  }

  /** The candidate with this number, from 1. */
  pick(number) {
    if (this.#states.at(-1)?.candidates[number - 1]) this.#turnTo(number - 1);
  }

  /** Keep what is shown. After a new mask the tool stays for the next one; with nothing to keep it is laid down. */
  keep() {
    const state = this.#states.at(-1);
    const chosen = state?.candidates[state.at];
    if (state && !chosen) {
      this.#ask(); // the app did not answer before
      return;
    }
    const [image, mask, screen] = [this.#image, this.#mask, this.#screen];
    if (!chosen) {
      this.leave();
    } else if (mask) {
      this.leave();
      screen.decider.edit(image, mask, chosen.bitmap);
      screen.display.rebuilt((screen.autoAdvance && screen.selection.nextPending(mask)) || mask);
    } else {
      this.#states = [];
      const made = screen.decider.create(image, chosen.bitmap);
      screen.display.rebuilt(made);
      this.#show();
    }
  }

  #turnTo(at) {
    this.#states.at(-1).at = at;
    this.#show();
  }

  /** Have the app read what it needs, or make it, before the first click. */
  async #makeReady() {
    const { board, api } = this.#screen;
    const round = this.#round;
    const slow = setTimeout(() => this.#round === round && board.notice(PREPARING), PATIENCE);
    try {
      await api.post(`/images/${this.#image.id}/click/prepare`, { make: true });
      if (this.#round === round) board.withdraw(PREPARING);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#round === round) board.notice(error.message);
    } finally {
      clearTimeout(slow);
    }
  }

  /** Ask for what has no answer yet; keys wait for it. */
  #ask() {
    const round = this.#round;
    this.#work = this.#work.then(() => this.#answer(round));
    this.#screen.actions.wait(this.#work);
  }

  async #answer(round) {
    const place = this.#states.findIndex((state) => !state.candidates.length);
    const state = this.#states[place];
    if (this.#round !== round || !state) return;
    const before = this.#states[place - 1];
    const { box, clicks } = state;
    const corrected = box && !clicks.length ? null : (before?.candidates[before.at] ?? this.#mask); // a box asks anew
    const base = corrected?.counts ?? null;
    const mine = this.#mask && typeof this.#mask.id === 'number' ? this.#mask.id : null;
    try {
      const { candidates } = await this.#screen.api.post(`/images/${this.#image.id}/click`, { clicks, box, base, instance_id: mine });
      if (this.#round !== round || !this.#states.includes(state)) return;
      if (candidates.length) this.#answered(state, candidates);
      else this.#refused(state, 'Nothing would be left of the mask: R rejects it.');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#round !== round) return;
      if (error.status === 0) this.#screen.board.notice('The app does not answer. Your clicks stay here: Enter tries again.');
      else this.#refused(state, error.message);
    }
  }

  #answered(state, candidates) {
    const { height } = this.#image;
    state.candidates = candidates.map((each) => ({ ...each, bitmap: decode(each.counts, height, each.bbox) }));
    this.#show();
  }

  /** No mask comes of this click, nor of those after it. */
  #refused(state, text) {
    this.#states.length = this.#states.indexOf(state);
    this.#screen.board.notice(text);
    this.#show();
  }

  #show() {
    const { stage, parts } = this.#screen;
    const state = this.#states.at(-1);
    const answered = this.#states.findLast(({ candidates }) => candidates.length);
    const shown = answered?.candidates[answered.at] ?? this.#mask;
    stage.preview = this.active ? { mask: shown, box: state?.box ?? null, clicks: state?.clicks ?? [] } : null;
    stage.draw();
    parts.clickBar.show(this.active && { ...this.#offer(answered), removes: this.#removes, refines: this.#mask !== null });
    parts.press('refine', this.#mask !== null);
    parts.press('new-by-click', this.active && this.#mask === null);
    if (!this.active) {
      this.#screen.display.describe();
      return;
    }
    parts.line.textContent = parts.live.textContent = clickWords(this.#image, this.#mask, state, answered);
    Object.assign(document.documentElement.dataset, { clicks: state?.clicks.length ?? 0, candidates: state?.candidates.length ?? 0 });
  }

  #offer(answered) {
    const chosen = answered?.candidates[answered.at];
    return {
      part: (chosen?.part ?? null) !== null,
      whole: (chosen?.whole ?? null) !== null,
      others: (answered?.candidates.length ?? 0) > 1,
      keep: Boolean(chosen),
    };
  }
}
