"""How fast a brush stroke shows in the Review screen, in real Chromium with the real server: p50 and p95 in milliseconds.

Run by hand: ``python tests/benchmarks/editing.py [--rounds 200] [--json]``. The image is 1600 x 1200 with 40 masks; `screen.py` says
how the time is taken: from the pointer's event to the end of the first frame painted after it.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import screen

REACH = {"dab": 35, "dab, large brush": 35}
"""Milliseconds at p95 to reach."""

MOVE = "frameAfter(() => point('pointermove', .2 + .6 * Math.random(), .2 + .6 * Math.random()))"
NEAR = """(() => {
  window.at ??= [.5, .5];
  window.at = window.at.map((side) => Math.min(.9, Math.max(.1, side + .02 * (Math.random() - .5))));
  return frameAfter(() => point('pointermove', ...window.at));
})()"""
UP_AND_DOWN = "frameAfter(() => { point('pointerup', ...window.at); point('pointerdown', ...window.at); })"


def figures_of(page, url, rounds):
    """Milliseconds by action."""
    figures = {}
    screen.open_image(page, url, 1)
    page.keyboard.press("b")
    page.evaluate("window.at = [.5, .5]; point('pointerdown', .5, .5)")
    figures["dab"] = screen.measure(page, NEAR, rounds)
    page.evaluate("point('pointerup', ...window.at)")
    for _ in range(8):
        page.keyboard.press("]")
    page.evaluate("point('pointerdown', ...window.at)")
    figures["dab, large brush"] = screen.measure(page, NEAR, rounds)
    figures["stroke across the image"] = screen.measure(page, MOVE, rounds)
    figures["end of a stroke"] = screen.measure(page, UP_AND_DOWN, rounds)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with screen.at_work() as (folder, servers, browser):
        screen.fill(folder, [(screen.SIZE, screen.MASKS)])
        page = browser.new_page(viewport=screen.WINDOW)
        figures = figures_of(page, servers(folder, fake=False).url, arguments.rounds)
    screen.report(figures, REACH, arguments.json)


if __name__ == "__main__":
    main()
