"""What formats write and read: images with their masks, one image at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from app.store.records import InstanceState


@dataclass(frozen=True)
class Category:
    """A name for masks."""

    id: int
    """From 1."""
    name: str


@dataclass(frozen=True)
class Picture:
    """An image."""

    id: int
    """From 1."""
    file_name: str
    """Relative to the dataset's root, forward slashes; unique."""
    width: int
    """Upright, pixels."""
    height: int
    content_hash: str = ""
    """blake2b-128 of the file, hexadecimal; empty: not known."""
    path: str = ""
    """The file on this computer, for what needs its pixels; never written."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width

    @property
    def stem(self) -> str:
        """The name without its suffix, folders kept."""
        return stem_of(self.file_name)


@dataclass(frozen=True)
class Mask:
    """A mask to be written."""

    id: int
    """From 1, unique in the dataset, the same in every export."""
    category_id: int
    counts: str
    """Compressed COCO RLE at its picture's size."""
    score: float | None = None
    """Written where given."""
    state: InstanceState | None = None
    """Written where given."""
    origin: "Origin | None" = None
    """Written where given."""


@dataclass(frozen=True)
class Origin:
    """Where a mask comes from and what people did with it."""

    source: str
    """A proposer's identity with the hash of its weights, or a person."""
    edited: bool
    """Whether its pixels are a person's."""
    who: str | None = None
    """Who decided last; None: nobody did."""
    at: str | None = None
    """When, UTC, ISO 8601."""
    proposal_iou: float | None = None
    """IoU of the mask with what was proposed, 0..1; None: it was drawn from nothing."""


@dataclass(frozen=True)
class Page:
    """An image with its masks."""

    picture: Picture
    masks: Sequence[Mask]
    stem_taken: bool = False
    """Whether an earlier image has the same name but for its suffix."""


@dataclass(frozen=True)
class Head:
    """What holds for a whole file."""

    categories: Sequence[Category]
    """All of them in order of their ids, used or not."""
    encoding: str = ""
    """One of the format's encodings; empty where it has only one way."""

    @cached_property
    def names(self) -> dict[int, str]:
        """Category id -> name."""
        return {category.id: category.name for category in self.categories}

    @cached_property
    def places(self) -> dict[int, int]:
        """Category id -> its place among the categories, from 0."""
        return {category.id: place for place, category in enumerate(self.categories)}


@dataclass(frozen=True)
class Dataset:
    """All that is to be written. Both walks go through the same images in the same order, and can be taken again."""

    categories: Sequence[Category]
    pictures: Callable[[], Iterator[Picture]]
    pages: Callable[[], Iterator[Page]]
    """Every image, those without masks too."""


@dataclass(frozen=True)
class ReadMask:
    """A mask as a file has it."""

    place: int
    """Its place among the masks of its image in the file, from 0."""
    counts: str
    """Compressed COCO RLE at its picture's size."""
    category: str | None = None
    """Name; None: the file names none."""
    score: float | None = None
    state: InstanceState | None = None


@dataclass(frozen=True)
class ReadPage:
    """An image as a file has it."""

    file_name: str
    """As the file says; of formats that know images by their stem, the stem."""
    size: tuple[int, int] | None
    """(height, width); None: neither the file nor `Known` tells."""
    masks: Sequence[ReadMask] = ()
    content_hash: str = ""
    faults: Sequence[str] = ()
    """Masks that could not be read, one sentence each."""


@dataclass
class Known:
    """The images and categories of this workspace, for files that do not say all themselves."""

    pictures: Sequence[Picture] = ()
    categories: Sequence[Category] = field(default_factory=tuple)

    @cached_property
    def by_name(self) -> dict[str, Picture]:
        """File name -> image."""
        return {picture.file_name: picture for picture in self.pictures}

    @cached_property
    def by_stem(self) -> dict[str, Picture]:
        """Name without suffix -> the first image of that name."""
        return {picture.stem: picture for picture in reversed(self.pictures)}

    @cached_property
    def by_id(self) -> dict[int, Picture]:
        """Id -> image."""
        return {picture.id: picture for picture in self.pictures}


def stem_of(file_name: str) -> str:
    """A relative path without its suffix."""
    path = PurePosixPath(file_name)
    return str(path.with_suffix("")) if path.suffix else file_name
