"""Which proposers may be asked for by name: a person's words, or a browser's, end here before they become work."""

from app.errors import SettingsError
from freesolo.proposers import available


def known(name: object) -> str:
    """``name``, where it is a registered proposer's.

    `freesolo.proposers.make` also takes files and ``package.module:factory``. What comes through the app may not: the
    factory's code would run with the rights of the app.

    Raises:
        SettingsError: there is no such name; the message lists those there are.
    """
    names = available()
    if not isinstance(name, str) or name not in names:
        raise SettingsError(f"no proposer called {name!r}; there are: {', '.join(names)}")
    return name
