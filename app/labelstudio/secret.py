"""The secret in the address under which Label Studio asks this app for masks; whoever has it may ask, too."""

import os
import secrets
from contextlib import suppress

from app.errors import LabelStudioError
from app.services.workspace import Workspace

_FILE = "label-studio-backend"
_OWNER_ONLY = 0o600


def secret(ws: Workspace) -> str:
    """The workspace's own, made when first asked for, in a file that only its owner can read.

    Raises:
        LabelStudioError: it cannot be read or written.
    """
    path = ws.path / _FILE
    try:
        # Made with these permissions, and by one of two who ask at once.
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w", encoding="ascii") as file,
        ):
            file.write(secrets.token_urlsafe(32))
        return path.read_text("ascii")
    except (OSError, ValueError) as error:
        raise LabelStudioError(
            f"{path} cannot be read or written: remove it, and connect Label Studio again"
        ) from error
