// The Review screen: one image, its masks, and what the person decides about them.
//
// Everything that a key does is done here at once; the server hears of it in batches (review/saver.js). The state of the screen can be
// read from `data-review` of the document: loading, ready, saving, saved, error.

import { Api } from './api.js';
import { shown } from './dom.js';
import { Categories } from './review/categories.js';
import { Filmstrip } from './review/filmstrip.js';
import { Histogram } from './review/histogram.js';
import { Images, maskOf, updateMask } from './review/images.js';
import { listen } from './review/keyboard.js';
import { KeySheet } from './review/keysheet.js';
import { layOut } from './review/layout.js';
import { MaskList } from './review/masklist.js';
import { partsAndHoles } from './review/outline.js';
import { lookOf } from './review/palette.js';
import { Saver } from './review/saver.js';
import { Stage } from './review/stage.js';

const NOTICE_TIME = 5000; // ms

class Review {
  image = null;
  #ending = new AbortController();
  #opening = null; // id being opened
  #trail = []; // {imageId, maskId} of the decisions of this session, for Backspace
  #autoAdvance = true;
  #showRejected = false;
  #isolate = false;
  #lastCategory = null;
  #counter = 0;

  constructor(element, { api }) {
    const { signal } = this.#ending;
    this.element = element;
    this.api = new Api(api);
    this.images = new Images(this.api);
    this.parts = layOut(element, (action) => this.act(action));
    this.stage = new Stage(this.parts.canvas, (mask) => this.select(mask), signal);
    this.stage.overlay.visible = (mask) => this.visible(mask);
    this.list = new MaskList(this.parts.list, (mask) => this.select(mask));
    this.list.visible = this.stage.overlay.visible;
    this.list.categoryName = (mask) => this.categories.name(mask.category_id);
    this.histogram = new Histogram(this.parts.histogram, () => this.#filterChanged());
    this.categories = new Categories(this.api, this.parts.categories, {
      onPick: (id) => this.#name(id),
      onError: (text) => this.#notify(text),
    });
    this.film = new Filmstrip(this.api, this.parts.film, (id) => this.goTo(id));
    this.sheet = new KeySheet();
    document.body.append(this.sheet.dialog);
    this.saver = new Saver(this.api, {
      onState: (state, unsaved) => this.#saving(state, unsaved),
      onAnswer: (answer) => this.#saved(answer),
      onConflict: (conflicts, operations) => this.#conflict(conflicts, operations),
    });
    listen(element, (action, event) => this.act(action, event), signal);
    this.#follow(signal);
  }

  /** Take part in the page: addresses, the `?` button, other screens, and its end. */
  #follow(signal) {
    window.addEventListener('hashchange', () => this.route(), { signal });
    document.addEventListener('annotator:tab', () => this.route(), { signal });
    document.addEventListener('annotator:keys', () => this.sheet.toggle(), { signal });
    document.addEventListener('annotator:overview', ({ detail }) => this.#overview(detail), { signal });
    window.addEventListener('pagehide', () => this.saver.leave(), { signal });
    document.addEventListener('visibilitychange', () => document.hidden && this.saver.leave(), { signal });
  }

  destroy() {
    this.saver.leave();
    this.#ending.abort();
    this.sheet.dialog.remove();
  }

  // Images

  /** Open what the address says: #/review/7, or with #/review the image that was open, at first the first one to do. */
  async route() {
    const [, tab, id] = location.hash.split('/');
    if (tab !== 'review') return;
    if (id) {
      if (Number(id) !== this.#opening) await this.open(Number(id));
    } else if (this.image) {
      history.replaceState(null, '', `#/review/${this.image.id}`);
    } else await this.#openNext(null);
  }

  goTo(id) {
    if (id !== null && id !== undefined) location.hash = `#/review/${id}`;
  }

  async open(id) {
    this.#opening = id;
    const cached = this.image !== null;
    if (!cached) document.documentElement.dataset.review = 'loading';
    let image;
    try {
      image = await this.images.get(id);
    } catch (error) {
      if (this.#opening === id) this.#failed(error);
      return;
    }
    if (this.#opening !== id) return; // somebody went on meanwhile
    this.#show(image);
    if (!this.saver.has(id)) this.#bringUpToDate(id);
  }

  #show(image) {
    this.image = image;
    this.#isolate = false;
    this.parts.press('isolate', false);
    this.histogram.show(image.masks);
    this.stage.show(image);
    this.list.show(image.masks);
    this.parts.canvas.setAttribute('aria-label', `${image.name}, ${image.masks.length} masks`);
    this.parts.name.textContent = image.name;
    this.parts.name.title = image.note ? `${image.name}: ${image.note}` : image.name;
    this.parts.place.textContent = `${image.index + 1} of ${image.total}`;
    this.#message(this.#wordsFor(image));
    this.select(this.#nextPending(null));
    this.#count();
    document.documentElement.dataset.review = this.saver.unsaved ? 'saving' : 'ready';
    document.documentElement.dataset.image = image.id;
    this.film.show(image);
    setTimeout(() => {
      this.images.prefetch(image.next);
      this.images.prefetch(image.previous);
    }, 20);
  }

  #wordsFor(image) {
    if (image.error) return ['This image cannot be read', image.error];
    if (image.masks.length) return null;
    if (image.status === 'new') return ['No proposals yet', 'Start them on the Propose screen; this page fills by itself.'];
    return ['No masks found here', 'Enter marks the image as finished and goes to the next one.'];
  }

  async #openNext(after) {
    if (!(await this.saver.flush())) return;
    try {
      const { id } = await this.api.get(`/next${after ? `?after=${after}` : ''}`);
      if (id !== null) {
        if (after) this.goTo(id);
        else await this.open(id);
      } else this.#nothingLeft(await this.api.get('/overview'));
    } catch (error) {
      this.#failed(error);
    }
  }

  #nothingLeft({ images }) {
    this.image = this.#opening = null;
    this.stage.show(null);
    this.list.show([]);
    this.histogram.show([]);
    this.parts.name.textContent = this.parts.place.textContent = this.parts.line.textContent = '';
    this.parts.counts.replaceChildren();
    if (images.total === 0) this.#message(['Nothing to review yet', 'Open a folder of images on the Import screen.']);
    else if (images.new) this.#message(['No proposals yet', `${images.new} images wait for proposals: start them on the Propose screen.`]);
    else this.#message(['All images are done', 'Export the masks on the Export screen, or open an image again from the Queue.']);
    document.documentElement.dataset.review = 'ready';
  }

  #failed(error) {
    this.#message(['This cannot be shown', error.message]);
    document.documentElement.dataset.review = 'error';
  }

