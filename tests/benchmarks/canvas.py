"""How fast the Review screen answers, in real Chromium with the real server: p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/canvas.py [--rounds 40] [--json]``. Each figure is the time from the event to the end
of the first frame painted after it, measured inside the page; images are 1600 x 1200 with 40 masks each, then one with 1,000.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import screen

IMAGES, CROWD = 12, 1000
REACH = {
    f"{screen.MASKS} masks, {what}": goal
    for what, goal in {"hover": 50, "click": 50, "next mask": 50, "accept": 50, "next image": 60}.items()
}
"""Milliseconds at p95 to reach."""

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


def figures_of(page, url, rounds):
    """All figures, by number of masks and action."""
    figures = {}
    for masks, image, neighbour in ((screen.MASKS, 1, 1), (CROWD, IMAGES + 1, IMAGES)):
        screen.open_image(page, url, image)
        found = {what: screen.measure(page, script, rounds) for what, script in SCRIPTS.items()}
        screen.open_image(page, url, neighbour)
        found["next image"] = screen.measure(page, NEXT, IMAGES - 2 if masks == screen.MASKS else 1)
        figures |= {f"{masks} masks, {what}": value for what, value in found.items()}
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with screen.at_work() as (folder, servers, browser):
        screen.fill(folder, [*[(screen.SIZE, screen.MASKS)] * IMAGES, (screen.SIZE, CROWD)])
        page = browser.new_page(viewport=screen.WINDOW)
        figures = figures_of(page, servers(folder, fake=False).url, arguments.rounds)
    screen.report(figures, REACH, arguments.json)


if __name__ == "__main__":
    main()
