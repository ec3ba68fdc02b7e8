"""Agreement with oneself: decided masks are shown again without their state. No decision is changed by it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import ReviewError
from app.services.workspace import Workspace
from app.store.records import Image, Instance, InstanceState

MOST = 100
"""Masks a round."""
_ROUNDS = 2000
"""Bootstrap samples of the interval of kappa."""


@dataclass(frozen=True)
class Question:
    """A decided mask, to be judged again."""

    instance: Instance
    image: Image


@dataclass(frozen=True)
class Answer:
    """What the person says now."""

    instance_id: int
    state: InstanceState


@dataclass(frozen=True)
class Difference:
    """A mask on which now and then differ."""

    image_id: int
    instance_id: int
    name: str
    then: InstanceState
    now: InstanceState


@dataclass(frozen=True)
class Agreement:
    """How far now and then agree."""

    number: int
    agreed: int
    lowest: float
    highest: float
    """95 % interval (Wilson) of the share that agrees."""
    kappa: float | None
    """Cohen's; None where only one state occurs: then it says nothing."""
    kappa_lowest: float | None
    kappa_highest: float | None
    """95 % bootstrap interval."""
    differences: list[Difference]


def questions(ws: Workspace, number: int, seed: int | None = None) -> list[Question]:
    """Random decided masks: half of them accepted where there are so many, in random order."""
    chance = random.Random(seed)  # noqa: S311  (a sample, no secret)
    with ws.store.read() as tx:
        accepted = [row.id for row in tx.columns.rows(["accepted"], None)]
        others = [row.id for row in tx.columns.rows(["rejected", "unsure"], None)]
        first = min(len(accepted), max(number // 2, number - len(others)))
        chosen = chance.sample(accepted, first)
        chosen += chance.sample(others, min(len(others), number - first))
        chance.shuffle(chosen)
        masks = tx.instances.get(chosen)
        images = {image.id: image for image in tx.images.of_ids(sorted({mask.image_id for mask in masks.values()}))}
    return [Question(masks[mask_id], images[masks[mask_id].image_id]) for mask_id in chosen]


def compare(ws: Workspace, answers: Sequence[Answer]) -> Agreement:
    """Hold answers against the decisions; masks that are undecided or gone by now do not count.

    Raises:
        ReviewError: none of the masks is decided.
    """
    with ws.store.read() as tx:
        masks = tx.instances.get([answer.instance_id for answer in answers])
        images = tx.images.of_ids(sorted({mask.image_id for mask in masks.values()}))
    names = {image.id: image.name for image in images}
    pairs = [
        (masks[answer.instance_id], answer.state)
        for answer in answers
        if answer.instance_id in masks and masks[answer.instance_id].state != "pending"
    ]
    if not pairs:
        raise ReviewError("none of these masks is decided any more: start the check anew")
    then = [mask.state for mask, _ in pairs]
    now = [state for _, state in pairs]
    agreed = sum(a == b for a, b in zip(then, now, strict=True))
    low, high = wilson(agreed, len(pairs))
    value = kappa(then, now)
    kappa_low, kappa_high = (None, None) if value is None else _bootstrap(then, now)
    differences = [
        Difference(mask.image_id, mask.id, names[mask.image_id], mask.state, state)
        for mask, state in pairs
        if mask.state != state
    ]
    return Agreement(len(pairs), agreed, low, high, value, kappa_low, kappa_high, differences)


def kappa(then: Sequence[str], now: Sequence[str]) -> float | None:
    """Cohen's kappa; None where chance alone would agree always."""
    states = sorted({*then, *now})
    a = np.array([[one == state for state in states] for one in then], float)
    b = np.array([[one == state for state in states] for one in now], float)
    observed = float((a * b).sum(axis=1).mean())
    expected = float(a.mean(axis=0) @ b.mean(axis=0))
    return None if expected > 1 - 1e-9 else (observed - expected) / (1 - expected)


def _bootstrap(then: Sequence[str], now: Sequence[str]) -> tuple[float, float]:
    chance = np.random.default_rng(0)
    first, second = np.array(then), np.array(now)
    picks = chance.integers(0, len(first), (_ROUNDS, len(first)))
    values = [kappa(first[row].tolist(), second[row].tolist()) for row in picks]
    low, high = np.percentile([value for value in values if value is not None] or [0.0], [2.5, 97.5])
    return float(low), float(high)


def wilson(hits: int, number: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z = 1.96
    share = hits / number
    middle = share + z * z / (2 * number)
    half = z * np.sqrt(share * (1 - share) / number + z * z / (4 * number**2))
    scale = 1 + z * z / number
    return float(max(middle - half, 0) / scale), float(min((middle + half) / scale, 1))
