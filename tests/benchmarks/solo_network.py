"""Speed and memory of SOLO against ONE float32 torchvision ResNet-50 up to res5 on the same 800 x 1067 tensor, in the same run.

Run by hand: ``python tests/benchmarks/solo_network.py [--threads 2] [--rounds 5] [--only NAME]``. Weights are random: that does not change
the time, but for how ragged the masks are, and those of a random network are as ragged as can be. Each round runs part and reference
in turn, so that other work on the machine hits both alike; the medians are compared. The reference is also timed before the part is
made ("fresh"): after large steps the C library keeps memory instead of returning it, and ResNet-50 itself runs up to a quarter faster.
Wall-clock and processor time are both given: on a busy machine only the second says something. Every part runs in a process of its
own, so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait for each other are not at work

import cv2
import numpy as np
import torch
import torchvision
from skimage import data as photographs
from torch.profiler import ProfilerActivity, profile

from freesolo.backbones.precision import native_bfloat16
from freesolo.backbones.resnet import make_resnet
from freesolo.freemask import FreeMask
from freesolo.freemask.paper import PaperSettings
from freesolo.images import read_image
from freesolo.solo.criterion import LossSettings, loss_sums, total_loss
from freesolo.solo.inference import InferenceSettings
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.networks import make
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.proposer import SoloProposer
from freesolo.solo.weights import Model, card_for
from trainers.training.augment import Sample
from trainers.training.batches import Batches, Normalisation

SIZE = (800, 1067)
BARS = {"free-mask": 0.55, "inference": 1.2, "training": 7.0}
MEMORY_BAR = 3.5
LIGHT_FASTER = 6.0
LIGHT_STEP = 2.0


def photograph(size):
    """A real photograph at (height, width)."""
    return cv2.resize(photographs.coffee()[:, :533], (size[1], size[0]), interpolation=cv2.INTER_LINEAR)


def reference():
    """One forward pass of torchvision's ResNet-50 up to res5, as it comes."""
    network = torchvision.models.resnet50().eval()
    stages = torch.nn.Sequential(*list(network.children())[:-2])
    image = torch.randn(1, 3, *SIZE)

    def run():
        with torch.inference_mode():
            stages(image)

    return run


def free_mask(folder):
    """Free Mask, preset paper, from a JPEG file to masks; the weights file is as DenseCL publishes it."""
    torch.save({"state_dict": make_resnet("resnet50").state_dict(), "author": "nobody"}, folder / "densecl.pth")
    cv2.imwrite(str(folder / "photograph.jpg"), photograph((480, 640))[:, :, ::-1])
    proposer = FreeMask(PaperSettings(), folder / "densecl.pth")
    return lambda: proposer.propose(read_image(folder / "photograph.jpg").pixels)


def inference(settings, candidates=100):
    """From an image to RLE masks, with exactly so many candidate cells."""
    network = make(settings, pretrained=False).eval()
    wanted = InferenceSettings(cut=0.0, candidates=candidates, keep=0.0, min_cells=1)
    proposer = SoloProposer(Model(network, card_for(settings), "random"), wanted)
    image = photograph(SIZE)
    return lambda: proposer.propose(image)


