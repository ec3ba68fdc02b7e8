"""How the app is opened: the flags of the command line, each also settable in the environment."""

from pathlib import Path

from pydantic import Field
from typing_extensions import Self

from app.errors import SettingsError
from freesolo.config import Config
from freesolo.errors import ConfigError

DEFAULT_WORKSPACE = Path("workspace")
DEFAULT_PORT = 7860


class Settings(Config):
    """Settings of one run of the app with its page."""

    workspace: Path = DEFAULT_WORKSPACE
    """Folder of the project's database and caches; made where it is missing."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address to listen on; the default is reachable from this machine only."""

    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """TCP port; 0 takes a free one."""

    auth: tuple[str, str] | None = None
    """(user, password) that people log in with; None: no login."""

    demo: bool = False
    """Fill an empty workspace with photographs to try the app on."""

    browser: bool = True
    """Show the page in the default browser."""

    @classmethod
    def from_flags(cls, *, auth: str | None, **values: object) -> Self:
        """Settings from the command line.

        Args:
            auth: ``USER:PASSWORD`` or None; the password may hold colons.
            **values: the other fields.

        Raises:
            SettingsError: a value is wrong; the sentence names it.
        """
        pair: tuple[str, str] | None = None
        if auth is not None:
            user, colon, password = auth.partition(":")
            if not (user and colon and password):
                raise SettingsError("--auth wants USER:PASSWORD, both of at least one character")
            pair = (user, password)
        try:
            return cls.from_dict({**values, "auth": pair})
        except ConfigError as error:
            raise SettingsError(str(error)) from None
