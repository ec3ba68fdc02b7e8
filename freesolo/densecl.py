"""DenseCL: contrastive learning of a backbone from photographs alone, at the level of images and of places in them.

Written from the paper (Wang et al., Dense Contrastive Learning for Self-Supervised Visual Pre-Training, CVPR 2021, arXiv 2011.09157);
equation numbers are the paper's. The momentum encoder and the queues of keys are those of MoCo (He et al., CVPR 2020) and MoCo-v2.

Names: n images; D dimensions of the compared vectors; P = grid x grid places; K keys in a queue.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Contrast(NamedTuple):
    """What comparing queries with keys gives."""

    loss: Tensor
    """Mean over all queries."""
    accuracy: Tensor
    """Share of the queries that are nearer to their own key than to any negative one; no gradient."""


def info_nce(query: Tensor, key: Tensor, negatives: Tensor, allowed: Tensor, temperature: float) -> Contrast:
    """Equation 1: each image's query against its own key among keys of other images.

    Args:
        query: (n, D) float, length 1.
        key: (n, D); no gradient flows into it.
        negatives: (K, D), length 1, the same for all queries; no gradient either.
        allowed: (n, K) bool: false where a key comes from the query's own image.
        temperature: > 0.
    """
    return _contrast(query[:, None], key[:, None], negatives, allowed, temperature)


def dense_info_nce(
    query: Tensor, key: Tensor, matches: Tensor, negatives: Tensor, allowed: Tensor, temperature: float
) -> Contrast:
    """Equation 2: the same for every place of the query's view, against the place of the key's view that corresponds to it.

    Args:
        query: (n, P, D) float, length 1.
        key: (n, P, D); no gradient flows into it.
        matches: (n, P) int64, of `correspondence`.
        negatives: (K, D), length 1: pooled dense vectors of views of other images.
        allowed: (n, K) bool, as for `info_nce`.
        temperature: > 0.
    """
    positive = key.gather(1, matches[..., None].expand(-1, -1, key.shape[2]))
    return _contrast(query, positive, negatives, allowed, temperature)


def _contrast(query: Tensor, key: Tensor, negatives: Tensor, allowed: Tensor, temperature: float) -> Contrast:
    """-log(exp(q.k+ / t) / (exp(q.k+ / t) + sum exp(q.k- / t))), as softplus(logsumexp(q.k- / t) - q.k+ / t): saves a copy of all."""
    own = (query * key.detach()).sum(2) / temperature
    others = query @ negatives.detach().T / temperature
    others = others.masked_fill(
        ~allowed[:, None], torch.finfo(others.dtype).min
    )  # -inf would give nan where all are masked
    loss = F.softplus(torch.logsumexp(others, 2) - own).mean()
    return Contrast(loss, (own > others.amax(2)).float().mean())


def total(whole: Tensor, dense: Tensor, dense_weight: float) -> Tensor:
    """Equation 3: (1 - lambda) x the loss of eq. 1 + lambda x that of eq. 2."""
    return (1 - dense_weight) * whole + dense_weight * dense


@torch.no_grad()
def correspondence(query: Tensor, key: Tensor) -> Tensor:
    """Equation 4: for each place of one view the place of the other with the most similar backbone feature (cosine).

    Args:
        query: (n, P, C) float backbone features.
        key: (n, P, C).

    Returns:
        (n, P) int64; the first place where several are equally similar.
    """
    return (F.normalize(query, dim=2) @ F.normalize(key, dim=2).transpose(1, 2)).argmax(2)


class Encoded(NamedTuple):
    """One view of n images."""

    features: Tensor
    """(n, P, C) float32, of the backbone: decide on correspondence."""
    whole: Tensor
    """(n, D) float32 of length 1, one vector an image."""
    dense: Tensor
    """(n, P, D) float32 of length 1, one vector a place."""
    pooled: Tensor
    """(n, D) float32 of length 1, the mean of the places' vectors: what other images' places are contrasted with."""


class Encoder(nn.Module):
    """A backbone with the two projection heads (section 3.2): both of two layers, the dense one with 1 x 1 convolutions."""

    def __init__(self, backbone: nn.Module, channels: int, hidden: int, dimensions: int, grid: int) -> None:
        """
        Args:
            backbone: (n, 3, h, w) -> (n, channels, h', w').
            channels: of its map.
            hidden: width between the two layers (paper: 2048).
            dimensions: D (paper: 128).
            grid: maps are pooled to so many places a side (paper: 7).
        """
        super().__init__()
        self.backbone = backbone
        self.whole = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, dimensions))
        self.dense = nn.Sequential(
            nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True), nn.Conv2d(hidden, dimensions, 1)
        )
        self._grid = grid

    def forward(self, images: Tensor) -> Encoded:
        """(n, 3, h, w) normalised images."""
        maps = self.backbone(images)
        places = F.adaptive_avg_pool2d(maps, self._grid)
        whole = self.whole(maps.mean((2, 3))).float()
        dense = self.dense(places).float().flatten(2).transpose(1, 2)
        return Encoded(
            places.detach().float().flatten(2).transpose(1, 2),
            F.normalize(whole, dim=1),
            F.normalize(dense, dim=2),
            F.normalize(dense.mean(1), dim=1),
        )


class Queue(nn.Module):
    """The keys of earlier steps, the oldest replaced first; its state is that of a module."""

    keys: Tensor
    """(K, D) float32, length 1; random until real keys have come."""
    images: Tensor
    """(K,) int64: the number of the image that each key shows; -1: none."""
    cursor: Tensor
    """() int64: the place of the next key."""

    def __init__(self, size: int, dimensions: int, generator: torch.Generator | None = None) -> None:
        """
        Args:
            size: K (paper: 65,536).
            dimensions: D.
            generator: for the random start.
        """
        super().__init__()
        self.register_buffer("keys", F.normalize(torch.randn(size, dimensions, generator=generator), dim=1))
        self.register_buffer("images", torch.full((size,), -1, dtype=torch.int64))
        self.register_buffer("cursor", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Tensor, images: Tensor) -> None:
        """Take in (n, D) keys of (n,) images, n <= K, in their order."""
        places = (self.cursor + torch.arange(len(keys), device=keys.device)) % len(self.keys)
        self.keys[places] = keys
        self.images[places] = images
        self.cursor += len(keys)
        self.cursor %= len(self.keys)

    def allowed(self, images: Tensor) -> Tensor:
        """(n, K) bool: the keys that do not come from the same image as each of (n,) queries."""
        return images[:, None] != self.images[None]


@torch.no_grad()
def follow(key: nn.Module, query: nn.Module, momentum: float, norm_momentum: float) -> None:
    """The momentum encoder takes a small step towards the query encoder (MoCo, eq. 2).

    The running statistics of BatchNorm follow in the same way (EMAN: Cai et al., Exponential Moving Average Normalization, CVPR
    2021): a key is normalised by them and never by its batch, so that nothing about a batch leaks from queries to keys, on one
    rank as on many, and no keys have to be shuffled.

    Args:
        key: follows, in place.
        query: of the same shape; left as it is.
        momentum: share of the key's parameters that stays (paper: 0.999).
        norm_momentum: the same for its running statistics.
    """
    for own, other in zip(key.parameters(), query.parameters(), strict=True):
        own.lerp_(other, 1 - momentum)
    for statistic, present in zip(key.buffers(), query.buffers(), strict=True):
        if statistic.is_floating_point():
            statistic.lerp_(present, 1 - norm_momentum)
        else:
            statistic.copy_(present)
