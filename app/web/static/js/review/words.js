// What the Review screen says, as plain sentences.

import { drawn } from './images.js';
import { keyOf } from './keymap.js';
import { shapeOf } from './marks.js';
import { lookOf } from './palette.js';

const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What this project's decisions say of a mask; nothing while there are too few. */
const estimateWords = (p) => (typeof p === 'number' ? ` (est. ${Math.round(100 * p)} % good)` : '');

/** The line under the canvas about one mask. @param {string} categoryName what it is called, or probably is */
export function describeMask(mask, image, categoryName) {
  const { parts, holes } = shapeOf(mask);
  const share = (100 * mask.area) / (image.width * image.height);
  const texts = [
    `#${mask.number}`, lookOf(mask).word, categoryName,
    drawn(mask) ? 'made by hand' : `score ${mask.score.toFixed(2)}${estimateWords(mask.p)}`,
    `area ${share < 0.1 ? share.toFixed(2) : share.toFixed(1)} %`, plural(parts, 'part'), holes ? plural(holes, 'hole') : '',
  ];
  return texts.filter(Boolean).join(' · ');
}

/**
 * The line under the canvas while a mask is made by click.
 * @param {{box: object | null, clicks: object[]} | undefined} state the last one
 * @param {{candidates: object[], at: number} | undefined} answered the last one with an answer
 */
export function clickWords(image, mask, state, answered) {
  const what = mask ? `Refine #${mask.number}` : 'New mask';
  if (!state) {
    const where = mask ? 'click what is missing, right-click what is too much' : 'click the middle of an object, or drag a box around it';
    return `${what} · ${where} · by keys: arrows, then ${keyOf('put')}${mask ? ` or ${keyOf('put-away')}` : ''} · Esc ends`;
  }
  const said = [what, state.box ? 'box' : '', state.clicks.length ? plural(state.clicks.length, 'click') : ''].filter(Boolean);
  const chosen = answered?.candidates[answered.at];
  if (!chosen) return said.join(' · ');
  const share = (100 * chosen.area) / (image.width * image.height);
  const guess = `guess ${answered.at + 1} of ${answered.candidates.length}`;
  return [...said, guess, `area ${share.toFixed(share < 0.1 ? 2 : 1)} %`, 'Enter keeps'].join(' · ');
}

/** The same line where no mask is selected. */
export function describeRest(masks, threshold) {
  if (!masks.length) return '';
  const pending = masks.filter(({ state }) => state === 'pending');
  const hidden = pending.filter(({ score }) => score < threshold).length;
  if (hidden && hidden === pending.length) return `${plural(hidden, 'pending mask')} hidden by the slider. ${keyOf('finish')} finishes the image.`;
  return pending.length ? `${keyOf('next-mask')} selects the next mask.` : `All masks are decided. ${keyOf('finish')}: next image.`;
}

/** Beside the image's name, what the hunt for missed objects found. */
export function missedWords({ complete, places }) {
  if (complete) return '✓ complete';
  return places ? `${plural(places, 'place')} without a mask` : '';
}

/** What stands in place of masks, or null. @returns {{title: string, text: string, links: [string, string][]} | null} */
export function insteadOfMasks(image) {
  if (image.error) return { title: 'This image cannot be read', text: image.error, links: [] };
  if (image.masks.length) return null;
  if (image.status === 'new') {
    const text = 'Start them on the Propose screen; this page fills by itself.';
    return { title: 'No proposals yet', text, links: [['Propose', '#/propose']] };
  }
  return { title: 'No masks were found here', text: `${keyOf('finish')} marks the image as finished and goes to the next one.`, links: [] };
}

/** What the screen says when there is no image to show. */
export function nothingLeft({ total, new: untouched }) {
  if (total === 0) {
    return { title: 'Nothing to review yet', text: 'Open a folder of images first.', links: [['Import', '#/import']] };
  }
  if (untouched) {
    const text = `${plural(untouched, 'image')} without proposals: start them on the Propose screen.`;
    return { title: 'No masks are left to review', text, links: [['Propose', '#/propose'], ['Queue', '#/queue']] };
  }
  const text = 'Export the masks, or open an image again from the queue.';
  return { title: 'All images are done', text, links: [['Export', '#/export'], ['Queue', '#/queue']] };
}

/** Why decisions are not saved yet. */
export function unsavedWords(unsaved, error) {
  const kept = `${unsaved} unsaved, retrying. Nothing is lost: they are kept in this browser.`;
  if (error.status === 401) return `Logged out: ${unsaved} unsaved. Log in again in another tab; they are kept in this browser until then.`;
  return error.status === 0 ? `Offline: ${kept}` : `Not saved (${error.message}): ${kept}`;
}

/** What happened to decisions that others were faster with. @param {{operation, instance, message}[]} refused */
export function conflictWords(refused, { maskNumber, imageName, categoryName }) {
  const [{ operation, instance, message }] = refused;
  const more = refused.length > 1 ? ` And ${refused.length - 1} more like this.` : '';
  if (!instance) return `Not saved: ${message}.${more}`;
  const name = imageName(operation.image_id);
  const mask = `Mask #${maskNumber(operation) ?? '?'}${name ? ` of ${name}` : ''}`;
  const value = (each) => (operation.action === 'category' ? categoryName(each.category_id) || 'no category' : each.state);
  const chosen = { edit: 'you gave it other pixels', delete: 'you took it away' }[operation.action] ?? `you chose ${value(operation)}`;
  return `${mask} was changed elsewhere meanwhile: it is ${value(instance)} now, ${chosen}.${more}`;
}
