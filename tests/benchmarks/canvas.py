"""How fast the Review screen answers, in real Chromium with the real server: p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/canvas.py [--rounds 40] [--json]``. Each figure is the time from the event to the end
of the first frame painted after it, measured inside the page; images are 1600 x 1200 with 40 masks each, then one with 1,000.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright
from pycocotools import mask as coco_mask

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest
from app.services.workspace import Workspace
from app.store.records import NewInstance
from tests.browser.conftest import FLAGS, Servers

WIDTH, HEIGHT = 1600, 1200
IMAGES, MASKS, CROWD = 12, 40, 1000
REACH = {"hover": 50, "click": 50, "next mask": 50, "accept": 50, "next image": 60}
"""Milliseconds at p95 to reach with 40 masks."""

HELPERS = """
window.frameAfter = (act) => new Promise((done) => {
  const begin = performance.now();
  act();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now() - begin);
    channel.port2.postMessage(0);
  });
});
window.press = (key, options = {}) =>
  document.dispatchEvent(new KeyboardEvent('keydown', {key, code: key, bubbles: true, cancelable: true, ...options}));
window.point = (type, x, y) => {
  const stage = document.querySelector('.stage .marks');
  const box = stage.getBoundingClientRect();
  const at = {clientX: box.x + x * box.width, clientY: box.y + y * box.height, button: 0, pointerId: 1, bubbles: true};
  stage.dispatchEvent(new PointerEvent(type, at));
};
window.opened = (act) => new Promise((done) => {
  const root = document.documentElement;
  const before = root.dataset.image;
  const begin = performance.now();
  const look = () => root.dataset.image === before || root.dataset.review === 'loading'
    ? requestAnimationFrame(look)
    : requestAnimationFrame(() => done(performance.now() - begin));
  act();
  look();
});
null; // a function as the last value would be called
"""
SCRIPTS = {
    "hover": "frameAfter(() => point('pointermove', Math.random(), Math.random()))",
    "click": """(() => {
      const at = [.2 + .6 * Math.random(), .2 + .6 * Math.random()];
      return frameAfter(() => { point('pointerdown', ...at); point('pointerup', ...at); });
    })()""",
    "next mask": "frameAfter(() => press('Tab'))",
    "accept": "frameAfter(() => press('f'))",
    "zoom": """frameAfter(() => document.querySelector('.stage .marks').dispatchEvent(new WheelEvent('wheel',
      {deltaY: Math.random() < .5 ? -120 : 120, clientX: 600, clientY: 400, bubbles: true, cancelable: true})))""",
}
NEXT = "new Promise((later) => setTimeout(later, 900)).then(() => opened(() => press('d')))"


def photograph(path, seed, size=(WIDTH, HEIGHT)):
    """Smooth noise with some texture: compresses like a photograph."""
    width, height = size
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(smooth + rng.normal(0, 6, (height, width, 1)), 0, 255)
    Image.fromarray(noisy.astype(np.uint8)).save(path, quality=92)


def blobs(count, seed, size=(WIDTH, HEIGHT)):
    """Ragged discs as rows for the store, overlapping as proposals do; more of them are smaller."""
    width, height = size
    least = min(20, height // 10)
    rng = np.random.default_rng(seed)
    for _ in range(count):
        y, x, radius = (
            rng.uniform(0, height),
            rng.uniform(0, width),
            rng.uniform(least, height * (0.117 if count < 100 else 0.05)),
        )
        waves, phase, side = rng.integers(3, 9), rng.uniform(0, 6), int(1.2 * radius)
        top, left = max(0, int(y) - side), max(0, int(x) - side)
        rows, columns = np.mgrid[top : min(height, int(y) + side), left : min(width, int(x) + side)]
        ragged = radius * (1 + 0.15 * np.sin(np.arctan2(rows - y, columns - x) * waves + phase))
        mask = np.zeros((height, width), np.uint8, order="F")
        mask[top : rows[-1, 0] + 1, left : columns[0, -1] + 1] = np.hypot(rows - y, columns - x) <= ragged
        encoded = coco_mask.encode(mask)
        box = tuple(int(side) for side in coco_mask.toBbox(encoded))
        yield NewInstance(encoded["counts"].decode(), box, int(coco_mask.area(encoded)), float(rng.random()), None)


def fill(folder):
    """A workspace in ``folder/workspace``: images of 40 masks, and a last one of 1,000."""
    photos = folder / "photos"
    photos.mkdir()
    for number in range(IMAGES + 1):
        photograph(photos / f"{number:02}.jpg", number)
    workspace = Workspace.open(folder / "workspace")
    ingest.import_folder(workspace, photos)
    for number in range(IMAGES + 1):
        with workspace.store.write() as tx:
            rows = list(blobs(CROWD if number == IMAGES else MASKS, number))
            tx.instances.add_many(number + 1, "benchmark@1", rows)
            tx.images.change(number + 1, proposer="benchmark@1", proposer_name="benchmark")
            tx.images.refresh([number + 1])
    workspace.close()


def measure(page, script, rounds):
    """p50 and p95 of a script that gives milliseconds."""
    times = []
    for _ in range(rounds):
        times.append(page.evaluate(script))
        page.wait_for_timeout(60)  # what the event caused besides the frame ends first
    return {"p50": round(statistics.median(times), 1), "p95": round(statistics.quantiles(times, n=20)[18], 1)}


def open_image(page, url, image):
    page.goto("about:blank")
    page.goto(f"{url}/#/review/{image}")
    page.wait_for_selector("html[data-review=ready], html[data-review=saved]", timeout=120_000)
    page.evaluate(HELPERS)
    page.wait_for_timeout(1500)


def figures_of(url, rounds):
    """All figures, by number of masks and action."""
    figures = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name, image in ((f"{MASKS} masks", 1), (f"{CROWD} masks", IMAGES + 1)):
            open_image(page, url, image)
            figures[name] = {what: measure(page, script, rounds) for what, script in SCRIPTS.items()}
        open_image(page, url, 1)
        figures[f"{MASKS} masks"]["next image"] = measure(page, NEXT, IMAGES - 2)
        open_image(page, url, IMAGES)
        figures[f"{CROWD} masks"]["next image"] = {"once": round(page.evaluate(NEXT), 1)}
        browser.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    servers = Servers()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fill(folder)
        try:
            figures = figures_of(servers(folder, fake=False).url, arguments.rounds)
        finally:
            servers.stop_all()
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"load average at the end {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; milliseconds")
    for name, actions in figures.items():
        for action, values in actions.items():
            reach = f"  reach {REACH[action]}" if name.startswith(str(MASKS)) and action in REACH else ""
            print(f"{name:>12}  {action:<11}", *(f"{key} {value:7.1f}" for key, value in values.items()), reach)


if __name__ == "__main__":
    main()
