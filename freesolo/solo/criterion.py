"""The whole objective of SOLO: L = L_cate + L_mask (paper eq. 7 to 9), over a batch of images with any number of masks, also none."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from freesolo.config import Config
from freesolo.solo import losses
from freesolo.solo.output import SoloNetwork, SoloOutput


class LossSettings(Config):
    """Weights of the terms; the paper's are the defaults."""

    max_projection: float = Field(default=1.0, ge=0)
    average_projection: float = Field(default=0.1, ge=0)
    """alpha of eq. 7."""
    pairwise: float = Field(default=1.0, ge=0)
    pairwise_ramp: float = Field(default=0.03, ge=0, le=1)
    """Share of the run over which the pairwise term grows to its weight (the paper: 1,000 of 30,000 steps)."""
    dice: float = Field(default=0.0, ge=0)
    """Of the whole mask: for masks that people drew, and the "full" row of table 7d."""
    by_origin: bool = False
    """Dice teaches only the masks that people judged, the other mask terms only pseudo-labels; else each term teaches all masks."""
    category: float = Field(default=1.0, ge=0)
    embedding: float = Field(default=4.0, ge=0)
    """beta of eq. 9."""


@dataclass(frozen=True)
class ImageTargets:
    """What one image trains; n objects, p positive cells."""

    masks: Tensor
    """(n, h, w) float32 in {0, 1} on the mask grid, in the image's own frame."""
    boxes: list[tuple[int, int, int, int]]
    """Tight (top, left, bottom, right) of each mask."""
    cells: Tensor
    """(p,) int64 positive cells."""
    objects: Tensor
    """(p,) int64 object that each of them predicts."""
    weights: Tensor
    """(n,) float32 > 0: how far each mask is to be trusted; 1 is full trust."""
    has_mask: Tensor
    """(n,) bool: false trains the category only ("limited masks", paper A.2)."""
    pseudo: Tensor
    """(n,) bool: masks that nobody judged; see `LossSettings.by_origin`."""
    chosen: Tensor
    """(m,) int64 places in ``cells`` that train masks: at most so many, for the sake of time."""
    ignored: Tensor
    """(S,) bool: cells that count neither as foreground nor as background."""
    alike: Tensor
    """(4, h, w) bool of `freesolo.solo.losses.colour_affinity`."""
    embeddings: Tensor | None = None
    """(n, E) float32 semantic targets (paper 3.2), or None."""
    categories: Tensor | None = None
    """(n,) int64 below the network's classes; None is class-agnostic."""


@dataclass(frozen=True)
class LossSums:
    """Sums over the objects and cells of this rank's images, and over how many: a batch that is split gives the same loss."""

    terms: dict[str, Tensor]
    """Scalar sums by name."""
    positives: Tensor
    """Number of positive cells, scalar float32."""
    masks: Tensor
    """Summed weights of the cells that train masks, scalar float32."""
    embeddings: Tensor
    """Summed weights of the cells that train embeddings, scalar float32."""

    def means(self) -> dict[str, Tensor]:
        """Each term by its own count: focal loss by positives + 1, the others by what they were summed over (eq. 9)."""
        counts = {"category": self.positives + 1, "embedding": self.embeddings.clamp(min=1e-6)}
        return {name: total / counts.get(name, self.masks.clamp(min=1e-6)) for name, total in self.terms.items()}


def loss_sums(
    network: SoloNetwork, output: SoloOutput, targets: list[ImageTargets], settings: LossSettings
) -> LossSums:
    """Every term that has a weight, summed over the batch. Images without masks are valid negatives."""
    # Every output takes part, as distributed training waits for each gradient.
    nothing = output.category.sum() * 0 + output.kernels.sum() * 0 + output.embeddings.sum() * 0
    if not any(len(_with_masks(target)) for target in targets):
        nothing = nothing + output.features.sum() * 0
    names = ("category", "embedding", "max_projection", "average_projection", "pairwise", "dice")
    terms = {name: nothing for name in names if getattr(settings, name)}
    positives = masks = embeddings = torch.zeros((), device=nothing.device)
    maps = output.features.unbind()  # at once: gradients of single images would each fill a whole batch
    for index, target in enumerate(targets):
        positives = positives + len(target.cells)
        if "category" in terms:
            terms["category"] = terms["category"] + _category(output.category[index], target)
        if not len(target.cells):
            continue
        weights = target.weights[target.objects]
        if "embedding" in terms and target.embeddings is not None:
            distance = losses.embedding_distance(
                output.embeddings[index, target.cells], target.embeddings[target.objects]
            )
            terms["embedding"] = terms["embedding"] + weights @ distance
            embeddings = embeddings + weights.sum()
        chosen = _with_masks(target)
        if len(chosen):
            masks = masks + weights[chosen].sum()
            for name, total in _masks(network, output.kernels[index], maps[index], target, chosen, settings).items():
                terms[name] = terms[name] + total
    return LossSums(terms, positives, masks, embeddings)


def total_loss(means: dict[str, Tensor], settings: LossSettings, progress: float) -> Tensor:
    """The weighted sum; ``progress`` of the run in [0, 1] ramps the pairwise term."""
    ramp = min(1.0, progress / settings.pairwise_ramp) if settings.pairwise_ramp else 1.0
    weights = {name: getattr(settings, name) * (ramp if name == "pairwise" else 1.0) for name in means}
    return torch.stack([weights[name] * value for name, value in means.items()]).sum()


def _with_masks(target: ImageTargets) -> Tensor:
    """Places in the target's cells that train masks."""
    return target.chosen[target.has_mask[target.objects[target.chosen]]]


def _category(logits: Tensor, target: ImageTargets) -> Tensor:
    """Focal loss over all cells; a positive cell counts as much as its mask is trusted."""
    truth = torch.zeros_like(logits)
    weight = (~target.ignored).to(logits.dtype)
    if len(target.cells):
        column = 0 if target.categories is None else target.categories[target.objects]
        truth[target.cells, column] = 1
        weight = weight.index_put((target.cells,), target.weights[target.objects].to(logits.dtype))
    return weight @ losses.focal(logits, truth).sum(1)


def _masks(
    network: SoloNetwork,
    kernels: Tensor,
    features: Tensor,
    target: ImageTargets,
    chosen: Tensor,
    settings: LossSettings,
) -> dict[str, Tensor]:
    """Weighted sums of the mask terms over the chosen positive cells of one image."""
    cells, objects = target.cells[chosen], target.objects[chosen]
    height, width = target.masks.shape[1:]
    logits = network.mask_logits(kernels[cells], cells, features[:, :height, :width])
    prediction, truth, weights = logits.sigmoid(), target.masks[objects], target.weights[objects]
    whole = weak = weights
    if settings.by_origin:
        pseudo = target.pseudo[objects]
        whole, weak = weights * ~pseudo, weights * pseudo
    sums = {}
    if settings.max_projection:
        sums["max_projection"] = weak @ losses.max_projection(prediction, truth)
    if settings.average_projection:
        sums["average_projection"] = weak @ losses.average_projection(prediction, truth)
    if settings.dice:
        sums["dice"] = whole @ losses.dice(prediction, truth)
    if settings.pairwise:
        total = logits.sum() * 0
        for number in sorted(set(objects[weak > 0].tolist())):
            of_it = objects == number
            total = total + weak[of_it] @ losses.pairwise(logits[of_it], target.alike, target.boxes[number])
        sums["pairwise"] = total
    return sums
