// Where the image lies on the stage: zoom and shift, in CSS pixels.

const LARGEST = 40; // CSS pixels an image pixel
const MARGIN = 12;
const IN_SIGHT = 48; // CSS pixels of the image that never leave the stage

/** CSS pixels that an image pixel has while the whole image is shown. @param {{width: number, height: number}} image @param {{width: number, height: number}} stage */
export const wholeScale = ({ width, height }, stage) =>
  Math.min(Math.max(stage.width - 2 * MARGIN, 1) / width, Math.max(stage.height - 2 * MARGIN, 1) / height, LARGEST);

export class View {
  scale = 1;
  x = 0;
  y = 0;
  /** Whether the person chose this view; then a change of the window keeps it. */
  chosen = false;

  /** @param {{width: number, height: number}} image @param {{width: number, height: number}} stage */
  fit(image, stage) {
    this.#show({ x: 0, y: 0, w: image.width, h: image.height }, stage, 0);
    this.chosen = false;
  }

  /** Centre a box with some of what is around it. */
  showBox([x, y, w, h], stage) {
    this.#show({ x, y, w, h }, stage, 0.6);
    this.chosen = true;
  }

  #show({ x, y, w, h }, stage, around) {
    this.scale = wholeScale({ width: w * (1 + around), height: h * (1 + around) }, stage);
    this.x = stage.width / 2 - (x + w / 2) * this.scale;
    this.y = stage.height / 2 - (y + h / 2) * this.scale;
  }

  /** Zoom by a factor and keep the image point under (x, y) where it is. */
  zoomAt(x, y, factor, image, stage) {
    const whole = Math.min(stage.width / image.width, stage.height / image.height);
    const scale = Math.min(Math.max(this.scale * factor, whole / 4), Math.max(LARGEST, whole));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#hold(image, stage);
  }

  shift(dx, dy, image, stage) {
    this.x += dx;
    this.y += dy;
    this.#hold(image, stage);
  }

  /** Keep some of the image on the stage. */
  #hold(image, stage) {
    this.x = Math.min(Math.max(this.x, IN_SIGHT - image.width * this.scale), stage.width - IN_SIGHT);
    this.y = Math.min(Math.max(this.y, IN_SIGHT - image.height * this.scale), stage.height - IN_SIGHT);
    this.chosen = true;
  }

  toImage(x, y) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  toStage(x, y) {
    return [this.x + x * this.scale, this.y + y * this.scale];
  }
}
