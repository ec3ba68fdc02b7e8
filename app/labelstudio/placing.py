"""How Label Studio gets at the pictures, chosen by trying: files it can read itself, an address, or an upload.

Where Label Studio runs on this machine and may serve a folder above the images, nothing is copied. Pictures that browsers
do not paint as they are read here (16 bits, palettes, ...) are uploaded as an upright copy of the same size.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args
from urllib.parse import quote, urlsplit

import httpx

from app.errors import AppError, LabelStudioError
from app.labelstudio.client import Client
from app.labelstudio.projects import Project
from app.services import pictures
from app.services.ingest import Fault
from app.services.workspace import Workspace
from app.store.records import Folder, Image
from freesolo.errors import FreeSoloError
from freesolo.images import probe

Way = Literal["auto", "files", "upload", "url"]
WAYS: tuple[Way, ...] = get_args(Way)

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_FILES, _MOST_BYTES = 100, 20_000_000
"""Of one upload: Label Studio takes no more files at once."""
_SECONDS = 30.0
_UPLOADED = re.compile(r"[0-9a-f]{8}-([0-9a-f]{32}\.\w+)")
"""File names as Label Studio makes them of ours, which are the content's hash."""


@dataclass
class Placing:
    """How images get there."""

    prefixes: Mapping[int, str]
    """Folder -> what precedes an image's relative path in its address; of other folders images are uploaded."""
    words: str
    """What was chosen and why, for people."""
    uploaded: dict[str, str]
    """Name (content's hash and suffix) -> address of what is there already."""


def choose(ws: Workspace, client: Client, project: Project, way: Way, address: str) -> Placing:
    """Find out how Label Studio can show the images, by letting it show one of each folder.

    Args:
        ws: a workspace with images.
        client: the connection.
        project: where the tasks go.
        way: how; auto: files where that works, else upload; url, where an address is given.
        address: for url: what precedes each image's name in the workspace.

    Raises:
        LabelStudioError: the way asked for does not work, or Label Studio cannot be reached.
    """
    folders, samples = _samples(ws)
    if way == "url" or (way == "auto" and address):
        return _by_address(client, address, folders, samples)
    words = "the pictures are uploaded"
    if way != "upload":
        prefixes, why_not = _by_files(client, project, folders, samples)
        if not why_not:
            return Placing(prefixes, "Label Studio reads the image files itself, nothing is copied", {})
        if way == "files":
            raise LabelStudioError(f"Label Studio cannot read the image files itself: {why_not}")
        words += f", as Label Studio cannot read the files itself: {why_not}"
    return Placing({}, words, _uploads(client, project))


def addresses(
    ws: Workspace, client: Client, project: Project, placing: Placing, images: Sequence[Image]
) -> tuple[dict[int, str], list[Fault]]:
    """What tasks hold as the address of each image, after uploading what is not there yet; and images that cannot be shown."""
    found: dict[int, str] = {}
    faults: list[Fault] = []
    waiting: dict[str, list[int]] = {}
    files: dict[str, Path] = {}
    with ws.store.read() as tx:
        folders = {folder.id: folder.path for folder in tx.folders.all()}
    for image in images:
        try:
            path, original = _file(ws, folders[image.folder_id], image)
        except (AppError, FreeSoloError) as error:
            faults.append(Fault(image.name, str(error)))
            continue
        prefix = placing.prefixes.get(image.folder_id)
        if prefix is not None and original:
            found[image.id] = prefix + quote(image.relative_path)
            continue
        name = f"{image.content_hash}{path.suffix.lower()}"
        waiting.setdefault(name, []).append(image.id)
        files[name] = path
    _upload(client, project, placing, files)
    for name, ids in waiting.items():
        found.update(dict.fromkeys(ids, placing.uploaded[name]))
    return found, faults


def _file(ws: Workspace, folder: str, image: Image) -> tuple[Path, bool]:
    """A file that Label Studio shows upright in the image's size, and whether it is the original."""
    original = Path(folder) / image.relative_path
    info = probe(original)
    plain = info.format in _FORMATS and info.mode in ("L", "RGB") and info.frames == 1
    upright = info.orientation == 1 or info.format == "JPEG"  # of JPEGs it follows the EXIF data
    if plain and upright and pictures.fits(info.width, info.height):
        return original, True
    path, _ = pictures.display_file(ws, image.id)
    shown = probe(path)
    if (shown.width, shown.height) != (image.width, image.height):
        raise LabelStudioError(
            f"passed over: Label Studio would show {image.width} x {image.height} pixels at once, which browsers do up to "
            f"{pictures.LARGEST / 1e6:.0f} million and {pictures.LONGEST_SIDE:,} a side; review this image here"
        )
    return path, False


def _samples(ws: Workspace) -> tuple[list[Folder], dict[int, Image]]:
    """The folders, and of each an image to try."""
    samples: dict[int, Image] = {}
    with ws.store.read() as tx:
        folders = tx.folders.all()
        for batch in tx.images.walk():
            for image in batch:
                samples.setdefault(image.folder_id, image)
            if len(samples) == len(folders):
                break
    return [folder for folder in folders if folder.id in samples], samples


