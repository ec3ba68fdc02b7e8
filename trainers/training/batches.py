"""From views to tensors and targets; one batch a step, decided by the seed and the step alone, so that a resumed run sees the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from freesolo.solo.criterion import ImageTargets
from freesolo.solo.losses import boxes_of, colour_affinity
from freesolo.solo.output import SoloNetwork
from freesolo.solo.targets import assign
from trainers.training.augment import STRIDE, AugmentSettings, Bool, Sample, training_view
from trainers.training.items import Item

MAX_POSITIVES = 24
"""Cells of one image that train masks; more cost time and say little more."""
_BOTTOM_ROWS = 10
"""Of the image, in pixels: left out of the pairwise term, as cameras and codecs leave a strip there."""


@dataclass(frozen=True)
class Batch:
    """What a step trains on."""

    images: Tensor
    """(n, 3, H, W) float32, normalised, padded right and below to the largest."""
    sizes: list[tuple[int, int]]
    """Each image's own (height, width) within."""
    targets: list[ImageTargets]
    paths: list[str]
    """For messages."""

    def to(self, device: torch.device) -> "Batch":
        """The same on a device."""
        return replace(self, images=self.images.to(device), targets=[_moved(target, device) for target in self.targets])


@dataclass(frozen=True)
class Normalisation:
    """What the backbone expects."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class Batches:
    """The batches of a run, each made while the one before is trained on."""

    def __init__(
        self,
        items: tuple[Item, ...],
        network: SoloNetwork,
        augment: AugmentSettings,
        normalisation: Normalisation,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """Batch ``batch`` on each of ``world`` ranks: together they see what one rank with a batch of ``batch * world`` sees."""
        self._items = items
        self._network = network
        self._augment = augment
        self._normalisation = normalisation
        self._slots = range(rank * batch, (rank + 1) * batch)
        self._total = batch * world
        self._seed = seed

    def steps(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of steps ``first`` to ``last``, the latter not within.

        Raises:
            ImageError: an image cannot be read.
        """
        with ThreadPoolExecutor(1, "batches") as pool:
            following = pool.submit(self.step, first) if first < last else None
            for step in range(first, last):
                assert following is not None
                batch = following.result()
                if step + 1 < last:
                    following = pool.submit(self.step, step + 1)
                yield batch

    def step(self, step: int) -> Batch:
        """The batch of one step."""
        samples, paths = [], []
        for slot in self._slots:
            rng = np.random.default_rng([self._seed, step, slot])
            place = self._place(step * self._total + slot)
            item, donor = self._items[place], self._donor(place, rng)
            samples.append((training_view(item, donor, self._augment, rng), rng))
            paths.append(str(item.path))
        return self.of_samples([sample for sample, _ in samples], [rng for _, rng in samples], paths)

    def of_samples(self, samples: list[Sample], rngs: list[np.random.Generator], paths: list[str]) -> Batch:
        """Tensors and targets of given views."""
        sizes = [(sample.image.shape[0], sample.image.shape[1]) for sample in samples]
        height, width = (max(side) for side in zip(*sizes, strict=True))
        images = torch.zeros(len(samples), 3, height, width).contiguous(memory_format=torch.channels_last)
        mean, std = torch.tensor(self._normalisation.mean), torch.tensor(self._normalisation.std)
        for image, sample, (h, w) in zip(images, samples, sizes, strict=True):
            values = (torch.from_numpy(np.ascontiguousarray(sample.image)) / 255 - mean) / std
            image[:, :h, :w] = values.permute(2, 0, 1)
        targets = [self._targets(sample, rng) for sample, rng in zip(samples, rngs, strict=True)]
        return Batch(images, sizes, targets, paths)

    def _place(self, position: int) -> int:
        """Which item: each pass over all of them is a permutation of its own."""
        epoch, place = divmod(position, len(self._items))
        return int(np.random.default_rng([self._seed, 1, epoch]).permutation(len(self._items))[place])

    def _donor(self, place: int, rng: np.random.Generator) -> Item | None:
        """Another item than this one, to paste from."""
        if len(self._items) < 2:
            return None
        return self._items[(place + 1 + int(rng.integers(len(self._items) - 1))) % len(self._items)]

    def _targets(self, sample: Sample, rng: np.random.Generator) -> ImageTargets:
        positives = assign(sample.masks, sample.weights, self._network.grids, self._network.ranges)
        chosen = rng.permutation(len(positives.cells))[:MAX_POSITIVES]
        ignored = _ignored_cells(sample.ignored, self._network.grids)
        ignored[positives.cells] = False
        return ImageTargets(
            masks=torch.from_numpy(sample.masks.astype(np.float32)),
            boxes=boxes_of(sample.masks),
            cells=torch.from_numpy(positives.cells),
            objects=torch.from_numpy(positives.objects),
            weights=torch.from_numpy(sample.weights),
            has_mask=torch.from_numpy(sample.has_mask),
            pseudo=torch.from_numpy(sample.pseudo),
            chosen=torch.from_numpy(np.sort(chosen)),
            ignored=torch.from_numpy(ignored),
            alike=_alike(sample),
            embeddings=None if sample.embeddings is None else torch.from_numpy(sample.embeddings),
            categories=None if sample.categories is None else torch.from_numpy(sample.categories),
        )


def _moved(target: ImageTargets, device: torch.device) -> ImageTargets:
    moved: dict[str, Any] = {}
    for field in fields(target):
        value = getattr(target, field.name)
        moved[field.name] = value.to(device) if isinstance(value, Tensor) else value
    return ImageTargets(**moved)


def _alike(sample: Sample) -> Tensor:
    height, width = sample.masks.shape[1:]
    small = cv2.resize(np.ascontiguousarray(sample.image), (width, height), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    valid = torch.ones(height, width, dtype=torch.bool)
    valid[height - -(-_BOTTOM_ROWS // STRIDE) :] = False
    return colour_affinity(torch.from_numpy(lab).permute(2, 0, 1), valid)


def _ignored_cells(ignored: Bool, grids: tuple[int, ...]) -> Bool:
    """(S,) bool: cells whose centre lies in an ignored region."""
    height, width = ignored.shape
    if not ignored.any():
        return np.zeros(sum(grid * grid for grid in grids), bool)
    lines = [(np.arange(grid) + 0.5) / grid for grid in grids]
    return np.concatenate(
        [ignored[(line * height).astype(int)][:, (line * width).astype(int)].ravel() for line in lines]
    )
