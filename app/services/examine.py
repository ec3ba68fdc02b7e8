"""Look at one image file for an import: its content's hash and what its header says."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from freesolo.errors import ImageError
from freesolo.images import probe

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Examined:
    """A file's content in short."""

    content_hash: str
    """blake2b-128, hexadecimal; empty where the file cannot be read."""
    width: int = 0
    """Upright, pixels; 0 for a file that is no readable image."""
    height: int = 0
    raw_width: int = 0
    raw_height: int = 0
    orientation: int = 1
    error: str = ""
    """Why it is not a readable image, or empty."""


def examine(path: Path) -> Examined:
    """Hash a file and read its header. Never raises for a bad file. Hashing and reading release the GIL."""
    try:
        content_hash = _hash(path)
    except OSError as error:
        return Examined("", error=f"the file cannot be read: {error.strerror}")
    try:
        info = probe(path)
    except ImageError as error:
        return Examined(content_hash, error=str(error).removeprefix(f"{path}: "))
    raw_width, raw_height = info.raw_size
    return Examined(content_hash, info.width, info.height, raw_width, raw_height, info.orientation)


def _hash(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb", buffering=0) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
