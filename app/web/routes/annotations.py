"""Annotations of other tools on the Import screen: a file that was sent, what it would do here, and how conflicts are decided."""

import shutil
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from app.formats import registry
from app.services import annotation_import
from app.services.annotation_import import AnnotationReport, ImportRequest
from app.services.counted import counted
from app.services.log_values import Resolution, conflict_words
from app.store.records import InstanceState
from app.web.routes import uploads
from app.web.routes.common import Who, WorkspaceOf

router = APIRouter(prefix="/annotations")

_LISTED = 200
"""Conflicts, and faults, that an answer lists; it counts the others."""
_MOST_CHOSEN = 10_000


class Annotations(BaseModel):
    """A file that was sent, and what is to become of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: uploads.Uploaded
    format: Annotated[str, Field(max_length=20)]
    state: InstanceState = ImportRequest.state
    chosen: Annotated[dict[str, Resolution], Field(max_length=_MOST_CHOSEN)] = {}
    dry_run: bool = False


class Sent(BaseModel):
    """A file that is not needed any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: uploads.Id


@router.get("")
def formats() -> dict[str, Any]:
    """The formats that come in."""
    readable = [each for each in registry.FORMATS.values() if each.reads]
    return {"formats": [{"name": each.name, "title": each.title, "suffix": each.suffix} for each in readable]}


@router.post("")
def bring(workspace: WorkspaceOf, who: Who, body: Annotations) -> dict[str, Any]:
    """Import, or say what an import would do. The file stays until it is forgotten, so that it can be asked again."""
    path = _named(uploads.incoming(workspace.path), body.file)
    request = ImportRequest(body.format, body.state, who, None, body.chosen, body.dry_run)
    report = annotation_import.import_annotations(workspace, path, request)
    undecided = [each for each in report.conflicts if each.kept is None]
    faults = [*report.unmatched, *report.faults]
    return {
        "words": _words(report, len(undecided), dry_run=body.dry_run),
        "faults": faults[:_LISTED],
        "faults_count": len(faults),
        "conflicts": [asdict(each) for each in undecided[:_LISTED]],
        "conflicts_count": len(undecided),
    }


@router.post("/forget")
def forget(workspace: WorkspaceOf, body: Sent) -> dict[str, bool]:
    """Remove a file that was sent."""
    path = uploads.incoming(workspace.path) / body.id
    path.unlink(missing_ok=True)
    shutil.rmtree(_folder(path), ignore_errors=True)
    return {"is_here": False}


def _folder(path: Path) -> Path:
    return path.with_suffix(".named")


def _named(incoming: Path, file: uploads.Uploaded) -> Path:
    """The file under the name that it had, which some formats know images by."""
    sent = incoming / file.id
    folder = _folder(sent)
    name = PurePosixPath(file.name.replace("\\", "/")).name
    path = folder / (name if name not in ("", "..") else "annotations")
    try:
        if sent.is_file():
            folder.mkdir(exist_ok=True)
            sent.replace(path)
        present = path.is_file()
    except (OSError, ValueError) as error:
        raise HTTPException(400, f"a file of the name {file.name[:80]!r} cannot be kept here: {error}") from error
    if not present:
        raise HTTPException(404, "the file is no longer here: choose it again")
    return path


def _words(report: AnnotationReport, undecided: int, *, dry_run: bool) -> str:
    """What an import did, or would do, in sentences."""
    would = "would be " if dry_run else ""
    words = [
        f"{counted(report.added, 'mask')} {would}added and {report.changed:,} {would}changed on {counted(report.images, 'image')}; "
        f"{report.known:,} {_is(report.known)} here already."
    ]
    decided = len(report.conflicts) - undecided
    if report.unmatched:
        words.append(f"{counted(len(report.unmatched), 'image')} of the file {_is(len(report.unmatched))} not here.")
    if report.faults:
        words.append(f"{counted(len(report.faults), 'mask')} cannot be read.")
    return " ".join([*words, *conflict_words(decided, undecided)])


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
