"""Bring images into a workspace: a folder, uploads, or the demonstration photographs. Originals are only read."""

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from app.errors import IngestError
from app.files import replacing
from app.services.importing import Import, IngestReport, Progress
from app.services.walk import Fault, Found, FoundFile, existing_folder, image_files, no_images
from app.services.workspace import Workspace
from freesolo.images import SUFFIXES

__all__ = ["Fault", "IngestReport", "Progress", "import_folder", "make_demo", "save_uploads"]

DEMO = {
    "astronaut.png": "astronaut.png",
    "camera.png": "photographer.png",
    "cell.png": "cell.png",
    "chelsea.png": "cat.png",
    "clock_motion.png": "clock.png",
    "coffee.png": "coffee.png",
    "coins.png": "coins.png",
    "hubble_deep_field.jpg": "galaxies.jpg",
    "ihc.png": "tissue.png",
    "motorcycle_left.png": "motorcycle.png",
    "rocket.jpg": "rocket.jpg",
}
"""Photographs inside the scikit-image wheel -> their names here. Those it would have to download are left out."""


def import_folder(ws: Workspace, folder: Path, progress: Progress | None = None) -> IngestReport:
    """Import every image below a folder; a second import of it looks only at what is new or changed.

    Raises:
        IngestError: the folder is missing, is a file, cannot be listed, or holds no image files.
    """
    root = existing_folder(folder)
    # The workspace's own pictures are no originals, unless one of its folders is what is asked for.
    skip = ws.path if ws.path != root and ws.path not in root.parents else None
    try:
        found = image_files(root, skip)
    except OSError as error:
        raise IngestError(f"the folder {root} cannot be listed: {error.strerror}") from error
    if not found.files and not found.faults:
        raise IngestError(no_images(root))
    return Import(ws, root, found, progress, complete=True).run()


def save_uploads(ws: Workspace, files: Sequence[tuple[str, bytes | Path]]) -> IngestReport:
    """Keep uploaded files in ``<workspace>/uploads`` and import them.

    A name that is there with other content is numbered; the same content under the same name is known.

    Args:
        ws: the workspace.
        files: (name as the browser gave it, perhaps with folders; content or a file with it).

    Raises:
        IngestError: nothing was given, or the workspace cannot take the files.
    """
    if not files:
        raise IngestError("no files were uploaded: choose some images")
    root = ws.path / "uploads"
    found = Found()
    try:
        for name, content in files:
            relative = _safe_name(name)
            if PurePosixPath(relative).suffix.lower() not in SUFFIXES:
                found.faults.append(Fault(name, "not an image file by its name"))
                continue
            path = _keep(root, relative, content)
            status = path.stat()
            relative = path.relative_to(root).as_posix()
            found.files.append(FoundFile(relative, str(path), status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise IngestError(f"the uploads cannot be kept in {root}: {error.strerror}") from error
    found.files = sorted(set(found.files), key=lambda file: file.relative)
    return Import(ws, root, found, None, complete=False).run()


def make_demo(ws: Workspace) -> IngestReport:
    """Put the photographs of the scikit-image wheel into ``<workspace>/demo``, as they are, and import them. Offline.

    Raises:
        IngestError: scikit-image is not installed, or its photographs are missing.
    """
    spec = importlib.util.find_spec("skimage")  # found without importing it, which takes a second
    origin = None if spec is None or spec.origin is None else Path(spec.origin).parent / "data"
    photographs = [] if origin is None else [name for name in DEMO if (origin / name).is_file()]
    if origin is None or not photographs:
        raise IngestError("the demonstration photographs are missing: install scikit-image again")
    root = ws.path / "demo"
    try:
        root.mkdir(exist_ok=True)
        for name in photographs:
            if not (root / DEMO[name]).exists():
                with replacing(root / DEMO[name]) as stream:
                    stream.write((origin / name).read_bytes())
    except OSError as error:
        raise IngestError(f"the demonstration cannot be written to {root}: {error.strerror}") from error
    return import_folder(ws, root)


def _safe_name(name: str) -> str:
    """A relative path that stays inside, has no hidden part and no control characters."""
    clean = "".join(c if c.isprintable() else "_" for c in name.replace("\\", "/"))
    parts = [part.lstrip(".")[-150:].strip() for part in clean.split("/")]
    return "/".join(part for part in parts if part) or "unnamed"


def _keep(root: Path, relative: str, content: bytes | Path) -> Path:
    """Write an upload under a name that is free or already holds this content."""
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    path, number = root / relative, 2
    while path.exists() and not (path.stat().st_size == size and path.read_bytes() == _bytes(content)):
        path = (root / relative).with_stem(f"{Path(relative).stem} ({number})")
        number += 1
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            if isinstance(content, Path):
                with content.open("rb") as source:
                    shutil.copyfileobj(source, stream)
            else:
                stream.write(content)
    return path


def _bytes(content: bytes | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content
