"""What people drew, and where its images are: a COCO file or a Pascal VOC folder."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from freesolo.evaluation import Kind
from trainers.errors import UsageError
from trainers.scored import read_ground_truth
from trainers.scoring.voc import read_voc
from trainers.training.items import images_of
from trainers.work_list import WorkItem, printable


@dataclass(frozen=True)
class Truth:
    """A ground truth with its images."""

    data: dict[str, Any]
    """A COCO instance file."""
    folder: Path
    """File names are below it."""

    @property
    def items(self) -> list[WorkItem]:
        """The images that are there, by their file names."""
        files = {row["file_name"]: self.folder / row["file_name"] for row in self.data["images"]}
        return [WorkItem(name, str(path.absolute())) for name, path in files.items() if path.is_file()]

    def only(self, names: set[str]) -> "Truth":
        """Of the images with these file names alone."""
        images = [row for row in self.data["images"] if row["file_name"] in names]
        kept = {row["id"] for row in images}
        annotations = [row for row in self.data["annotations"] if row["image_id"] in kept]
        return Truth(dict(self.data, images=images, annotations=annotations), self.folder)

    @property
    def known_as(self) -> str | None:
        """``COCO val2017`` or ``VOC trainval07`` if it is that, by the number of images and objects and by their names."""
        names = [PurePosixPath(row["file_name"]).stem for row in self.data["images"]]
        if len(names) == 5000 and len(self.data["annotations"]) == 36781 and _all_are(r"\d{12}", names):
            return "COCO val2017"
        return "VOC trainval07" if len(names) == 5011 and _all_are(r"\d{6}", names) else None


def read_truth(path: Path, kind: Kind, split: str | None = None, images: Path | None = None) -> Truth:
    """A ground truth of either form.

    Args:
        path: a COCO file, or a VOC folder.
        kind: a VOC folder gives masks or boxes.
        split: list of a VOC folder, as `trainers.scoring.voc.read_voc`.
        images: folder of the images; None: that of the VOC folder, or as `trainers.training.items.images_of`.

    Raises:
        UsageError: it cannot be read, or ``split`` is given for a COCO file.
    """
    if path.is_dir():
        return Truth(read_voc(path, kind, split), images or path)
    if split is not None:
        raise UsageError(f"--split {split} chooses a list of a Pascal VOC folder; {printable(path)} is a file")
    return Truth(read_ground_truth(path), images_of(path, images))


def _all_are(pattern: str, names: list[str]) -> bool:
    return all(re.fullmatch(pattern, name) for name in names)
