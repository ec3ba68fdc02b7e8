"""What the tests of the Review screen share: a folder of tiny images with the stand-in's masks, and hands on the page."""

from dataclasses import dataclass
from typing import Any

from tests.browser.test_main_job import import_in_page, noise, press, review_state

WIDTH, HEIGHT = 48, 36
"""Pixels of an image. Its three masks: #1 the top half (score 0.9), #2 the right half (0.5), #3 the pixel at (0, 0) (0.1)."""

MARGIN, LARGEST_SCALE = 12, 40
"""CSS pixels around the image that is shown whole, and of one of its pixels at most."""


def proposed(make_server, folder, chromium, images):
    """An app on ``images`` images with masks."""
    server = make_server(folder)
    context = chromium.new_context()
    page = context.new_page()
    import_in_page(page, server, noise(folder / "photos", images))
    page.goto(f"{server.url}/#/propose")
    page.click("#propose-run")
    server.wait_for(lambda now: now["images"]["todo"] == images)
    context.close()
    return server


@dataclass
class Review:
    """The Review screen of one page, and what the database has of its image."""

    page: Any
    server: Any
    number: int = 0

    def open(self, number):
        self.number = number
        self.page.goto(f"{self.server.url}/#/review/{number}")
        self.page.wait_for_selector(f"html[data-image='{number}']")
        review_state(self.page, "ready", "saved")

    def press(self, *keys):
        press(self.page, *keys)

    def masks(self):
        return self.server.api(f"images/{self.number}")["instances"]

    def states(self):
        return [mask["state"] for mask in self.masks()]

    def line(self):
        return self.page.inner_text(".mask-line")

    def counts(self):
        """Masks by state as the screen says."""
        texts = self.page.locator(".counts .count").all_inner_texts()
        return {state: int(number) for number, state in (text.split() for text in texts)}

    def wait_for_notice(self, start):
        self.page.wait_for_function(
            "(start) => document.querySelector('.notice').textContent.startsWith(start)", arg=start
        )

    def place(self, x, y):
        """Where the centre of an image pixel lies on the page, while the whole image is shown."""
        box = self.page.locator(".stage").bounding_box()
        scale = min((box["width"] - 2 * MARGIN) / WIDTH, (box["height"] - 2 * MARGIN) / HEIGHT, LARGEST_SCALE)
        left = box["x"] + box["width"] / 2 - WIDTH / 2 * scale
        top = box["y"] + box["height"] / 2 - HEIGHT / 2 * scale
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def click(self, x, y):
        self.page.mouse.click(*self.place(x, y))

    def slide(self, place):
        """Move the handle of the histogram: 0 to 1000."""
        self.page.locator("#hide-below").evaluate(
            "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input', {bubbles: true})); }",
            place,
        )
