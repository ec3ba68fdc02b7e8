// Settings as a file, to be taken to another browser.

import { foreignKeys } from '../review/keymap.js';

const MARK = 'freesolo-annotator settings';
const VERSION = 1;
const LONGEST = 1e6; // characters

/** Let the browser save the settings. */
export function settingsFile(settings) {
  const text = JSON.stringify({ file: MARK, version: VERSION, settings }, null, 2);
  const link = Object.assign(document.createElement('a'), {
    href: URL.createObjectURL(new Blob([text], { type: 'application/json' })),
    download: 'annotator-settings.json',
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it only after the click has returned
}

/**
 * @param {string} text of such a file
 * @returns {{values: object, told: string[]}} settings, and sentences on what of them was left out
 * @throws {Error} it is no such file; the message is a sentence
 */
export function settingsFrom(text) {
  let content = null;
  try {
    content = text.length > LONGEST ? null : JSON.parse(text);
  } catch {
    // Not JSON: told below.
  }
  if (content?.file !== MARK || content.settings === null || typeof content.settings !== 'object') {
    throw new Error('this is no file of settings.');
  }
  if (content.version > VERSION) throw new Error('a newer version of the app wrote this file: update the app.');
  const values = { ...content.settings };
  if (values.keys === undefined) return { values, told: [] };
  const { keys, told } = foreignKeys(values.keys);
  return { values: { ...values, keys }, told };
}