  /** Another tab or person may have changed this image since it was kept. */
  async #bringUpToDate(id) {
    try {
      const changed = await this.images.refresh(id);
      if (changed && this.image?.id === id) this.#rebuild();
    } catch {
      // The next save or look says if the app is gone.
    }
  }

  #rebuild() {
    const { masks } = this.image;
    const kept = this.stage.selected && masks.find((mask) => mask.id === this.stage.selected.id);
    this.stage.rebuild();
    this.list.show(masks);
    this.histogram.show(masks);
    this.#message(this.#wordsFor(this.image));
    this.select(kept ?? this.#nextPending(null));
    this.#count();
  }

  #overview({ categories, images }) {
    this.categories.set(categories);
    if (this.image && this.image.masks.length === 0 && this.image.status === 'new' && images.todo) this.#bringUpToDate(this.image.id);
    else if (!this.image && images.todo + images.doing && shown(this.element)) this.route();
  }

  // Masks

  visible(mask) {
    if (mask === this.stage.selected) return true;
    if (this.#isolate) return false;
    if (mask.state === 'rejected') return this.#showRejected;
    return mask.state !== 'pending' || mask.score >= this.histogram.threshold;
  }

  select(mask) {
    const before = this.stage.selected;
    this.stage.select(mask);
    this.stage.repaint([before, mask].filter((each) => each && (this.#isolate || each.state === 'rejected')));
    this.list.select(mask);
    this.categories.mark(mask?.category_id ?? null);
    this.#describe(mask);
  }

  #describe(mask) {
    if (!mask) {
      const left = this.image ? this.image.masks.filter(({ state }) => state === 'pending').length : 0;
      const hint = left ? 'Tab selects the next mask.' : 'All masks are decided. Enter: next image.';
      this.parts.line.textContent = this.image?.masks.length ? hint : '';
      return;
    }
    mask.shape ??= partsAndHoles(mask.bitmap);
    const { parts, holes } = mask.shape;
    const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
    const share = (100 * mask.area) / (this.image.width * this.image.height);
    const texts = [
      `#${this.list.number(mask)}`, lookOf(mask).word, this.categories.name(mask.category_id), `score ${mask.score.toFixed(2)}`,
      `area ${share < 0.1 ? share.toFixed(2) : share.toFixed(1)} %`, plural(parts, 'part'), holes ? plural(holes, 'hole') : '',
    ];
    this.parts.line.textContent = texts.filter(Boolean).join(' · ');
    this.parts.live.textContent = this.parts.line.textContent;
  }

  #count() {
    const counts = { pending: 0, accepted: 0, rejected: 0, unsure: 0 };
    for (const mask of this.image.masks) counts[mask.state]++;
    const text = ([state, count]) => {
      const part = document.createElement('span');
      part.className = `count is-${state}`;
      part.textContent = `${count} ${state}`;
      return part;
    };
    this.parts.counts.replaceChildren(...Object.entries(counts).map(text));
  }

  #nextPending(from, direction = 1) {
    const { masks } = this.image;
    const start = from ? masks.indexOf(from) : direction > 0 ? -1 : masks.length;
    for (let step = 1; step <= masks.length; step++) {
      const mask = masks[(((start + direction * step) % masks.length) + masks.length) % masks.length];
      if (mask.state === 'pending' && mask.score >= this.histogram.threshold) return mask;
    }
    return null;
  }

  /** The next mask in the list that can be seen, whatever its state. */
  #neighbour(direction) {
    const candidates = this.image.masks.filter((mask) => mask === this.stage.selected || this.visible(mask));
    if (!candidates.length) return null;
    const at = candidates.indexOf(this.stage.selected);
    const next = at < 0 ? (direction > 0 ? 0 : candidates.length - 1) : at + direction;
    return candidates[(next + candidates.length) % candidates.length];
  }

  #filterChanged() {
    this.stage.repaintAll();
    this.list.updateAll();
    const { selected } = this.stage;
    if (!selected || (selected.state === 'pending' && selected.score < this.histogram.threshold)) this.select(this.#nextPending(null));
  }

  // Decisions

  #group() {
    return `${Date.now()}-${++this.#counter}`;
  }

  #record(mask, change, group) {
    Object.assign(mask, change.state ? { state: change.state } : { category_id: change.category_id });
    this.saver.add({
      image_id: this.image.id, group, action: change.state ? 'state' : 'category', instance_id: mask.id, revision: mask.revision, ...change,
    });
    mask.revision += 1;
    this.#trail.push({ imageId: this.image.id, maskId: mask.id });
  }

  #decide(state) {
    const mask = this.stage.selected;
    if (!mask) {
      this.select(this.#nextPending(null));
      return;
    }
    if (mask.state !== state) this.#record(mask, { state }, this.#group());
    const next = this.#autoAdvance ? this.#nextPending(mask) : mask;
    this.select(next);
    this.#changed([mask]);
    if (!next) this.#notify(this.#undecidedHidden());
  }

  #undecidedHidden() {
    const hidden = this.image.masks.filter(({ state }) => state === 'pending').length;
    return hidden ? `${hidden} pending masks are hidden by the slider. Enter finishes the image.` : 'All masks are decided. Enter: next image.';
  }

  #decideAll(state) {
    const masks = this.image.masks.filter((mask) => mask.state === 'pending' && mask.score >= this.histogram.threshold);
    const group = this.#group();
    masks.forEach((mask) => this.#record(mask, { state }, group));
    this.select(null);
    this.#changed(masks);
    this.#notify(`${masks.length} ${state}. ${masks.length ? 'Ctrl+Z takes it back.' : 'Nothing was pending.'}`);
  }

  #name(categoryId) {
    const mask = this.stage.selected;
    if (!mask) {
      this.#notify('Select a mask first: click it or press Tab.');
      return;
    }
    this.#lastCategory = categoryId;
    if (mask.category_id !== categoryId) this.#record(mask, { category_id: categoryId }, this.#group());
    this.categories.mark(categoryId);
    this.#describe(mask);
    this.#changed([mask]);
  }

  #changed(masks) {
    this.stage.repaint(masks);
    if (masks.length > 50) this.list.updateAll();
    else this.list.update(masks);
    this.#count();
  }

  async #finish() {
    const { id } = this.image;
    this.saver.add({ image_id: id, group: this.#group(), action: 'finish' });
    this.image.status = 'done';
    await this.#openNext(id);
  }

  async #turn(path) {
    if (!(await this.saver.flush())) return;
    try {
      const turned = await this.api.post(path, {});
      if (turned.image_id === null) this.#notify(path === '/undo' ? 'Nothing to undo.' : 'Nothing to redo.');
      else await this.#applyTurned(turned);
    } catch (error) {
      this.#notify(error.message);
    }
  }

  async #applyTurned({ image_id: id, instances, image_status: status, what }) {
    const image = await this.images.get(id);
    const masks = instances.map((instance) => {
      const mask = image.masks.find((each) => each.id === instance.id);
      return mask ? updateMask(mask, instance, image.height) : maskOf(instance, image.height);
    });
    image.status = status;
    this.film.setStatus(id, status);
    if (this.image?.id === id) {
      this.select(masks[0] ?? null);
      this.#changed(masks);
    } else {
      history.replaceState(null, '', `#/review/${id}`);
      await this.open(id);
      this.select(masks[0] ?? null);
    }
    this.#notify(what);
  }

  async #back() {
    const last = this.#trail.pop();
    if (!last) {
      this.#notify('No earlier decision in this session.');
      return;
    }
    if (this.image?.id !== last.imageId) {
      history.replaceState(null, '', `#/review/${last.imageId}`);
      await this.open(last.imageId);
    }
    this.select(this.image.masks.find(({ id }) => id === last.maskId) ?? null);
  }

  // Saving

  #saving(state, unsaved) {
    document.documentElement.dataset.review = state;
    document.dispatchEvent(new CustomEvent('annotator:save', { detail: { state, at: Date.now() } }));
    if (state === 'error') this.#notify(`Offline: ${unsaved} decisions not saved yet, trying again. They are kept on this computer.`, true);
    else if (this.parts.notice.dataset.offline) this.#notify('');
  }

  #saved({ images }) {
    for (const [id, status] of Object.entries(images)) {
      this.film.setStatus(id, status);
      if (this.image?.id === Number(id)) this.image.status = status;
    }
  }

  /** Somebody else changed a mask first: show theirs, and offer mine again. */
  async #conflict(conflicts, operations) {
    const mine = new Map(operations.map((operation) => [operation.key, operation]));
    for (const { key, instance } of conflicts) {
      const { image_id: id } = mine.get(key);
      const image = this.image?.id === id ? this.image : null;
      const mask = instance && image?.masks.find((each) => each.id === instance.id);
      if (mask) this.#changed([updateMask(mask, instance, image.height)]);
    }
    const again = conflicts.filter(({ key, instance }) => instance && mine.get(key)).map(({ key, instance }) => [mine.get(key), instance]);
    const text = conflicts.length === 1 ? conflicts[0].message : `${conflicts.length} decisions were not saved: ${conflicts[0].message}`;
    this.#notify(text, true, again.length ? () => this.#insist(again) : null);
  }

  #insist(pairs) {
    const group = this.#group();
    for (const [{ key: _key, ...operation }, instance] of pairs) {
      this.saver.add({ ...operation, group, revision: instance.revision });
      const mask = this.image?.masks.find((each) => each.id === operation.instance_id);
      if (!mask) continue;
      Object.assign(mask, operation.state ? { state: operation.state } : { category_id: operation.category_id });
      mask.revision = instance.revision + 1;
      this.#changed([mask]);
    }
    this.#notify('');
  }

  // Words

  #message(words) {
    this.parts.message.hidden = words === null;
    if (words === null) return;
    const [title, text] = words;
    const heading = document.createElement('h2');
    heading.textContent = title;
    const line = document.createElement('p');
    line.textContent = text;
    this.parts.message.replaceChildren(heading, line);
  }

  #notify(text, stays = false, insist = null) {
    const { notice } = this.parts;
    clearTimeout(this.noticeTimer);
    notice.hidden = !text;
    notice.textContent = text;
    notice.classList.toggle('stays', stays);
    if (stays && !insist) notice.dataset.offline = 'true';
    else delete notice.dataset.offline;
    if (insist) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = 'Apply mine';
      button.addEventListener('click', insist);
      notice.append(' ', button);
    }
    if (text && !stays) this.noticeTimer = setTimeout(() => this.#notify(''), NOTICE_TIME);
  }

  // Actions

  /** Do what a key or button says; see review/keymap.js. */
  act(action, event = null) {
    const run = this.#actions[action];
    if (!run || (!this.image && !ALWAYS.has(action))) return;
    run(event);
  }

  #actions = {
    accept: () => this.#decide('accepted'),
    reject: () => this.#decide('rejected'),
    unsure: () => this.#decide('unsure'),
    'accept-all': () => this.#decideAll('accepted'),
    'reject-all': () => this.#decideAll('rejected'),
    finish: () => this.#finish(),
    back: () => this.#back(),
    undo: () => this.#turn('/undo'),
    redo: () => this.#turn('/redo'),
    'next-mask': () => this.select(this.#neighbour(1)),
    'previous-mask': () => this.select(this.#neighbour(-1)),
    'next-image': () => this.#step('next', 'This is the last image.'),
    'previous-image': () => this.#step('previous', 'This is the first image.'),
    'next-open': () => this.#openNext(this.image.id),
    search: () => this.#search(),
    category: (event) => this.#nameByKey(event.key),
    'same-category': () => this.#lastCategory !== null && this.#name(this.#lastCategory),
    pan: () => this.#hold('panning', true),
    'pan:up': () => this.#hold('panning', false),
    bare: () => this.#hold('bare', true),
    'bare:up': () => this.#hold('bare', false),
    isolate: () => this.#toggle('isolate', (this.#isolate = !this.#isolate)),
    outline: () => this.#toggle('outline', !(this.stage.overlay.fill = !this.stage.overlay.fill)),
    'show-rejected': () => this.#toggle('show-rejected', (this.#showRejected = !this.#showRejected)),
    'zoom-mask': () => this.stage.zoomToSelected(),
    'zoom-fit': () => this.stage.fit(),
    fainter: () => this.#opacity(-0.15),
    stronger: () => this.#opacity(0.15),
    'auto-advance': () => this.#toggleAutoAdvance(),
    escape: () => this.select(null),
    keys: () => this.sheet.toggle(),
  };

  #step(where, otherwise) {
    if (this.image[where] === null) this.#notify(otherwise);
    else this.goTo(this.image[where]);
  }

  #nameByKey(key) {
    const category = this.categories.byKey(key);
    if (category) this.#name(category.id);
    else this.#notify(`No category has the key ${key} yet; add one beside the masks.`);
  }

  #search() {
    location.hash = '#/queue';
    requestAnimationFrame(() => document.dispatchEvent(new CustomEvent('annotator:search')));
  }

  #hold(what, on) {
    this.stage[what] = on;
    this.parts.canvas.style.cursor = on && what === 'panning' ? 'grab' : '';
    this.stage.draw();
  }

  #toggle(action, on) {
    this.parts.press(action, on);
    this.stage.repaintAll();
    this.list.updateAll();
  }

  #opacity(change) {
    const { overlay } = this.stage;
    overlay.opacity = Math.min(2, Math.max(0.1, overlay.opacity + change));
    this.stage.repaintAll();
  }

  #toggleAutoAdvance() {
    this.#autoAdvance = !this.#autoAdvance;
    this.#notify(this.#autoAdvance ? 'A decision goes on to the next mask.' : 'A decision stays on its mask.');
  }
}

/** Actions that make sense without an image. */
const ALWAYS = new Set(['undo', 'redo', 'back', 'keys', 'search']);

let current = null;

/** Build the screen inside an element; a second call (Gradio mounts again) replaces the first. */
export function mountReview(element, options) {
  current?.destroy();
  current = new Review(element, options);
  current.route();
  document.dispatchEvent(new CustomEvent('annotator:refresh')); // the frame's last look was before there was this screen
  return current;
}
