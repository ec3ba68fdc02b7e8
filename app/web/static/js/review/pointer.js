// Mouse, pen and fingers on the stage: zoom, pan and pinch are done here; hover, clicks and strokes go to the tool in hand.

const DRAG = 4; // CSS pixels a press may move and still be a click
const FINGER_DRAG = 10;
const LINE = 16; // CSS pixels of a wheel's line
const HOLD = 500; // ms that a finger rests to mean the next larger mask
const ZOOM = 0.0015; // of the logarithm of the scale, a wheel's pixel

/**
 * Points are in image pixels. A tool with `begin` draws: a drag goes to it instead of moving the image, and it gets no clicks.
 * @typedef {object} Tool
 * @property {(point: [number, number] | null) => void} hover
 * @property {(point: [number, number], event: PointerEvent) => void} [click]
 * @property {(point: [number, number], event: PointerEvent) => void} [begin]
 * @property {(points: [number, number][], event: PointerEvent) => void} [move] all the pointer went through since
 * @property {(event: PointerEvent) => void} [end]
 * @property {(point: [number, number]) => void} [hold] a finger rests
 * @property {() => void} [cancel] a second finger came down: it was meant as a pinch
 * @property {(point: [number, number]) => void} [remove] the right button
 * @property {(larger: boolean) => void} [step] the wheel with Alt
 * @property {(point: [number, number], how: {away: boolean}) => string} [put] keys put it down, or lift it; tells what to say of it
 * @property {(point: [number, number]) => void} [aim] keys moved it
 * @property {boolean} [corners] keys move it from corner to corner of pixels instead of from middle to middle
 */

export class Pointer {
  #pointers = new Map();
  #moved = 0;
  #pans = false;
  #holding = 0;
  #draws = false;
  #stage;
  #element;
  /** @type {Tool} */
  tool;

  /** @param {HTMLElement} element @param {import('./stage.js').Stage} stage @param {Tool} tool @param {AbortSignal} signal */
  constructor(element, stage, tool, signal) {
    this.#element = element;
    this.#stage = stage;
    this.tool = tool;
    const on = (name, run, options = {}) => element.addEventListener(name, (event) => stage.image && run(event), { signal, ...options });
    on('wheel', (event) => this.#wheel(event), { passive: false });
    on('mousedown', (event) => event.button === 1 && event.preventDefault()); // the middle button pans instead of scrolling
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => {
      clearTimeout(this.#holding);
      this.#pointers.delete(event.pointerId);
      this.#stopDrawing();
    });
    on('contextmenu', (event) => this.#second(event));
    on('pointerleave', () => this.tool.hover(null));
  }

  /** While this is on (Space is held), every drag moves the image and nothing is clicked. */
  set panning(on) {
    this.#pans = on;
    this.#element.classList.toggle('pans', on);
  }

  #wheel(event) {
    if (event.target.closest('section')) return;
    event.preventDefault();
    if (event.altKey && this.tool.step) {
      this.tool.step(event.deltaY < 0);
      return;
    }
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    this.#stage.zoomAt(...this.#place(event), Math.exp(-pixels * ZOOM));
  }

  /** The right button, or a finger that rests. */
  #second(event) {
    if (this.#pointers.size) {
      event.preventDefault(); // a finger that rests asks for no menu
      if (event.pointerType === 'touch') this.#hold(event);
    }
    if (!this.tool.remove || event.target.closest('a, button')) return;
    event.preventDefault();
    this.#moved = Infinity; // no click when the finger lifts
    this.tool.remove(this.#point(event));
  }

  #place(event) {
    const box = this.#element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #down(event) {
    if (event.button > 1 || event.target.closest('a, button, section')) return;
    try {
      this.#element.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already; its events still come here while it is above the stage.
    }
    if (this.#pointers.size === 0) this.#moved = this.#pans || event.button === 1 ? Infinity : 0;
    else this.#moved = Infinity; // a second finger zooms: no click
    this.#pointers.set(event.pointerId, this.#place(event));
    clearTimeout(this.#holding);
    if (event.pointerType === 'touch' && this.#moved === 0) this.#holding = setTimeout(() => this.#hold(event), HOLD);
    if (this.#moved === 0 && this.tool.begin) {
      this.#draws = true;
      this.tool.begin(this.#point(event), event);
    } else this.#stopDrawing();
  }

  #hold(event) {
    if (this.#moved > FINGER_DRAG || !this.#stage.image || !this.tool.hold) return;
    this.#moved = Infinity; // lifting it is no click
    this.tool.hold(this.#point(event));
  }

  #point(event) {
    return this.#stage.view.toImage(...this.#place(event));
  }

  #stopDrawing() {
    if (this.#draws) this.tool.cancel?.();
    this.#draws = false;
  }

  #draw(event) {
    const between = event.getCoalescedEvents?.() ?? [];
    this.tool.move?.((between.length ? between : [event]).map((each) => this.#point(each)), event);
    this.tool.hover(this.#point(event));
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    const now = this.#place(event);
    if (!before) {
      if (event.pointerType !== 'touch') this.tool.hover(this.#stage.view.toImage(...now));
      return;
    }
    if (this.#draws) {
      this.#draw(event);
      return;
    }
    this.#moved = Math.max(this.#moved, Math.hypot(now[0] - before[0], now[1] - before[1]));
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, now, other);
    else if (this.#moved > this.#slack(event)) this.#stage.shift(now[0] - before[0], now[1] - before[1]);
    else return; // not yet a drag: measure from where it began
    this.#element.classList.add('drags');
    this.#pointers.set(event.pointerId, now);
  }

  #slack(event) {
    return event.pointerType === 'touch' ? FINGER_DRAG : DRAG;
  }

  #pinch(before, now, other) {
    const spread = ([x, y]) => Math.max(Math.hypot(x - other[0], y - other[1]), 1);
    this.#stage.shift((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.#stage.zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, spread(now) / spread(before));
  }

  #up(event) {
    clearTimeout(this.#holding);
    if (!this.#pointers.delete(event.pointerId)) return;
    this.#element.classList.remove('drags');
    if (this.#draws) {
      this.#draws = false;
      this.tool.end?.(event);
    } else if (event.button === 0 && this.#moved <= this.#slack(event)) this.tool.click?.(this.#point(event), event);
  }
}
