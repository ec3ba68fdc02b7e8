"""The presets `default` and `fast` on one thread: seconds an image, by stage, and against the prototype in the same run.

    python tests/benchmarks/default_preset.py [--images 12] [--repeats 3] [--prototype ../shared/prototypes/grouping]

Photographs that come with scikit-image, at 640x480. Presets and prototype take turns on each image, and medians are printed, so that
other work on the machine burdens all alike. Where the prototype or its package efficientnet-lite-pytorch is absent, it is left out and
said so. Exits with 1 when `default` needs more than 1.1 s or `fast` more than 0.7 s.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt
import torch
from skimage import data

from freesolo.freemask import FreeMask, pipeline
from freesolo.freemask.features import FeatureExtractor

LIMITS = {"default": 1.1, "fast": 0.7}
NAMES = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina", "immunohistochemistry")
STAGES: tuple[tuple[str, Any, str], ...] = (
    ("features", FeatureExtractor, "__call__"),
    ("colour", pipeline, "small_lab"),
    ("superpixels", pipeline.superpixels, "felzenszwalb"),
    ("region graph", pipeline.region_graph, "build"),
    ("merge trees", pipeline.merge_tree, "build"),
    ("queries", pipeline.queries, "query_masks"),
    ("pool", pipeline.pool, "collect"),
    ("cues", pipeline.cues, "measure"),
    ("soft NMS", pipeline, "select"),
    ("masks", pipeline, "_instances"),
    ("recognition", pipeline, "_recognised"),
    ("hierarchy", pipeline, "_hierarchy"),
)
Image = npt.NDArray[np.uint8]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--prototype", type=Path, default=Path("../shared/prototypes/grouping"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    runs: dict[str, Callable[[Image], Any]] = {name: FreeMask.from_preset(name).propose for name in LIMITS}
    prototype = load_prototype(options.prototype)
    if prototype:
        runs["prototype"] = prototype
    images = photographs(options.images)
    for name, run in runs.items():
        begin = time.perf_counter()
        run(images[0])
        print(f"{name}: first image {time.perf_counter() - begin:.1f} s (weights, compiled loops)")
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    stages: dict[str, dict[str, list[float]]] = {name: {} for name in LIMITS}
    for image in images * options.repeats:
        for name, run in runs.items():
            with stage_times(stages.get(name, {})):
                begin = time.perf_counter()
                run(image)
                seconds[name].append(time.perf_counter() - begin)
    report(seconds, stages)
    sys.exit(any(statistics.median(seconds[name]) > limit for name, limit in LIMITS.items()))


def photographs(count: int) -> list[Image]:
    """640x480 RGB crops; each photograph again mirrored and upside down when there are not enough."""
    images: list[Image] = []
    for turn in range(4):
        for name in NAMES:
            picture = getattr(data, name)()[:: -1 if turn & 2 else 1, :: -1 if turn & 1 else 1]
            scale = max(640 / picture.shape[1], 480 / picture.shape[0])
            size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
            picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
            images.append(np.ascontiguousarray(picture[:480, :640, :3]))
    return images[:count]


def load_prototype(folder: Path) -> Callable[[Image], Any] | None:
    """Recipe F of the prototype from image to encoded masks, where it can be had."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        prototype = importlib.import_module("pipeline")
        settings = prototype.CFG | importlib.import_module("final_cfg").FINAL
        network = prototype.B.Net()
    except ImportError as error:
        print(f"prototype: left out ({error})")
        return None

    def run(image: Image) -> list[Any]:
        masks, _, labels, _ = prototype.propose(network, image, settings)
        return [prototype.rle(prototype.upmask(mask, labels, image.shape[:2], settings["smooth"])) for mask in masks]

    return run


@contextmanager
def stage_times(times: dict[str, list[float]]) -> Iterator[None]:
    """Adds up the seconds spent in each stage within the block and appends them."""
    spent = dict.fromkeys((stage for stage, _, _ in STAGES), 0.0)

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begin = time.perf_counter()
            result = function(*arguments)
            spent[stage] += time.perf_counter() - begin
            return result

        return call

    with ExitStack() as stack:
        for stage, owner, name in STAGES:
            stack.enter_context(patch.object(owner, name, timed(stage, getattr(owner, name))))
        yield
    for stage, value in spent.items():
        times.setdefault(stage, []).append(value)


def report(seconds: dict[str, list[float]], stages: dict[str, dict[str, list[float]]]) -> None:
    """Medians of everything."""
    print(f"\n{'median ms':>14}" + "".join(f"{name:>12}" for name in stages))
    for stage, _, _ in STAGES:
        print(f"{stage:>14}" + "".join(f"{statistics.median(times[stage]) * 1e3:12.1f}" for times in stages.values()))
    print()
    for name, values in seconds.items():
        line = f"{name:>14}{statistics.median(values):8.3f} s an image"
        if "prototype" in seconds and name != "prototype":
            ratios = [theirs / ours for theirs, ours in zip(seconds["prototype"], values, strict=True)]
            line += f", {statistics.median(ratios):.1f} times faster than the prototype"
        print(line)


if __name__ == "__main__":
    main()
