"""How fast a folder comes in, and how soon the Queue shows it.

    python tests/benchmarks/import_folder.py [--images 10000] [--size 160x120]

Makes small JPEG photographs in a temporary folder, imports them, imports again, and opens the Queue.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from app.services import catalogue, ingest
from app.services.workspace import Workspace

Result = TypeVar("Result")


def make_photographs(folder: Path, number: int, width: int, height: int) -> None:
    """Smooth noise, about as large in bytes as photographs of this size; each file differs in its last bytes."""
    folder.mkdir()
    coarse = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
    for index in range(number):
        (folder / f"{index:06}.jpg").write_bytes(stream.getvalue() + index.to_bytes(8, "big"))


def timed(what: str, work: Callable[[], Result]) -> tuple[Result, float]:
    """Run and print."""
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    print(f"{what:<44} {seconds:8.3f} s")
    return result, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--size", default="160x120")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photographs"
        make_photographs(folder, arguments.images, width, height)
        ws = Workspace.open(Path(name) / "workspace")
        report, seconds = timed("import", lambda: ingest.import_folder(ws, folder))
        assert (report.added, report.faults) == (arguments.images, [])
        print(f"{'':<44} {arguments.images / seconds:8.0f} images/s")
        again, _ = timed("import again, nothing changed", lambda: ingest.import_folder(ws, folder))
        assert again.known == arguments.images
        timed("Queue: overview and first page", lambda: (catalogue.overview(ws), catalogue.list_images(ws)))
        timed("Queue: the last page", lambda: catalogue.list_images(ws, offset=arguments.images - 200))
        timed("Queue: search", lambda: catalogue.list_images(ws, search="99"))
        timed("Queue: by number of masks", lambda: catalogue.list_images(ws, order="masks"))
        timed("next to do", lambda: catalogue.next_to_do(ws, arguments.images // 2))
        ws.close()


if __name__ == "__main__":
    main()
