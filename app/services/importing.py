"""An import at work: which files are new, known or changed, and what that does to the workspace."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app.services.examine import Examined, examine
from app.services.walk import Fault, Found, FoundFile, portable
from app.services.workspace import Workspace
from app.store.images import KnownFile
from app.store.records import Folder
from app.store.transaction import Transaction

Progress = Callable[[int, int], None]
"""Called with (files looked at, files in all)."""

BATCH = 500
"""Files a transaction: few enough that other writers wait well under a second."""


@dataclass(frozen=True)
class IngestReport:
    """What an import did."""

    added: int
    """New readable images."""
    known: int
    """Images that were in the workspace already, unchanged."""
    changed: int
    """Known images whose file has other content now."""
    faults: list[Fault]
    """Files that are unreadable or gone, in the order of their paths."""
    seconds: float


@dataclass(frozen=True)
class _Candidate:
    file: FoundFile
    folder: Folder
    relative: str
    """Below its folder."""
    known: KnownFile | None

    @property
    def unchanged(self) -> bool:
        """Whether a look at the content can be spared; what was unreadable is always looked at again."""
        known = self.known
        return (
            known is not None
            and not known.error
            and (known.bytes, known.mtime_ns) == (self.file.bytes, self.file.mtime_ns)
        )


class Import:
    """One import of files below one root."""

    def __init__(self, ws: Workspace, root: Path, found: Found, progress: Progress | None, *, complete: bool) -> None:
        """Args:
        ws: where to.
        root: the folder that was walked.
        found: what the walk found.
        progress: told of every file.
        complete: whether known files below the root that were not found are gone.
        """
        self._ws = ws
        self._found = found
        self._progress = progress
        self._complete = complete
        self._added = self._known_count = self._changed = 0
        self._faults = list(found.faults)
        with ws.store.write() as tx:
            self._folders = _folders_of(tx, str(root))
            self._known = {folder.id: tx.images.known(folder.id) for folder in self._folders}
        self._root = str(root)

    def run(self) -> IngestReport:
        """Bring all files in; what is done stays done if it is interrupted."""
        started = time.perf_counter()
        candidates = [self._place(file) for file in self._found.files]
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            for start in range(0, len(candidates), BATCH):
                self._bring(pool, candidates[start : start + BATCH], start)
        if self._complete:
            self._faults.extend(self._gone({(c.folder.id, c.relative) for c in candidates}))
        self._faults.sort(key=lambda fault: fault.path)
        seconds = time.perf_counter() - started
        return IngestReport(self._added, self._known_count, self._changed, self._faults, seconds)

    def _place(self, file: FoundFile) -> _Candidate:
        for folder in self._folders:  # the deepest first
            if file.path.startswith(_prefix(folder.path)):
                relative = file.path[len(_prefix(folder.path)) :].replace(os.sep, "/")
                return _Candidate(file, folder, relative, self._known[folder.id].get(relative))
        raise AssertionError(f"{file.path} lies below none of the import's folders")

    def _gone(self, seen: set[tuple[int, str]]) -> Iterator[Fault]:
        for folder in self._folders:
            for relative in self._known[folder.id]:
                path = _prefix(folder.path) + relative
                if path.startswith(_prefix(self._root)) and (folder.id, relative) not in seen:
                    yield Fault(path, "the file is no longer there; its masks are kept")

    def _bring(self, pool: ThreadPoolExecutor, batch: Sequence[_Candidate], offset: int) -> None:
        fresh = [candidate for candidate in batch if not candidate.unchanged]
        self._known_count += len(batch) - len(fresh)
        examined: list[tuple[_Candidate, Examined]] = []
        done = offset + len(batch) - len(fresh)
        for candidate, seen in zip(fresh, pool.map(_examine, fresh), strict=True):
            examined.append((candidate, seen))
            done += 1
            self._tell(done)
        if not fresh:
            self._tell(done)
            return
        with self._ws.store.write() as tx:
            self._add(tx, [(candidate, seen) for candidate, seen in examined if candidate.known is None])
            for candidate, seen in examined:
                if candidate.known is not None:
                    self._update(tx, candidate, candidate.known, seen)
        for candidate, seen in examined:
            if seen.error:
                self._faults.append(Fault(candidate.file.path, seen.error))

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, len(self._found.files))

    def _add(self, tx: Transaction, new: Sequence[tuple[_Candidate, Examined]]) -> None:
        wanted = [_export_name(candidate.folder.label, candidate.relative) for candidate, _ in new]
        taken = tx.images.taken(wanted)
        rows = []
        for (candidate, seen), name in zip(new, wanted, strict=True):
            while name in taken:  # a folder's label can equal a subfolder of another
                name = f"_{candidate.folder.id}/{name}"
            taken.add(name)
            rows.append({**_file_columns(candidate, seen), "name": name, "note": _name_note(candidate.relative)})
        tx.images.add_many(rows)
        self._added += sum(not seen.error for _, seen in new)

    def _update(self, tx: Transaction, candidate: _Candidate, known: KnownFile, seen: Examined) -> None:
        columns = _file_columns(candidate, seen)
        if seen.content_hash == known.content_hash and seen.error == known.error:
            self._known_count += 1
            tx.images.change(known.id, bytes=columns["bytes"], mtime_ns=columns["mtime_ns"])
            return
        self._changed += 1
        if seen.error:
            # The size is kept: the masks still belong to the picture that was here.
            tx.images.change(known.id, error=seen.error, bytes=columns["bytes"], mtime_ns=columns["mtime_ns"])
        elif known.width and (seen.width, seen.height) != (known.width, known.height):
            note = "the file was replaced by a picture of another size, its masks were put away"
            self._put_masks_away(tx, known.id)
            tx.images.change(known.id, **columns, note=note)
        else:
            had_picture = bool(known.width) and seen.content_hash != known.content_hash
            note = "the file's content changed after its masks were made: look at them again" if had_picture else ""
            tx.images.change(known.id, **columns, note=note)
        tx.images.refresh([known.id])

    @staticmethod
    def _put_masks_away(tx: Transaction, image_id: int) -> None:
        tx.instances.remove_untouched(image_id)
        tx.instances.hide_all(image_id)
        tx.images.change(image_id, proposer=None, proposer_name=None, hierarchy=None, closed=None)


def _examine(candidate: _Candidate) -> Examined:
    return examine(Path(candidate.file.path))


def _folders_of(tx: Transaction, root: str) -> list[Folder]:
    """The folders that files below ``root`` belong to, deepest first; a new one is made where none holds the root."""
    existing = tx.folders.all()
    inside = [folder for folder in existing if folder.path.startswith(_prefix(root))]
    around = [folder for folder in existing if _prefix(root).startswith(_prefix(folder.path))]
    if not around:
        around = [tx.folders.add(root, _label(root, {folder.label for folder in existing}))]
    return sorted({*inside, *around}, key=lambda folder: len(folder.path), reverse=True)


def _label(root: str, taken: set[str]) -> str:
    """Prefix of a folder's export names: none for the first folder, else its own name, numbered where taken."""
    if not taken:
        return ""
    base = portable(Path(root).name) or "folder"
    label, number = base, 2
    while label in taken:
        label, number = f"{base}-{number}", number + 1
    return label


def _export_name(label: str, relative: str) -> str:
    return portable(f"{label}/{relative}" if label else relative)


def _name_note(relative: str) -> str:
    return "" if portable(relative) == relative else "exports write the name without its backslash or colon"


def _file_columns(candidate: _Candidate, seen: Examined) -> dict[str, object]:
    return {
        "folder_id": candidate.folder.id,
        "relative_path": candidate.relative,
        "content_hash": seen.content_hash,
        "width": seen.width,
        "height": seen.height,
        "raw_width": seen.raw_width,
        "raw_height": seen.raw_height,
        "orientation": seen.orientation,
        "bytes": candidate.file.bytes,
        "mtime_ns": candidate.file.mtime_ns,
        "error": seen.error,
    }


def _prefix(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep
