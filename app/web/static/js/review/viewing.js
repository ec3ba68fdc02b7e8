// Keys that change how the image is seen, and where the crosshair is: nothing here is stored.

const FAINTEST = 0.1;
const STRONGEST = 2;
const ZOOM = 1.5; // a key

/** @param {object} screen the Review @returns {Record<string, (how: {key: string, repeat: boolean}) => void>} by action */
export const viewActions = (screen) => ({
  pan: () => pan(screen, true),
  'pan:up': () => pan(screen, false),
  bare: () => bare(screen, true),
  'bare:up': () => bare(screen, false),
  isolate: () => toggle(screen, 'isolate', (screen.stage.overlay.isolate = !screen.stage.overlay.isolate)),
  outline: () => toggle(screen, 'outline', !(screen.stage.overlay.fill = !screen.stage.overlay.fill)),
  'show-rejected': () => toggle(screen, 'show-rejected', (screen.showRejected = !screen.showRejected)),
  'zoom-mask': () => screen.stage.zoomToSelected(),
  'zoom-fit': () => screen.stage.fit(),
  'zoom-in': () => zoom(screen, ZOOM),
  'zoom-out': () => zoom(screen, 1 / ZOOM),
  move: ({ key, repeat }) => screen.crosshair.move(key, { repeat, pace: 'step' }),
  'move-far': ({ key, repeat }) => screen.crosshair.move(key, { repeat, pace: 'far' }),
  'move-fine': ({ key, repeat }) => screen.crosshair.move(key, { repeat, pace: 'fine' }),
  put: () => screen.crosshair.put(false),
  'put-away': () => screen.crosshair.put(true),
  'put-corner': () => screen.crosshair.corner(),
  fainter: () => opacity(screen, 1 / 1.25),
  stronger: () => opacity(screen, 1.25),
  brighter: () => adjust(screen, 'brightness', 1),
  darker: () => adjust(screen, 'brightness', -1),
  'more-contrast': () => adjust(screen, 'contrast', 1),
  'less-contrast': () => adjust(screen, 'contrast', -1),
  'more-gamma': () => adjust(screen, 'gamma', 1),
  'less-gamma': () => adjust(screen, 'gamma', -1),
  picture: () => screen.parts.press('picture', screen.picture.toggle()),
  'picture-reset': () => screen.picture.reset(),
});

function pan(screen, on) {
  screen.pointer.panning = on;
}

function bare(screen, on) {
  screen.stage.bare = on;
  screen.stage.draw();
}

function toggle(screen, action, on) {
  screen.parts.press(action, on);
  screen.stage.repaintAll();
  screen.list.updateAll();
}

function adjust(screen, name, notches) {
  screen.board.notice(screen.picture.step(name, notches));
}

/** Zoom where the work is. */
function zoom(screen, factor) {
  const { stage, crosshair, selected } = screen;
  const [x, y, w, h] = selected?.bbox ?? [0, 0, screen.image.width, screen.image.height];
  stage.zoomAt(...stage.view.toStage(...(crosshair.point ?? [x + w / 2, y + h / 2])), factor);
}

function opacity(screen, factor) {
  screen.stage.overlay.opacity = Math.min(STRONGEST, Math.max(FAINTEST, screen.stage.overlay.opacity * factor));
  screen.stage.repaintAll();
}
