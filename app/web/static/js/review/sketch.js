// What a tool shows above everything while the hand moves: the round cursor, the crosshair of the keys, and a line. It moves with the view.

const SVG = 'http://www.w3.org/2000/svg';

const ARM = 14; // CSS pixels of the crosshair, from its middle

const shape = (tag, kind) => {
  const element = document.createElementNS(SVG, tag);
  element.setAttribute('class', kind);
  return element;
};

export class Sketch {
  #group = shape('g', 'sketch-view');
  #cursor = [shape('circle', 'cursor-halo'), shape('circle', 'cursor')]; // dark under light: seen on any picture
  #line = [shape('path', 'line-halo'), shape('path', 'line')];
  #cross = [shape('path', 'cursor-halo'), shape('path', 'cursor cross')];
  #point = null; // of the crosshair
  #view;

  /** @param {SVGElement} element covers the stage @param {import('./view.js').View} view */
  constructor(element, view) {
    this.#view = view;
    this.#group.append(...this.#line, ...this.#cursor, ...this.#cross);
    element.append(this.#group);
    this.cursor(null, 0);
  }

  /** The view changed. */
  look() {
    const { x, y, scale } = this.#view;
    this.#group.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    this.cross(this.#point);
  }

  /** @param {[number, number] | null} point middle of the crosshair in image pixels; null hides it */
  cross(point) {
    this.#point = point;
    const arm = ARM / this.#view.scale;
    const [x, y] = point ?? [];
    const way = point ? `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}` : '';
    for (const path of this.#cross) path.setAttribute('d', way);
  }

  /** @param {[number, number] | null} point middle of the cursor in image pixels; null hides it @param {number} size diameter */
  cursor(point, size) {
    for (const circle of this.#cursor) {
      circle.style.display = point ? '' : 'none';
      if (!point) continue;
      circle.setAttribute('cx', point[0]);
      circle.setAttribute('cy', point[1]);
      circle.setAttribute('r', size / 2);
    }
  }

  /** The cursor where it is, in another size. */
  resize(size) {
    for (const circle of this.#cursor) circle.setAttribute('r', size / 2);
  }

  /** @param {[number, number][]} points in image pixels; none: no line @param {string} [kind] add, subtract or cut */
  line(points, kind = 'add') {
    const way = points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join('L');
    const closed = kind === 'cut' ? '' : 'Z';
    this.#line.forEach((path) => path.setAttribute('d', way ? `M${way}${closed}` : ''));
    this.#line[1].setAttribute('class', `line ${kind}`);
  }
}
