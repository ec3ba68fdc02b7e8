"""What the benchmarks of the Review screen share: images with masks, a real Chromium at a real server, times taken in the page, a table."""

import json
import os
import shutil
import statistics
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright
from pycocotools import mask as coco_mask

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest
from app.services.workspace import Workspace
from app.store.records import NewInstance
from tests.browser.served import FLAGS, Servers

SIZE = (1600, 1200)
"""Width and height of an ordinary image."""
MASKS = 40
"""On an ordinary image."""
WINDOW = {"width": 1440, "height": 900}

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
"""Functions of the page; a time runs from the event to the end of the first frame painted after it."""


def photograph(path, seed, size=SIZE):
    """Smooth noise with some texture: compresses like a photograph."""
    width, height = size
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8))
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(smooth + rng.normal(0, 6, (height, width, 1)), 0, 255)
    Image.fromarray(noisy.astype(np.uint8)).save(path, quality=92)


def blobs(count, seed, size=SIZE):
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


def fill(folder, images):
    """A workspace in ``folder/workspace``: for each of ``images`` its size and how many masks it has."""
    photos = folder / "photos"
    photos.mkdir(parents=True)
    for number, (size, _) in enumerate(images):
        photograph(photos / f"{number:03}.jpg", number, size)
    workspace = Workspace.open(folder / "workspace")
    ingest.import_folder(workspace, photos)
    for image_id, (size, masks) in enumerate(images, 1):
        add_masks(workspace, image_id, masks, size)
    workspace.close()


def add_masks(workspace, image_id, count, size):
    """Give an image `blobs`."""
    with workspace.store.write() as tx:
        tx.instances.add_many(image_id, "benchmark@1", list(blobs(count, image_id, size)))
        tx.images.change(image_id, proposer="benchmark@1", proposer_name="benchmark")
        tx.images.refresh([image_id])


@contextmanager
def at_work():
    """(empty folder, starter of servers, browser), all gone in the end."""
    servers = Servers()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield Path(temporary), servers, browser
        finally:
            servers.stop_all()
            browser.close()


def open_image(page, url, image):
    page.goto("about:blank")
    page.goto(f"{url}/#/review/{image}")
    page.wait_for_selector("html[data-review=ready], html[data-review=saved]", timeout=120_000)
    page.evaluate(HELPERS)
    page.wait_for_timeout(1500)


def measure(page, script, rounds):
    """The figure of a script that gives milliseconds."""
    times = []
    for _ in range(rounds):
        times.append(page.evaluate(script))
        page.wait_for_timeout(60)  # what the event caused besides the frame ends first
    return figure(times)


def figure(times):
    """p50 and p95; of a single measurement that one."""
    if len(times) == 1:
        return {"once": round(times[0], 1)}
    return {"p50": round(statistics.median(times), 1), "p95": round(statistics.quantiles(times, n=20)[18], 1)}


def report(figures, reach, as_json):
    """Print figures by what was done; ``reach``: milliseconds at p95 to reach."""
    if as_json:
        print(json.dumps(figures))
        return
    print(f"load average at the end {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; milliseconds")
    for what, values in figures.items():
        goal = f"  reach {reach[what]}" if what in reach else ""
        print(f"{what:<44}", *(f"{key} {value:8.1f}" for key, value in values.items()), goal)
