"""The decision log as a file: JSON lines that make sense in another workspace of the same images.

    {"log": "freesolo-annotator", "version": 1, "project": ..., "images": [...], "categories": [...], "masks": 2, "decisions": 3}
    {"mask": 7, "image": 1, "counts": ..., "score": 0.61}
    {"key": ..., "at": ..., "who": ..., "group": ..., "undoes": null, "action": "state", "image": 1, "mask": 7, "before": ..., "after": ...}

Images are known by the hash of their file, masks by their pixels as they were before anybody edited them. Ids hold within
the file alone. The header says how many lines follow, so that a file which was cut off is noticed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import LogError
from app.store.records import InstanceState
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

VERSION = 1
_MARK = "freesolo-annotator"
_LONGEST_LINE = 64 * 2**20
"""Bytes; the header of a million images has fewer."""

_Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LogImage(_Line):
    """An image that the log speaks of."""

    id: _Id
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """blake2b-128 of the file."""
    name: str
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]


class LogCategory(_Line):
    """A name for masks."""

    id: _Id
    name: _Text


class LogMask(_Line):
    """A mask that the log speaks of."""

    mask: _Id
    image: _Id
    counts: str
    """Compressed COCO RLE, as it was proposed or first drawn."""
    score: float = 0.0


class LogValues(_Line):
    """What a decision changes of a mask or image; of each only what it changes is set."""

    state: InstanceState = "pending"
    category_id: _Id | None = None
    closed: bool | None = None
    counts: str = ""
    edited: bool = False
    deleted: bool = False
    score: float = 0.0
    source: str = ""
    parent_id: _Id | None = None

    def changed(self) -> dict[str, Any]:
        """The values that are set."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class LogDecision(_Line):
    """One decision."""

    key: _Text
    at: Annotated[str, Field(max_length=32)]
    who: _Text
    group: _Text
    undoes: _Text | None = None
    action: Literal["state", "category", "edit", "create", "delete", "finish", "reopen"]
    image: _Id
    mask: _Id | None = None
    before: LogValues
    after: LogValues


class LogHeader(_Line):
    """The first line."""

    log: Literal["freesolo-annotator"] = "freesolo-annotator"
    version: int
    project: str
    images: list[LogImage]
    categories: list[LogCategory]
    masks: Annotated[int, Field(ge=0)]
    decisions: Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Log:
    """A whole file, checked."""

    header: LogHeader
    masks: list[LogMask]
    decisions: list[LogDecision]
    """Oldest first."""


def write_line(stream: BinaryIO, line: _Line) -> None:
    """One line of the file; the caller writes them in the order of `Log`."""
    values = line.model_dump(exclude_unset=True)
    stream.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def read(path: Path) -> Log:
    """Read and check a file.

    Raises:
        LogError: it is no such file, from a newer version, cut off or damaged; the sentence says where.
    """
    try:
        with path.open("rb") as stream:
            lines = _objects(stream, path)
            header = _header(next(lines, (1, None))[1], path)
            log = Log(header, [], [])
            for number, values in lines:
                _take(log, number, values, path)
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}") from error
    for what, found, stated in (
        ("masks", len(log.masks), header.masks),
        ("decisions", len(log.decisions), header.decisions),
    ):
        if found != stated:
            raise LogError(f"{path} is cut off: it holds {found} {what} of {stated}; export the log again")
    _check(log, path)
    return log


def _objects(stream: BinaryIO, path: Path) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(iter(lambda: stream.readline(_LONGEST_LINE), b""), start=1):
        try:
            yield number, json.loads(line)
        except ValueError:
            if number == 1:
                raise LogError(f"{path} is no decision log: `python -m app log export` writes one") from None
            raise LogError(f"{path} is cut off or damaged in line {number}: export the log again") from None


def _header(values: object, path: Path) -> LogHeader:
    if not isinstance(values, dict) or values.get("log") != _MARK:
        raise LogError(f"{path} is no decision log: `python -m app log export` writes one")
    if isinstance(values.get("version"), int) and values["version"] > VERSION:
        raise LogError(
            f"{path} was written by a newer version of this app (log version {values['version']}): update it"
        )
    try:
        return LogHeader.model_validate(values)
    except ValidationError as error:
        raise LogError(f"{path} is damaged in line 1: {_fault(error)}") from None


def _take(log: Log, number: int, values: object, path: Path) -> None:
    try:
        if len(log.masks) < log.header.masks:
            log.masks.append(LogMask.model_validate(values))
        else:
            log.decisions.append(LogDecision.model_validate(values))
    except ValidationError as error:
        raise LogError(f"{path} is damaged in line {number}: {_fault(error)}") from None


def _fault(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the line'}: {first['msg']}"


def _check(log: Log, path: Path) -> None:
    """What lines say of each other."""
    images = {image.id: image for image in log.header.images}
    categories = {None, *(category.id for category in log.header.categories)}
    masks = {mask.mask: mask for mask in log.masks}
    for mask in log.masks:
        _check_counts(mask.counts, images.get(mask.image), f"mask {mask.mask}", path)
    for decision in log.decisions:
        name = f"decision {decision.key!r}"
        about_image = decision.action in ("finish", "reopen")
        place = decision.image if about_image else getattr(masks.get(decision.mask or 0), "image", None)
        if decision.image not in images or place != decision.image:
            raise LogError(f"{path} is damaged: {name} is about an image or a mask that the file does not have")
        for values in (decision.before, decision.after):
            if values.category_id not in categories:
                raise LogError(f"{path} is damaged: {name} names category {values.category_id}, which it does not have")
            if "counts" in values.model_fields_set:
                _check_counts(values.counts, images[decision.image], name, path)


def _check_counts(counts: str, image: LogImage | None, name: str, path: Path) -> None:
    if image is None:
        raise LogError(f"{path} is damaged: {name} is on an image that the file does not have")
    try:
        coco_rle.parse({"counts": counts}, (image.height, image.width))
    except CodecError as error:
        raise LogError(f"{path} is damaged: {name}: {error}") from None
