"""How fast a brush stroke shows in the Review screen, in real Chromium with the real server: p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/editing.py [--rounds 200] [--json]``. The image is 1600 x 1200 with 40 masks, as in
``canvas.py``, which also says how the time is taken: from the pointer's event to the end of the first frame painted after it.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.services import ingest
from app.services.workspace import Workspace
from tests.benchmarks.canvas import MASKS, blobs, measure, open_image, photograph
from tests.browser.conftest import FLAGS, Servers

REACH = {"dab": 35, "dab, large brush": 35}
"""Milliseconds at p95 to reach."""

MOVE = "frameAfter(() => point('pointermove', .2 + .6 * Math.random(), .2 + .6 * Math.random()))"
NEAR = """(() => {
  window.at ??= [.5, .5];
  window.at = window.at.map((side) => Math.min(.9, Math.max(.1, side + .02 * (Math.random() - .5))));
  return frameAfter(() => point('pointermove', ...window.at));
})()"""
UP_AND_DOWN = "frameAfter(() => { point('pointerup', ...window.at); point('pointerdown', ...window.at); })"


def fill(folder):
    """A workspace in ``folder/workspace`` with one image of 40 masks."""
    (folder / "photos").mkdir()
    photograph(folder / "photos" / "1.jpg", 0)
    workspace = Workspace.open(folder / "workspace")
    ingest.import_folder(workspace, folder / "photos")
    with workspace.store.write() as tx:
        tx.instances.add_many(1, "benchmark@1", list(blobs(MASKS, 0)))
        tx.images.change(1, proposer="benchmark@1", proposer_name="benchmark")
        tx.images.refresh([1])
    workspace.close()


def figures_of(url, rounds):
    """Milliseconds by action."""
    figures = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        open_image(page, url, 1)
        page.keyboard.press("b")
        page.evaluate("window.at = [.5, .5]; point('pointerdown', .5, .5)")
        figures["dab"] = measure(page, NEAR, rounds)
        page.evaluate("point('pointerup', ...window.at)")
        for _ in range(8):
            page.keyboard.press("]")
        page.evaluate("point('pointerdown', ...window.at)")
        figures["dab, large brush"] = measure(page, NEAR, rounds)
        figures["stroke across the image"] = measure(page, MOVE, rounds)
        figures["end of a stroke"] = measure(page, UP_AND_DOWN, rounds)
        browser.close()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
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
    for action, values in figures.items():
        reach = f"  reach {REACH[action]}" if action in REACH else ""
        print(f"{action:<24}", *(f"{key} {value:7.1f}" for key, value in values.items()), reach)


if __name__ == "__main__":
    main()