def _by_address(client: Client, address: str, folders: Sequence[Folder], samples: Mapping[int, Image]) -> Placing:
    prefix = address if address.endswith(("/", "=")) else f"{address}/"
    for folder in folders:
        sample = samples[folder.id]
        url = prefix + quote(sample.relative_path)
        if loaded(client, url) != _bytes(folder, sample):
            raise LabelStudioError(
                f"{url} is another file than {sample.name} here, so masks might not fit it: correct the address, "
                "or let the server give the very files"
            )
    return Placing({folder.id: prefix for folder in folders}, f"browsers load the pictures from {prefix}", {})


def loaded(client: Client, url: str) -> bytes:
    """A picture on a web server, as a page of Label Studio may load it.

    Raises:
        LabelStudioError: there is none, or pages of Label Studio may not read it.
    """
    parts = urlsplit(client.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    try:
        answer = httpx.get(url, headers={"Origin": origin}, timeout=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LabelStudioError(f"no picture can be loaded from {url}: {error}") from None
    if not answer.is_success or not answer.headers.get("content-type", "").startswith("image/"):
        raise LabelStudioError(f"{url} answers with status {answer.status_code} and no picture: correct the address")
    if answer.headers.get("access-control-allow-origin") not in ("*", origin):
        raise LabelStudioError(
            f"the server of {url} does not allow pages of {origin} to read its pictures (CORS): "
            "let it send Access-Control-Allow-Origin, or upload the pictures"
        )
    return answer.content


def _bytes(folder: Folder, image: Image) -> bytes | None:
    """The image's file; None where it is gone."""
    try:
        return (Path(folder.path) / image.relative_path).read_bytes()
    except OSError:
        return None


def _by_files(
    client: Client, project: Project, folders: Sequence[Folder], samples: Mapping[int, Image]
) -> tuple[dict[int, str], str]:
    """Prefixes by folder; or why not."""
    there = {row["path"]: row["id"] for row in client.get("api/storages/localfiles", project=project.id)}
    prefixes: dict[int, str] = {}
    for folder in folders:
        made = None
        if folder.path not in there:
            body = {"project": project.id, "path": folder.path, "title": "images", "use_blob_urls": True}
            try:
                made = client.post("api/storages/localfiles", body)["id"]
            except LabelStudioError as error:
                return {}, str(error)
        prefix = _served_below(client, folder, samples[folder.id])
        if prefix is None:
            if made is not None:
                client.delete(f"api/storages/localfiles/{made}")
            return {}, f"what it serves of {folder.path} are not these files"
        prefixes[folder.id] = prefix
    return prefixes, ""


def _served_below(client: Client, folder: Folder, sample: Image) -> str | None:
    """The address of a folder's files: relative to Label Studio's document root, which one of the folders above is."""
    expected = _bytes(folder, sample)
    if expected is None:
        return None
    path = PurePosixPath(Path(folder.path).as_posix())
    for above in path.parents:
        prefix = f"/data/local-files/?d={quote(str(path.relative_to(above)))}/"
        try:
            if client.fetch(prefix + quote(sample.relative_path)) == expected:
                return prefix
        except LabelStudioError:
            continue
    return None


def _uploads(client: Client, project: Project) -> dict[str, str]:
    """What was uploaded before, also by a push that did not come to its end."""
    return _by_name(client.get(f"api/projects/{project.id}/file-uploads", all="true"))


def _by_name(rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    found = {}
    for row in rows:
        match = _UPLOADED.fullmatch(PurePosixPath(str(row["file"])).name)
        if match:
            found[match[1]] = f"/data/{quote(str(row['file']))}"
    return found


def _upload(client: Client, project: Project, placing: Placing, files: Mapping[str, Path]) -> None:
    batch: list[tuple[str, bytes]] = []
    size = 0
    for name, path in files.items():
        if name in placing.uploaded:
            continue
        content = path.read_bytes()
        if batch and (len(batch) == _MOST_FILES or size + len(content) > _MOST_BYTES):
            _send(client, project, placing, batch)
            batch, size = [], 0
        batch.append((name, content))
        size += len(content)
    if batch:
        _send(client, project, placing, batch)


def _send(client: Client, project: Project, placing: Placing, batch: Sequence[tuple[str, bytes]]) -> None:
    path = f"api/projects/{project.id}"
    answer = client.upload(f"{path}/import", batch, commit_to_project="false")
    rows = client.get(f"{path}/file-uploads", ids=json.dumps(answer["file_upload_ids"]))
    placing.uploaded.update(_by_name(rows))
    lost = [name for name, _ in batch if name not in placing.uploaded]
    if lost:
        raise LabelStudioError(
            f"Label Studio kept {len(batch) - len(lost)} of {len(batch)} uploaded pictures: push again"
        )
