"""Which Label Studio a workspace talks to: address and token, kept for the owner's eyes only."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit, urlunsplit

from app.errors import LabelStudioError
from app.services.workspace import Workspace

_FILE = "label-studio.json"
_OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Access:
    """Where Label Studio is and how it lets us in. Its text form shows no secret."""

    url: str = field(repr=False)
    """It may hold a login."""
    token: str = field(repr=False)
    project: int | None = None
    """Id of the project; None: the one that belongs to the workspace, made where it is missing."""

    @property
    def shown(self) -> str:
        """The address without a login that may be in it."""
        parts = urlsplit(self.url.strip().rstrip("/"))
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def load(ws: Workspace) -> Access | None:
    """What was kept, or None.

    Raises:
        LabelStudioError: the file is damaged or may not be read.
    """
    path = ws.path / _FILE
    try:
        values = json.loads(path.read_text("utf-8"))
        return Access(str(values["url"]), str(values["token"]), values.get("project"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise LabelStudioError(f"{path} cannot be read: give the address and the token again") from None


def save(ws: Workspace, access: Access) -> None:
    """Keep it in the workspace, in a file that only its owner can read.

    Raises:
        LabelStudioError: it cannot be written.
    """
    path = ws.path / _FILE
    part = path.with_suffix(".part")
    try:
        with suppress(FileNotFoundError):
            part.unlink()
        # Made with these permissions: at no moment can others read it.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="utf-8") as file:
            json.dump(asdict(access), file)
        part.replace(path)
    except OSError as error:
        raise LabelStudioError(f"{path} cannot be written: {error.strerror}") from error


def forget(ws: Workspace) -> None:
    """Remove it."""
    (ws.path / _FILE).unlink(missing_ok=True)