def training(settings, sizes, masks):
    """A step with SGD: forward, losses, backward, update. ``masks`` boxes and discs over all the images."""
    network = make(settings, pretrained=False).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.0025, 0.9, weight_decay=1e-4)
    batches = Batches((), network, None, Normalisation((0.5,) * 3, (0.5,) * 3), len(sizes), 0)
    rngs = [np.random.default_rng(number) for number in range(len(sizes))]
    shares = [masks // len(sizes) + (number < masks % len(sizes)) for number in range(len(sizes))]
    samples = [
        sample(size, count, settings.embedding, rng) for size, count, rng in zip(sizes, shares, rngs, strict=True)
    ]
    batch = batches.of_samples(samples, rngs, [""] * len(sizes))
    loss_settings = LossSettings()

    def run():
        output = network(batch.images, batch.sizes)
        loss = total_loss(loss_sums(network, output, batch.targets, loss_settings).means(), loss_settings, 1.0)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()

    return run


def sample(size, count, embedding, rng):
    """A view with ``count`` ellipses of all sizes."""
    height, width = -(-size[0] // 4), -(-size[1] // 4)
    masks = np.zeros((count, height, width), np.uint8)
    for mask in masks:
        axes = (rng.uniform(0.03, 0.35, 2) * (width, height)).astype(int)
        centre = (rng.uniform(0.2, 0.8, 2) * (width, height)).astype(int)
        cv2.ellipse(mask, centre.tolist(), axes.tolist(), 0, 0, 360, 1, -1)
    ones = np.ones(count, np.float32)
    directions = rng.standard_normal((count, embedding)).astype(np.float32)
    return Sample(
        photograph(size), masks > 0, np.zeros((height, width), bool), ones, ones > 0, ones < 0, None, directions
    )


def parts(folder):
    """What each part measures, by name: makers, so that only the wanted one is built."""
    paper, light = PaperSoloSettings(), LightSettings()
    square = (light.size, light.size)
    return {
        "free-mask": lambda: free_mask(folder),
        "inference": lambda: inference(paper),
        "training": lambda: training(paper, [SIZE, SIZE], 11),
        "light-inference": lambda: inference(light),
        "light-training": lambda: training(light, [square] * 4, 40),
    }


def measure(name, rounds, threads):
    """Peak memory of the part alone, then medians of it and of the reference in turn."""
    torch.manual_seed(0)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    times = {"part": [], "reference": [], "fresh": []}
    base = reference()
    base()
    for _ in range(rounds):
        times["fresh"].append(timed(base))
    with tempfile.TemporaryDirectory() as folder:
        run = parts(Path(folder))[name]()
        for _ in range(2):
            run()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        for _ in range(rounds):
            times["reference"].append(timed(base))
            times["part"].append(timed(run))
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            run()
        where = by_kind(profiler.key_averages())
    middle = {key: [median(column) for column in zip(*values, strict=True)] for key, values in times.items()}
    return {"memory": memory, "where": where, **middle}


def timed(run):
    """Wall-clock and processor seconds."""
    wall, busy = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - busy


def by_kind(events):
    """Shares of the time of operators in groups."""
    groups = {
        "convolution": ("convolution",),
        "norm": ("norm",),
        "matrix": ("mm", "dot"),
        "resize": ("upsample", "pool", "index", "lerp"),
    }
    total = sum(event.self_cpu_time_total for event in events)
    shares = {}
    for event in events:
        kind = next(
            (k for k, words in groups.items() if any(word in event.key.lower() for word in words)), "element-wise"
        )
        shares[kind] = shares.get(kind, 0.0) + event.self_cpu_time_total / total
    return {kind: round(share, 3) for kind, share in sorted(shares.items(), key=lambda pair: -pair[1])}


def verdict(found):
    """Lines against the bars."""
    for name, result in found.items():
        wall, busy = (result["part"][i] / result["reference"][i] for i in range(2))
        fresh, fresh_busy = (result["part"][i] / result["fresh"][i] for i in range(2))
        bar = f", bar {BARS[name]}" if name in BARS else ""
        print(
            f"{name:16} {result['part'][0]:6.2f} s wall, {result['part'][1]:6.2f} s processor; to ResNet-50 "
            f"({result['reference'][0]:.2f} s, {result['reference'][1]:.2f} s): {wall:.2f} wall, {busy:.2f} processor; "
            f"fresh ({result['fresh'][0]:.2f} s, {result['fresh'][1]:.2f} s): {fresh:.2f}, {fresh_busy:.2f}{bar}; "
            f"peak {result['memory']:.2f} GiB{f', bar {MEMORY_BAR}' if name == 'training' else ''}"
        )
        print(f"{'':16} {result['where']}")
    if {"inference", "light-inference"} <= found.keys():
        wall, busy = (found["inference"]["part"][i] / found["light-inference"]["part"][i] for i in range(2))
        print(f"light is {wall:.1f} x (processor {busy:.1f} x) as fast as paper-r50; bar {LIGHT_FASTER}")
    if "light-training" in found:
        print(f"light step of 4 images: {found['light-training']['part'][0]:.2f} s; bar {LIGHT_STEP}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=list(parts(Path())))
    parser.add_argument("--as-json", action="store_true", help="one part, for the process that measures it")
    options = parser.parse_args()
    if options.as_json:
        print(json.dumps(measure(options.only, options.rounds, options.threads)))
        return
    print(f"{options.threads} threads, bfloat16 {'native' if native_bfloat16() else 'not native: float32'}")
    found = {}
    for name in [options.only] if options.only else parts(Path()):
        command = [
            sys.executable,
            __file__,
            "--as-json",
            "--only",
            name,
            "--threads",
            str(options.threads),
            "--rounds",
            str(options.rounds),
        ]
        found[name] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    verdict(found)


if __name__ == "__main__":
    main()
