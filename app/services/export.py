"""Leave with the work: check and write exports."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from app.errors import ExportError, FormatError
from app.files import replacing
from app.formats import registry
from app.formats.format import Format
from app.services import export_data
from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES, InstanceState

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


@dataclass(frozen=True)
class ExportRequest:
    """What is to leave, and how."""

    format: str = "coco"
    """A name of `app.formats.registry`."""
    states: tuple[InstanceState, ...] = ("accepted",)
    """Masks in these states."""
    encoding: str = ""
    """One of the format's encodings; empty: its default."""
    extras: bool | None = None
    """Write score and state of each mask; None: where other masks than accepted ones leave."""
    provenance: bool = False
    """Write with each mask who proposed it, who decided and when, and how much it was changed."""


@dataclass(frozen=True)
class ExportReport:
    """What a file holds (or would hold)."""

    images: int
    annotations: int
    left_out: dict[InstanceState, int]
    """Masks by state that are not in the file."""
    losses: list[str]
    """What the file cannot carry, one sentence each; empty: nothing is lost."""
    notes: list[str]
    """What a reader of the file should know, one sentence each."""


def check(ws: Workspace, request: ExportRequest) -> ExportReport:
    """What an export would hold and lose. Does all its work, into a file that is thrown away.

    Raises:
        ExportError: the request makes no sense.
    """
    with io.BufferedWriter(_Nowhere()) as stream:
        return _export(ws, request, stream)


def write(ws: Workspace, request: ExportRequest, out: Path) -> ExportReport:
    """Write the file: whole or not at all. The same workspace gives the same bytes.

    Raises:
        ExportError: the request makes no sense, or the file cannot be written; an old file of that name is untouched.
    """
    with export_file(out) as stream:
        return _export(ws, request, stream)


@contextmanager
def export_file(out: Path) -> Iterator[BinaryIO]:
    """`replacing` with sentences for a person.

    Raises:
        ExportError: the file cannot be written; an old file of that name is untouched.
    """
    out = out.expanduser()
    if out.is_dir():
        raise ExportError(f"{out} is a folder: name a file in it")
    try:
        with replacing(out) as stream:
            yield stream
    except OSError as error:
        raise ExportError(_why_not(out, error)) from error


class _Nowhere(io.RawIOBase):
    """A stream that keeps nothing; unlike the null device it does not pretend to be a file that can be gone back in."""

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        return memoryview(data).nbytes


def _why_not(out: Path, error: OSError) -> str:
    kept = "; the old file is untouched" if out.exists() else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left to write {out}: free some, or write elsewhere{kept}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write {out}: choose another place{kept}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"there is no folder {out.parent}: make it first, or write elsewhere"
    return f"{out} cannot be written: {error.strerror}{kept}"


def _export(ws: Workspace, request: ExportRequest, stream: BinaryIO) -> ExportReport:
    format_ = _checked(request)
    with ws.store.read() as tx:  # one view of the database for the whole file
        data = export_data.dataset(tx, request.states, _extras(format_, request))
        try:
            losses = format_.write(stream, data, request.encoding)
        except FormatError as error:
            raise ExportError(str(error)) from error
        by_state, by_status = tx.images.by_state(), tx.images.by_status()
        rotated = tx.images.rotated()
    left_out = {state: by_state[state] for state in INSTANCE_STATES if state not in request.states}
    notes = [*format_.notes, *_notes(by_status["error"], by_status["new"], left_out, rotated)]
    return ExportReport(losses.images, losses.masks, left_out, losses.sentences(), notes)


def _extras(format_: Format[Any], request: ExportRequest) -> export_data.Extras:
    extras = request.states != ("accepted",) if request.extras is None else request.extras
    return export_data.Extras(score=extras or format_.scored, state=extras, origin=request.provenance)


def _checked(request: ExportRequest) -> Format[Any]:
    try:
        format_ = registry.get(request.format)
    except FormatError as error:
        raise ExportError(str(error)) from error
    if request.encoding and request.encoding not in format_.encodings:
        ways = ", ".join(format_.encodings) or "none to choose"
        raise ExportError(f"unknown encoding {request.encoding!r}: of {format_.name} there are {ways}")
    if request.provenance and not format_.provenance:
        raise ExportError(f"{format_.name} has no place for where masks come from: export as coco")
    unknown = [state for state in request.states if state not in INSTANCE_STATES]
    if unknown or not request.states:
        raise ExportError(f"unknown state {', '.join(unknown) or '(none)'}: there are {', '.join(INSTANCE_STATES)}")
    return format_


def _notes(unreadable: int, new: int, left_out: dict[InstanceState, int], rotated: int) -> list[str]:
    counts = {
        "{} masks are not decided yet and not in the file": left_out.get("pending", 0),
        "{} masks marked unsure are not in the file": left_out.get("unsure", 0),
        "{} images have no proposals yet: they are in the file without masks": new,
        "{} unreadable images are not in the file": unreadable,
        "{} images carry a rotation in their EXIF data: sizes and masks are of the upright picture": rotated,
    }
    return [text.format(number) for text, number in counts.items() if number]
