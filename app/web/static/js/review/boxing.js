// A box around an object while masks are made by click: dragged from corner to corner, or with its corners set by keys. A press that
// hardly moves is a click.

const CLICK = 4; // CSS pixels that a press may move and still be a click
const FINGER_CLICK = 10;

export class Boxing {
  #from = null; // the first corner, image pixels
  #to = null;
  #byKeys = false;
  #screen;

  /** @param {object} screen the Review */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Whether keys set the first corner. */
  get byKeys() {
    return this.#byKeys;
  }

  /** @param {[number, number]} point the first corner */
  begin(point, byKeys = false) {
    [this.#from, this.#to, this.#byKeys] = [point, point, byKeys];
  }

  /** The other corner is here for now. */
  to(point) {
    if (!this.#from) return;
    this.#to = point;
    const [left, top, right, bottom] = this.#sides();
    this.#screen.tools.sketch.line([[left, top], [right, top], [right, bottom], [left, bottom]]);
  }

  /** Lift the hand. @returns {{click: [number, number]} | {box: number[]} | null} what it did; null: nothing was begun */
  end({ pointerType = '' } = {}) {
    const [from, to] = [this.#from, this.#to];
    if (!from) return null;
    const box = this.#sides();
    const moved = Math.hypot(to[0] - from[0], to[1] - from[1]) * this.#screen.stage.view.scale;
    this.cancel();
    return moved > (pointerType === 'touch' ? FINGER_CLICK : CLICK) ? { box } : { click: from };
  }

  /** Forget it; tells whether anything was begun. */
  cancel() {
    const begun = this.#from !== null;
    this.#from = this.#to = null;
    this.#byKeys = false;
    this.#screen.tools.sketch.line([]);
    return begun;
  }

  /** left, top, right, bottom: edges of pixels of the image, at least one apart. */
  #sides() {
    const { width, height } = this.#screen.image;
    const along = (axis, length) => {
      const [low, high] = [this.#from[axis], this.#to[axis]].sort((one, other) => one - other);
      const first = Math.min(Math.max(Math.floor(low), 0), length - 1);
      return [first, Math.min(Math.max(Math.ceil(high), first + 1), length)];
    };
    const [[left, right], [top, bottom]] = [along(0, width), along(1, height)];
    return [left, top, right, bottom];
  }
}
