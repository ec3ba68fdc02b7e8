// The queue as the server has it, a page of rows at a time, fetched when it comes into sight.

const PAGE = 100;

export class Pages {
  #api;
  #onRows;
  #pages = new Map(); // page number -> rows, or null while they are fetched
  #asked = 0; // number of the latest question; late answers to older ones are dropped
  #query = {};
  total = 0;

  /** @param {import('../api.js').Api} api @param {(first: number, count: number) => void} onRows rows have come */
  constructor(api, onRows) {
    this.#api = api;
    this.#onRows = onRows;
  }

  /**
   * Ask anew. @param {{status: string, only: string, search: string}} query
   * @returns {Promise<boolean>} false where a later question overtook this one
   */
  async load(query) {
    const asked = ++this.#asked;
    this.#query = query;
    const answer = await this.#fetch(0);
    if (asked !== this.#asked) return false;
    this.#pages = new Map([[0, answer.rows]]);
    this.total = answer.total;
    return true;
  }

  /** The row's data, or null while it is fetched. */
  row(index) {
    const page = Math.floor(index / PAGE);
    const rows = this.#pages.get(page);
    if (rows === undefined) this.#want(page);
    return rows?.[index % PAGE] ?? null;
  }

  /** These rows are others now. @param {object[]} rows @returns {number[]} where they are, of those that were fetched */
  update(rows) {
    const news = new Map(rows.map((row) => [row.id, row]));
    const places = [];
    for (const [page, known] of this.#pages) {
      known?.forEach((row, index) => {
        if (!news.has(row.id)) return;
        known[index] = news.get(row.id);
        places.push(page * PAGE + index);
      });
    }
    return places;
  }

  async #want(page) {
    const asked = this.#asked;
    this.#pages.set(page, null);
    try {
      const { rows } = await this.#fetch(page);
      if (asked !== this.#asked) return;
      this.#pages.set(page, rows);
      this.#onRows(page * PAGE, rows.length);
    } catch {
      if (asked === this.#asked) this.#pages.delete(page); // asked for again when it comes into sight again
    }
  }

  #fetch(page) {
    const { status, only, search } = this.#query;
    const parameters = new URLSearchParams({ offset: page * PAGE, limit: PAGE, search });
    if (status) parameters.set('status', status);
    if (only) parameters.set('only', only);
    return this.#api.get(`/images?${parameters}`);
  }
}
