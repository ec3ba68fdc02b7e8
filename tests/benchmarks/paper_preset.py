"""Preset `paper`: everything after the backbone against the backbone itself, one image at 800 x 1067, in one run.

Run by hand: ``python tests/benchmarks/paper_preset.py``. The backbone is ResNet-50, as torchvision runs it in float32 and as we do (folded,
in bfloat16 where native); its weights do not change its time, so they are random. The bar: at most 10 % of the former.
"""

import time

import torch
import torch.nn.functional as F

from freesolo.backbones.resnet import ResNetBackbone, make_resnet
from freesolo.freemask.paper import PaperSettings, paper_masks

SIZE = (800, 1067)
ROUNDS = 7


def median_seconds(run):
    """Median over ROUNDS, after one round that is not counted."""
    run()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return sorted(times)[ROUNDS // 2]


def main():
    torch.manual_seed(0)
    plain = make_resnet("resnet50").eval()
    backbone = ResNetBackbone(make_resnet("resnet50"), "random")
    image = torch.randn(1, 3, *SIZE)
    smooth = F.avg_pool2d(torch.randn(1, 2048, 25, 34).relu(), 3, 1, 1)[
        0
    ]  # as alike as neighbouring cells of a photograph
    settings = PaperSettings(min_maskness=0.3)
    print(f"{len(paper_masks(smooth, SIZE, settings))} masks")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            reference = median_seconds(lambda: plain(image))
        network = median_seconds(lambda: backbone.features(image))
        rest = median_seconds(lambda: paper_masks(smooth, SIZE, settings))
        print(
            f"{threads} threads: float32 backbone {reference:.2f} s, ours {network:.2f} s, the rest {rest:.3f} s: "
            f"{rest / reference:.1%} of the one, {rest / network:.1%} of the other"
        )


if __name__ == "__main__":
    main()
