"""Two views of each image, as tensors; decided by the seed and the step alone, so that a resumed run sees the same."""

import functools
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from freesolo.errors import ImageError
from freesolo.images import read_image
from trainers.errors import UsageError
from trainers.training.contrastive.settings import PretrainSettings
from trainers.training.contrastive.views import Float32, UInt8, random_view

_AHEAD = 2
"""Batches that are made while one is trained on."""


@dataclass(frozen=True)
class Views:
    """What a step trains on: n images, each seen twice."""

    query: Tensor
    """(n, 3, size, size) float32, normalised, channels last."""
    key: Tensor
    """The same images seen otherwise."""
    images: Tensor
    """(n,) int64: their numbers."""
    paths: list[str]
    """For messages."""

    def to(self, device: torch.device) -> "Views":
        """The same there."""
        return Views(self.query.to(device), self.key.to(device), self.images.to(device), self.paths)


@dataclass(frozen=True)
class _Pair:
    query: Float32
    key: Float32
    number: int


class ViewBatches:
    """The batches of a run, made by threads while others are trained on."""

    def __init__(
        self,
        paths: list[Path],
        settings: PretrainSettings,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
        rank: int = 0,
        world: int = 1,
    ) -> None:
        """``settings.batch`` images on each of ``world`` ranks: together what one rank sees that has them all.

        Args:
            paths: of the images.
            settings: of the run.
            mean: RGB mean that the backbone expects, of values in [0, 1].
            std: and standard deviation.
            rank: this one of ``world``.
            world: ranks in all.
        """
        self._paths = paths
        self._settings = settings
        self._mean, self._std = (np.array(values, np.float32) for values in (mean, std))
        self._slots = range(rank * settings.batch, (rank + 1) * settings.batch)
        self._total = settings.batch * world
        self._unreadable: set[int] = set()

    def steps(self, first: int, last: int) -> Iterator[Views]:
        """The batches of steps ``first`` to ``last``, the latter not within.

        Raises:
            UsageError: fewer than two images can be read.
        """
        with ThreadPoolExecutor(self._settings.readers, "views") as pool:
            waiting = [self._begun(pool, step) for step in range(first, min(last, first + _AHEAD))]
            for step in range(first, last):
                pairs = [future.result() for future in waiting.pop(0)]
                if step + _AHEAD < last:
                    waiting.append(self._begun(pool, step + _AHEAD))
                yield self._stacked(pairs)

    def step(self, step: int) -> Views:
        """The batch of one step."""
        return self._stacked([self._pair(step, slot) for slot in self._slots])

    def _begun(self, pool: ThreadPoolExecutor, step: int) -> "list[Future[_Pair]]":
        return [pool.submit(self._pair, step, slot) for slot in self._slots]

    def _pair(self, step: int, slot: int) -> _Pair:
        number, pixels = self._image(self._place(step * self._total + slot))
        rng = np.random.default_rng([self._settings.seed, step, slot])
        query, key = (random_view(pixels, self._settings.views, rng) for _ in range(2))
        return _Pair(query, key, number)

    def _place(self, position: int) -> int:
        """Which image: each pass over all of them is a permutation of its own."""
        epoch, place = divmod(position, len(self._paths))
        return int(_permutation(self._settings.seed, epoch, len(self._paths))[place])

    def _image(self, place: int) -> tuple[int, UInt8]:
        """The image at a place, or the next one that can be read, and its number."""
        for step in range(len(self._paths)):
            number = (place + step) % len(self._paths)
            if number in self._unreadable:
                continue
            try:
                return number, read_image(self._paths[number]).pixels
            except ImageError as error:
                self._leave_out(number, error)
        raise UsageError(f"none of the {len(self._paths)} images can be read")

    def _leave_out(self, number: int, error: ImageError) -> None:
        if number not in self._unreadable:
            sys.stderr.write(f"warning: left out: {error}\n")
            self._unreadable.add(number)
        if len(self._paths) - len(self._unreadable) == 1:
            raise UsageError("only one of the images can be read; a backbone learns by telling images apart: add more")

    def _stacked(self, pairs: list[_Pair]) -> Views:
        numbers = [pair.number for pair in pairs]
        return Views(
            self._tensor([pair.query for pair in pairs]),
            self._tensor([pair.key for pair in pairs]),
            torch.tensor(numbers),
            [str(self._paths[number]) for number in numbers],
        )

    def _tensor(self, views: list[Float32]) -> Tensor:
        return torch.from_numpy((np.stack(views) - self._mean) / self._std).permute(0, 3, 1, 2)


@functools.lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng([seed, 1, epoch]).permutation(count)
