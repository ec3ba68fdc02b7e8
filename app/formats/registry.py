"""All formats by name."""

from typing import Any

from app.errors import FormatError
from app.formats.coco import Coco
from app.formats.coco_panoptic import CocoPanoptic
from app.formats.coco_results import CocoResults
from app.formats.crops import Crops
from app.formats.cvat import Cvat
from app.formats.datumaro import Datumaro
from app.formats.format import Format
from app.formats.label_map import LabelMap
from app.formats.labelme import LabelMe
from app.formats.mask_png import MaskPng
from app.formats.summary import Summary
from app.formats.voc import Voc
from app.formats.yolo import Yolo

_ALL: tuple[Format[Any], ...] = (
    Coco(),
    CocoResults(),
    CocoPanoptic(),
    Yolo(),
    Voc(),
    LabelMe(),
    MaskPng(),
    LabelMap(),
    Crops(),
    Datumaro(),
    Cvat(),
    Summary(),
)

FORMATS: dict[str, Format[Any]] = {format_.name: format_ for format_ in _ALL}
"""Name -> format, in the order people see."""


def get(name: str) -> Format[Any]:
    """The format of this name.

    Raises:
        FormatError: there is none.
    """
    if name not in FORMATS:
        raise FormatError(f"unknown format {name!r}: there are {', '.join(FORMATS)}")
    return FORMATS[name]
