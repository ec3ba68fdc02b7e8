"""The one protocol of all formats: an image's masks become a part of the file, and the part gives them back.

`Format.write` encodes image by image, decodes each part again and compares: the loss report is what the file itself
gives back, never what a format promises. Nothing but one image's masks is held at a time.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from pycocotools import mask as coco_mask

from app.errors import FormatError
from app.formats.losses import Losses
from app.formats.records import Dataset, Head, Known, Page, Picture, ReadPage

Body = TypeVar("Body")
"""What a format makes of one image."""

_STEMS_NAMED = 5


@dataclass(frozen=True)
class Part(Generic[Body]):
    """An image on its way into the file."""

    picture: Picture
    body: Body
    notes: "Counter[str]" = field(default_factory=Counter)
    """As `Losses.notes`: what the comparison of pixels cannot see."""


class Format(ABC, Generic[Body]):
    """A format; its objects have no state."""

    name: str
    """As people type it."""
    title: str
    """As people read it."""
    suffix: str
    """Of the file, with its dot."""
    keeps: str
    """What comes back, in a few words."""
    loses: str
    """What does not."""
    notes: tuple[str, ...] = ()
    """What whoever takes the file elsewhere should know, one sentence each."""
    encodings: tuple[str, ...] = ()
    """Ways to write masks, the default first; empty: there is one way."""
    reads: bool = True
    """Whether masks can be read back at all."""
    scored: bool = False
    """Whether each mask must have a score."""
    provenance: bool = False
    """Whether it has a place for `Mask.origin`."""
    by_stem: bool = False
    """Whether images are known without the suffix of their name."""

    @abstractmethod
    def encode(self, page: Page, head: Head) -> Part[Body]:
        """One image.

        Raises:
            FormatError: the format cannot hold it at all.
        """

    @abstractmethod
    def decode(self, body: Body, head: Head, picture: Picture) -> ReadPage:
        """What a reader makes of a part."""

    @abstractmethod
    def assemble(self, stream: BinaryIO, head: Head, pictures: Iterator[Picture], parts: Iterator[Part[Body]]) -> None:
        """Write the file; images and parts are taken one by one, first all images where they are taken at all."""

    def read(self, path: Path, known: Known) -> Iterator[ReadPage]:
        """The images of a file (or of a folder of unpacked files), one by one.

        Args:
            path: the file.
            known: images and categories of this workspace, for what the file does not say.

        Raises:
            FormatError: it is no such file, or damaged as a whole; single masks that cannot be read are `ReadPage.faults`.
        """
        raise FormatError(f"{self.title} holds no masks that could be read back")

    def write(self, stream: BinaryIO, data: Dataset, encoding: str = "") -> Losses:
        """Write a file and tell what it cannot carry. The same data gives the same bytes.

        Args:
            stream: where to.
            data: what to write.
            encoding: one of `encodings`; empty: the default.
        """
        losses = Losses()
        head = Head(data.categories, encoding or next(iter(self.encodings), ""))
        self.assemble(stream, head, data.pictures(), self._parts(data, head, losses))
        return losses

    def _parts(self, data: Dataset, head: Head, losses: Losses) -> Iterator[Part[Body]]:
        stems: set[str] = set()
        for full in data.pages():
            losses.images += 1
            page = _without_empty(full, losses)
            taken = page.picture.stem in stems
            stems.add(page.picture.stem)
            if taken and self.by_stem:
                losses.same_stem_count += 1
                if len(losses.same_stem) < _STEMS_NAMED:
                    losses.same_stem.append(page.picture.file_name)
                continue
            page = replace(page, stem_taken=taken)
            part = self.encode(page, head)
            losses.notes.update(part.notes)
            if self.reads:
                losses.compare(page, self.decode(part.body, head, page.picture), head)
            else:
                losses.masks += len(page.masks)
            yield part


def _without_empty(page: Page, losses: Losses) -> Page:
    size = list(page.picture.size)
    full = [mask for mask in page.masks if coco_mask.area({"size": size, "counts": mask.counts.encode()})]
    losses.empty += len(page.masks) - len(full)
    return page if len(full) == len(page.masks) else replace(page, masks=full)
