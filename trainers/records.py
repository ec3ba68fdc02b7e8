"""One line of a results file: the masks of an image, or why there are none.

A results file is JSON lines in the order in which images were finished; a later line on the same key replaces an
earlier one. Lines are plain ASCII: any file name, even one that is not valid Unicode, comes back as it was.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freesolo.errors import CodecError
from freesolo.instances import Float32, Instances


@dataclass(frozen=True, eq=False)
class Record:
    """The masks of one image."""

    key: str
    """What the image is called in this file: its path below the folder, or the key that the list gave it."""
    path: str
    """Absolute path of the image file."""
    proposer: str
    """Identity of the proposer: name, settings and weights."""
    seconds: float
    """Time to read the image and find its masks, on one core."""
    instances: Instances
    """The masks, best first; embeddings keep float16 precision. Of an image without masks, categories are None again."""
    hierarchy: str | None = None
    """Name of the region hierarchy's file, where one was written."""
    note: str = ""
    """What had to be converted to read the image, in one line."""

    def to_line(self) -> bytes:
        """The record as one line with its newline, ASCII.

        Raises:
            ValueError: a score is not a finite number.
        """
        height, width = self.instances.size
        embeddings = self.instances.embeddings
        packed = None if embeddings is None else base64.b64encode(embeddings.astype("<f2").tobytes()).decode("ascii")
        return _line(
            {
                "key": self.key,
                "path": self.path,
                "width": width,
                "height": height,
                "proposer": self.proposer,
                "seconds": round(self.seconds, 3),
                "instances": _masks(self.instances),
                "embeddings": packed,
                "embedding_dim": 0 if embeddings is None else embeddings.shape[1],
                "hierarchy": self.hierarchy,
                "note": self.note,
            }
        )


@dataclass(frozen=True)
class Failure:
    """An image without a result."""

    key: str
    path: str
    error: str
    """The reason in one sentence."""

    def to_line(self) -> bytes:
        """The failure as one line with its newline, ASCII."""
        return _line({"key": self.key, "path": self.path, "error": self.error})


def parse(line: bytes | str) -> Record | Failure:
    """The record or failure of one line.

    Raises:
        CodecError: the line is none, or its masks do not decode.
    """
    try:
        row = json.loads(line)
        if "error" in row:
            return Failure(row["key"], row["path"], row["error"])
        codes = [mask["counts"].encode("ascii") for mask in row["instances"]]
        scores = np.asarray([mask["score"] for mask in row["instances"]], np.float32)
        size = (int(row["height"]), int(row["width"]))
        return Record(
            key=row["key"],
            path=row["path"],
            proposer=row["proposer"],
            seconds=row["seconds"],
            instances=Instances.from_counts(size, codes, scores, _embeddings(row, len(codes)), _categories(row)),
            hierarchy=row["hierarchy"],
            note=row["note"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CodecError(f"not a line of a results file ({type(error).__name__}: {error})") from error


def latest(path: Path) -> Iterator[Record | Failure]:
    """The last line of each key, in the order of the lines; one is held in memory at a time.

    A torn last line, left by a run that was killed or is still writing, is passed over.

    Raises:
        CodecError: a line is not one of a results file; the message names the line.
        OSError: the file cannot be read.
    """
    offsets: dict[str, int] = {}
    with path.open("rb") as stream:
        offset = 0
        for number, line in enumerate(stream, start=1):
            if not line.endswith(b"\n"):
                break
            key = key_and_proposer(line, f"{path}, line {number}")[0]
            offsets.pop(key, None)
            offsets[key] = offset
            offset += len(line)
        for start in offsets.values():
            stream.seek(start)
            yield parse(stream.readline())


def key_and_proposer(line: bytes, where: str) -> tuple[str, str | None]:
    """The key of a line, and the proposer that made its masks (None for a failure), without decoding the masks.

    Args:
        line: one line, with or without its newline.
        where: named in the message.

    Raises:
        CodecError: the line is not one of a results file.
    """
    try:
        row = json.loads(line)
        return str(row["key"]), row.get("proposer")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CodecError(f"{where}: not a line of a results file of `propose`") from error


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def _masks(instances: Instances) -> list[dict[str, Any]]:
    """Counts and score of each mask, and its category where it has one."""
    # str() of a float32 is the shortest number that reads back as the same float32
    masks = zip(instances.counts, instances.scores, strict=True)
    rows = [{"counts": code.decode("ascii"), "score": float(str(score))} for code, score in masks]
    if instances.categories is None:
        return rows
    return [row | {"category": name} for row, name in zip(rows, instances.categories, strict=True)]


def _categories(row: dict[str, Any]) -> list[str] | None:
    masks = row["instances"]
    return [str(mask["category"]) for mask in masks] if any("category" in mask for mask in masks) else None


def _embeddings(row: dict[str, Any], number: int) -> Float32 | None:
    if row["embeddings"] is None:
        return None
    values = np.frombuffer(base64.b64decode(row["embeddings"], validate=True), "<f2")
    return values.reshape(number, row["embedding_dim"]).astype(np.float32)
