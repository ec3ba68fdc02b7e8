"""What training reads: an image's file and its masks, from a results file of `propose` or from a COCO file."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from freesolo.codecs import coco_rle
from freesolo.errors import CodecError
from freesolo.instances import Instances
from trainers.errors import UsageError
from trainers.records import Record, latest
from trainers.scored import read_ground_truth


@dataclass(frozen=True, eq=False)
class Item:
    """One image to train on. Its masks may be none: then all of it is background."""

    path: Path
    instances: Instances
    weights: npt.NDArray[np.float32]
    """(n,) > 0: how far each mask is to be trusted."""
    has_mask: npt.NDArray[np.bool_]
    """(n,): false trains the category branch only ("limited masks", paper A.2)."""
    categories: npt.NDArray[np.int64] | None = None
    """(n,) from 0, or None: class-agnostic."""
    pseudo: npt.NDArray[np.bool_] | None = None
    """(n,): pseudo-labels, which a network proposed and nobody judged; None: there are none, or all are (label-free training)."""
    ignored: Instances | None = None
    """Where nothing is known: crowds, rejected and undecided masks. Cells there count neither as foreground nor background."""


@dataclass(frozen=True)
class Selection:
    """Which of a proposer's masks become targets."""

    top: int = 10
    """The best so many of an image."""
    min_score: float = 0.0
    """Scores below are left out (self-training in the paper: 0.3)."""
    min_area: float = 0.002
    """As a share of the image."""
    max_area: float = 0.7
    weighted: bool = False
    """Trust each mask as much as its score says, relative to the mean of all kept masks; else all alike."""


@dataclass(frozen=True)
class Items:
    """A training set."""

    items: tuple[Item, ...]
    categories: tuple[str, ...] = ()
    """Names, in the order of `Item.categories`; empty for class-agnostic sets."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """A sentence on each image that cannot be used."""

    @property
    def masks(self) -> int:
        """How many masks there are to learn from."""
        return sum(len(item.instances) for item in self.items)


def of_results(path: Path, selection: Selection) -> Items:
    """Coarse masks of `python -m trainers propose`.

    Raises:
        UsageError: the file cannot be read, or holds no image.
        CodecError: a line is damaged.
    """
    items, left_out = [], []
    try:
        for record in latest(path):
            if isinstance(record, Record):
                items.append(_of_record(record, selection))
            else:
                left_out.append(f"{record.path}: {record.error}")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if not items:
        raise UsageError(
            f"{path} holds the masks of no image; make it with: python -m trainers propose FOLDER --out {path}"
        )
    return Items(tuple(_trusted(items) if selection.weighted else items), left_out=tuple(left_out))


def of_coco(path: Path, folder: Path, class_aware: bool) -> Items:
    """Masks of a COCO file; crowds are ignored regions, images without annotations are background.

    Two keys beyond COCO's are read: ``pseudo`` (true: nobody judged this mask) and ``weight`` (how far it is to be trusted, above 0).

    Args:
        path: the COCO file.
        folder: its file names are below this folder.
        class_aware: keep categories.

    Raises:
        UsageError: the file cannot be read or names no image that exists.
        CodecError: a mask does not decode, or its weight is not above 0.
    """
    data = read_ground_truth(path)
    names = {row["id"]: position for position, row in enumerate(data.get("categories", []))}
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in data["annotations"]:
        rows[row["image_id"]].append(row)
    items, left_out = [], []
    for image in data["images"]:
        file = folder / image["file_name"]
        if not file.is_file():
            left_out.append(f"{file}: there is no such file")
            continue
        items.append(_of_annotations(file, (image["height"], image["width"]), rows[image["id"]], names, class_aware))
    if not items:
        raise UsageError(f"{path} names {len(left_out)} images, none of which is in {folder}")
    categories = tuple(str(row["name"]) for row in data.get("categories", [])) if class_aware else ()
    return Items(tuple(items), categories, tuple(left_out))


def images_of(annotations: Path, images: Path | None) -> Path:
    """The folder of a COCO file's images: the one given, else ``images`` beside the file, else the file's own."""
    beside = annotations.parent / "images"
    return images or (beside if beside.is_dir() else annotations.parent)


def _of_record(record: Record, selection: Selection) -> Item:
    instances = record.instances
    share = instances.areas / (instances.size[0] * instances.size[1])
    keep = (instances.scores >= selection.min_score) & (share >= selection.min_area) & (share <= selection.max_area)
    kept = instances[keep].top(selection.top)
    return Item(Path(record.path), kept, np.ones(len(kept), np.float32), np.ones(len(kept), bool))


def _trusted(items: list[Item]) -> list[Item]:
    """Weights in proportion to the scores, with a mean of 1 over all masks, at least a tenth."""
    scores = np.concatenate([item.instances.scores for item in items])
    mean = float(scores.mean()) if len(scores) else 1.0
    return [replace(item, weights=np.maximum(item.instances.scores / mean, 0.1).astype(np.float32)) for item in items]


def _of_annotations(
    path: Path, size: tuple[int, int], rows: list[dict[str, Any]], names: dict[int, int], class_aware: bool
) -> Item:
    try:
        codes = [coco_rle.parse(row["segmentation"], size) for row in rows]
    except CodecError as error:
        raise CodecError(f"{path}: {error}") from error
    everything = Instances.from_counts(size, codes, np.ones(len(codes), np.float32))
    crowd = np.array([bool(row.get("iscrowd")) for row in rows], bool)
    kept = ~crowd & (everything.areas > 0)
    categories = (
        np.array([names.get(row.get("category_id", -1), 0) for row in rows], np.int64)[kept] if class_aware else None
    )
    weights = np.array([row.get("weight", 1.0) for row in rows], np.float32)[kept]
    if not (weights > 0).all():
        raise CodecError(f"{path}: a mask has the weight {weights.min():g}, which must be above 0")
    pseudo = np.array([bool(row.get("pseudo")) for row in rows], bool)[kept]
    return Item(
        path,
        everything[kept],
        weights,
        np.ones(len(weights), bool),
        categories,
        pseudo if pseudo.any() else None,
        ignored=everything[crowd] if crowd.any() else None,
    )
