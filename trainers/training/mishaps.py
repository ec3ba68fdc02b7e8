"""What ends a training run early, in one sentence each."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from trainers.errors import TrainersError


class TrainingError(TrainersError):
    """Training cannot go on; what was reached is kept."""


@contextmanager
def memory_is_told(step: int, images: Tensor) -> Iterator[None]:
    """Within, memory that runs out is told as such, on CPUs as on GPUs.

    Args:
        step: from 0.
        images: (n, 3, h, w), of the batch.

    Raises:
        TrainingError: there was not enough memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error):
            count, _, height, width = images.shape
            raise TrainingError(
                f"out of memory at step {step + 1}, with {count} images of up to {width} x {height} pixels; "
                "go on with a smaller --batch"
            ) from error
        raise


def require_finite(loss: float, gradient: float, step: int, paths: list[str]) -> None:
    """Stop before a step that would spoil the weights.

    Args:
        loss: of the step.
        gradient: its length.
        step: from 0.
        paths: of the images behind it.

    Raises:
        TrainingError: one of them is no number.
    """
    if not math.isfinite(loss) or not math.isfinite(gradient):
        raise TrainingError(
            f"the loss is no number at step {step + 1} (images: {', '.join(paths)}); the last checkpoint is good: "
            "go on from it with a smaller --lr"
        )
