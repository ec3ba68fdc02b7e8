"""How fast the Review screen answers, in real Chromium with the real server: p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/canvas.py [--rounds 40]``. Each figure is the time from the event to the end of the first frame
painted after it, measured inside the page; images are 1600 x 1200 with 40 masks each, then one with 1,000.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest
from app.services.workspace import Workspace
from tests.app.helpers import new_instances
from tests.browser.conftest import FLAGS, Servers

WIDTH, HEIGHT = 1600, 1200
IMAGES, MASKS, CROWD = 12, 40, 1000

FRAME = """() => {
window.frameAfter = (act) => new Promise((done) => {
  const begin = performance.now();
  act();
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel(); // its message comes after the frame is painted
    port1.onmessage = () => done(performance.now() - begin);
    port2.postMessage(0);
  });
});
window.key = (key, options = {}) => document.dispatchEvent(new KeyboardEvent('keydown', {key, code: key, bubbles: true, ...options}));
window.pointer = (type, x, y) => {
  const canvas = document.querySelector('.stage canvas'), box = canvas.getBoundingClientRect();
  const [clientX, clientY] = [box.x + x * box.width, box.y + y * box.height];
  canvas.dispatchEvent(new PointerEvent(type, {clientX, clientY, button: 0, pointerId: 1, bubbles: true}));
};
}"""
HOVER = "frameAfter(() => pointer('pointermove', Math.random(), Math.random()))"
CLICK = """(() => { const x = .2 + .6 * Math.random(), y = .2 + .6 * Math.random();
  return frameAfter(() => { pointer('pointerdown', x, y); pointer('pointerup', x, y); }); })()"""
ACCEPT = "frameAfter(() => key('f'))"
TAB = "frameAfter(() => key('Tab'))"
NEXT = """new Promise((done) => { const begin = performance.now(), before = document.documentElement.dataset.image; key('d');
  const look = () => document.documentElement.dataset.image === before ? requestAnimationFrame(look)
    : requestAnimationFrame(() => done(performance.now() - begin)); look(); })"""


def photograph(path, seed):
    """Smooth noise with some texture: compresses like a photograph."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC
    )
    noisy = np.clip(np.asarray(small, np.int16) + rng.normal(0, 6, (HEIGHT, WIDTH, 1)), 0, 255)
    Image.fromarray(noisy.astype(np.uint8)).save(path, quality=92)


def blobs(count, seed):
    """Ragged discs, overlapping, as proposals overlap."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    masks = []
    for _ in range(count):
        y, x, radius = rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH), rng.uniform(20, 140 if count < 100 else 60)
        angle = np.arctan2(rows - y, columns - x)
        ragged = radius * (1 + 0.15 * np.sin(angle * rng.integers(3, 9) + rng.uniform(0, 6)))
        masks.append((rows - y) ** 2 + (columns - x) ** 2 <= ragged**2)
    return masks


def fill(folder, workspace_path):
    """A workspace with the benchmark's images and masks."""
    photos = folder / "photos"
    photos.mkdir()
    for number in range(IMAGES + 1):
        photograph(photos / f"{number:02}.jpg", number)
    workspace = Workspace.open(workspace_path)
    ingest.import_folder(workspace, photos)
    for number in range(IMAGES + 1):
        masks = blobs(CROWD if number == IMAGES else MASKS, number)
        scores = np.random.default_rng(number).random(len(masks))
        with workspace.store.write() as tx:
            rows = [row for mask, score in zip(masks, scores, strict=True) for row in new_instances([mask], [score])]
            tx.instances.add_many(number + 1, "benchmark@1", rows)
            tx.images.change(number + 1, proposer="benchmark@1", proposer_name="benchmark")
            tx.images.refresh([number + 1])
    workspace.close()


def measure(page, script, rounds):
    """p50 and p95 of a script that gives milliseconds."""
    times = []
    for _ in range(rounds):
        times.append(page.evaluate(script))
        page.wait_for_timeout(60)  # let the frame and the prefetch of neighbours end
    cuts = statistics.quantiles(times, n=20)
    return {"p50": round(statistics.median(times), 1), "p95": round(cuts[18], 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    servers = Servers()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        fill(folder, folder / "workspace")
        server = servers(folder, workspace=folder / "workspace", fake=False)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        figures = {}
        for name, image in ((f"{MASKS} masks", 1), (f"{CROWD} masks", IMAGES + 1)):
            page.goto(f"{server.url}/#/review/{image}")
            page.wait_for_selector("html[data-review=ready]")
            page.evaluate(FRAME)
            scripts = {"hover": HOVER, "click": CLICK, "next mask": TAB, "accept": ACCEPT}
            figures[name] = {what: measure(page, script, rounds) for what, script in scripts.items()}
        page.goto(f"{server.url}/#/review/1")
        page.reload()
        page.wait_for_selector("html[data-review=ready]")
        page.evaluate(FRAME)
        page.wait_for_timeout(1500)
        figures["next image, prefetched"] = measure(
            page, f"new Promise(r => setTimeout(r, 700)).then(() => {NEXT})", IMAGES - 2
        )
        print(json.dumps(figures, indent=2))
        browser.close()
        servers.stop_all()


if __name__ == "__main__":
    main()
