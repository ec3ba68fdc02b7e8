"""`Instances`: the one result type. Proposers make it, the store keeps it, exporters and evaluation read it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask
from typing_extensions import Self

from freesolo.errors import CodecError

Bool = npt.NDArray[np.bool_]
Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Instances:
    """Masks of one image, kept as COCO RLE, with what belongs to each.

    Every array has one entry a mask and is filtered together with the others; masks may overlap.
    """

    size: tuple[int, int]
    """(height, width) of the upright image, pixels."""

    counts: tuple[bytes, ...]
    """(n,) compressed COCO RLE counts (column-major, zeros first), ASCII."""

    scores: Float32
    """(n,) float32, higher is better. Comparable within one proposer; not a probability unless it says so."""

    boxes: Int32
    """(n, 4) int32 [x, y, width, height] of the mask's pixels; zeros for an empty mask."""

    areas: Int64
    """(n,) int64 pixel counts."""

    embeddings: Float32 | None = None
    """(n, E) float32 semantic embedding of each mask (paper 3.2: its query vector), or None."""

    categories: tuple[str, ...] | None = None
    """(n,) name of each mask's class, or None: nobody said what the masks are."""

    def __post_init__(self) -> None:
        n = len(self.counts)
        expected: dict[str, tuple[int, ...]] = {"scores": (n,), "boxes": (n, 4), "areas": (n,)}
        for name, shape in expected.items():
            actual = getattr(self, name).shape
            if actual != shape:
                raise ValueError(f"Instances.{name}: expected shape {shape} for {n} masks, got {actual}")
        if self.embeddings is not None and (self.embeddings.ndim != 2 or len(self.embeddings) != n):
            raise ValueError(f"Instances.embeddings: expected shape ({n}, E), got {self.embeddings.shape}")
        if self.categories is not None and len(self.categories) != n:
            raise ValueError(f"Instances.categories: expected {n} names, got {len(self.categories)}")
        if min(self.size) < 1:
            raise ValueError(f"Instances.size: expected positive (height, width), got {self.size}")

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Self:
        """No masks on an image of (height, width) pixels."""
        return cls.from_counts(size, [], np.zeros(0, np.float32))

    @classmethod
    def from_masks(
        cls,
        masks: npt.NDArray[np.generic],
        scores: npt.ArrayLike,
        embeddings: npt.ArrayLike | None = None,
        categories: Sequence[str] | None = None,
    ) -> Self:
        """Encode dense masks.

        Args:
            masks: (n, height, width), any dtype; non-zero is foreground.
            scores: (n,).
            embeddings: (n, E) or None.
            categories: (n,) names or None.
        """
        if masks.ndim != 3:
            raise ValueError(f"masks: expected shape (n, height, width), got {masks.shape}")
        planes = np.asfortranarray((masks != 0).astype(np.uint8).transpose(1, 2, 0))
        counts = [code["counts"] for code in coco_mask.encode(planes)] if len(masks) else []
        return cls.from_counts((masks.shape[1], masks.shape[2]), counts, scores, embeddings, categories)

    @classmethod
    def from_counts(
        cls,
        size: tuple[int, int],
        counts: Sequence[bytes],
        scores: npt.ArrayLike,
        embeddings: npt.ArrayLike | None = None,
        categories: Sequence[str] | None = None,
    ) -> Self:
        """Wrap compressed RLE counts; boxes and areas are computed from the pixels.

        Raises:
            CodecError: the counts cannot be decoded at this size.
        """
        codes = [{"size": list(size), "counts": code} for code in counts]
        try:
            boxes = np.asarray(coco_mask.toBbox(codes)).reshape(-1, 4) if codes else np.zeros((0, 4))
            # One by one: pycocotools' area of a list fails from 256 masks on ("out of bounds for uint8").
            areas = np.array([coco_mask.area(code) for code in codes], np.int64)
        except (ValueError, TypeError) as error:
            raise CodecError(f"RLE counts do not decode at {size}: {error}") from error
        return cls(
            size=(int(size[0]), int(size[1])),
            counts=tuple(counts),
            scores=np.asarray(scores, np.float32).reshape(-1),
            boxes=boxes.astype(np.int32),
            areas=areas,
            embeddings=None if embeddings is None else np.asarray(embeddings, np.float32),
            categories=None if categories is None else tuple(categories),
        )

    def __len__(self) -> int:
        return len(self.counts)

    def __getitem__(self, index: slice | Sequence[int] | npt.NDArray[np.generic]) -> Self:
        """The masks at a slice, at integer positions, or where a boolean array is true."""
        keep = np.arange(len(self))[index]
        return type(self)(
            size=self.size,
            counts=tuple(self.counts[i] for i in keep),
            scores=self.scores[keep],
            boxes=self.boxes[keep],
            areas=self.areas[keep],
            embeddings=None if self.embeddings is None else self.embeddings[keep],
            categories=None if self.categories is None else tuple(self.categories[i] for i in keep),
        )

    def top(self, k: int) -> Self:
        """The k best by score, best first; ties keep their order."""
        return self[np.argsort(-self.scores, kind="stable")[:k]]

    def decode(self) -> Bool:
        """(n, height, width) bool masks."""
        if not self.counts:
            return np.zeros((0, *self.size), bool)
        planes: npt.NDArray[np.uint8] = coco_mask.decode(self.rles())
        return np.ascontiguousarray(planes.transpose(2, 0, 1)).astype(bool)

    def rles(self) -> list[dict[str, object]]:
        """pycocotools' form: ``[{"size": [height, width], "counts": bytes}, ...]``."""
        return [{"size": list(self.size), "counts": code} for code in self.counts]

    def iou(self, other: "Instances") -> npt.NDArray[np.float64]:
        """(len(self), len(other)) float64 mask IoU in [0, 1]. Both must describe the same image size."""
        if self.size != other.size:
            raise ValueError(f"iou: sizes differ, {self.size} and {other.size}")
        if not len(self) or not len(other):
            return np.zeros((len(self), len(other)))
        return np.asarray(coco_mask.iou(self.rles(), other.rles(), [0] * len(other)))
