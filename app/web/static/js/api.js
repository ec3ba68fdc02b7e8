// The app's own HTTP API: JSON in and out, errors as sentences.

import { pref } from './prefs.js';

export class ApiError extends Error {
  /** @param {number} status 0 when no answer came. */
  constructor(status, message, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Who asks; the server takes it where there is no login. */
const reviewer = () => (pref('name') ? { 'X-Reviewer': encodeURIComponent(pref('name')) } : {});

export class Api {
  constructor(base = '/api') {
    this.base = base;
  }

  /** GET as JSON. */
  get(path, { signal } = {}) {
    return this.#request(path, { signal, headers: reviewer() });
  }

  /** POST JSON; `keepalive` lets the request outlive the page (64 kB at most). */
  post(path, body, { keepalive = false } = {}) {
    return this.#request(path, {
      method: 'POST',
      keepalive,
      headers: { 'content-type': 'application/json', 'X-Requested-With': 'annotator', ...reviewer() },
      body: JSON.stringify(body),
    });
  }

  pixelsUrl(id, version) {
    return `${this.base}/images/${id}/pixels?v=${encodeURIComponent(version ?? '')}`;
  }

  thumbnailUrl(id, version) {
    return `${this.base}/images/${id}/thumbnail?v=${encodeURIComponent(version ?? '')}`;
  }

  cropUrl(id, revision) {
    return `${this.base}/instances/${id}/crop?v=${revision}`;
  }

  async #request(path, options) {
    let answer;
    try {
      answer = await fetch(this.base + path, options);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0, 'The app does not answer. Is it still running?');
    }
    const body = await answer.json().catch(() => null);
    if (!answer.ok) throw new ApiError(answer.status, body?.error ?? `The app answered ${answer.status}.`, body);
    return body;
  }
}
