"""Fetch weights once: resumable, checked, atomic. The only code of the package that touches the network."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import httpx

from freesolo.backbones.checkpoint import sha256_of
from freesolo.backbones.passports import Passport
from freesolo.errors import DownloadError

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all, if known."""

_TIMEOUT = httpx.Timeout(20.0)
_TRIES = 3
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where weights are kept: ``FREESOLO_CACHE``, or ``~/.cache/freesolo``."""
    return Path(os.environ.get("FREESOLO_CACHE") or Path.home() / ".cache" / "freesolo")


def place_of(passport: Passport) -> Path:
    """Where the weights of a passport that has mirrors are kept, be they there yet or not."""
    return cache_folder() / f"{passport.name}{Path(passport.mirrors[0]).suffix}"


def fetch(passport: Passport, progress: Progress | None = None) -> Path:
    """The weights' file, from the cache or from the first mirror that has it.

    The licence is logged before the first download. A broken download goes on where it broke, also after a restart.

    Raises:
        DownloadError: no mirror gave the file, or what came has another checksum.
    """
    if not passport.mirrors:
        raise DownloadError(f"{passport.name} is not for download: name a local file")
    target = place_of(passport)
    if target.is_file():
        return target
    terms = "" if passport.commercial else ", NOT for commercial use"
    _log.warning("Fetching %s (%s). Licence: %s%s.", passport.name, passport.trained_on, passport.licence, terms)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{target.parent}: cannot be made ({error.strerror}); set FREESOLO_CACHE to a folder of yours"
        ) from error
    failures = []
    for mirror in passport.mirrors:
        try:
            _from(mirror, target, passport.sha256, progress)
        except (httpx.HTTPError, OSError, DownloadError) as error:
            failures.append(f"{httpx.URL(mirror).host}: {error or type(error).__name__}")
        else:
            return target
    raise DownloadError(
        f"{passport.name} could not be fetched ({'; '.join(failures)}). Fetch {passport.mirrors[0]} on a machine that is online and "
        f"put it at {target}, or name the file as the weights"
    )


def _from(url: str, target: Path, sha256: str | None, progress: Progress | None) -> None:
    part = target.with_suffix(target.suffix + ".part")
    for attempt in range(_TRIES):
        try:
            _stream(url, part, progress)
            break
        except httpx.TransportError:
            if attempt == _TRIES - 1:
                raise
    digest = sha256_of(part)
    if sha256 is not None and not digest.startswith(sha256):
        part.unlink()
        raise DownloadError(
            f"checksum {digest[:12]} instead of {sha256[:12]}: the file is not what its authors published"
        )
    part.replace(target)


def _stream(url: str, part: Path, progress: Progress | None) -> None:
    """Append to what is there already; a server that cannot resume starts from the beginning."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=_TIMEOUT) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # it was complete
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            have = 0
        length = response.headers.get("content-length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as file:
            for block in response.iter_raw():  # as it comes, so that a broken connection loses nothing
                file.write(block)
                have += len(block)
                if progress is not None:
                    progress(have, total)
