"""Programs of others that the tests talk to, in environments of their own: kept between runs, and for every clone of this repository.

``python -m tests.environments`` makes those that are not there yet; `make test` does so beside its first tests.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment with what these programs pull in."""

    name: str
    requirements: tuple[str, ...]
    variable: str
    """Of the process's environment; names another folder that has them."""

    @property
    def folder(self):
        """Where it is kept."""
        chosen = os.environ.get(self.variable)
        if chosen:
            return Path(chosen)
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        versions = (each.split("==")[1] for each in self.requirements)
        return Path(cache) / "freesolo-annotator" / "-".join([self.name, *versions])

    @property
    def bin(self):
        """The folder of its programs."""
        return self.folder / "bin"

    def install(self):
        """Make it where it is not there yet; half an installation is begun anew. Only for whom it is `held`."""
        if (self.folder / "installed").exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder], check=True)
        subprocess.run([self.bin / "python", "-m", "pip", "install", "--quiet", *self.requirements], check=True)
        (self.folder / "installed").touch()

    @contextmanager
    def held(self):
        """Only one process at a time looks at it or makes it; others wait."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def why_not(self):
        """Why there is none; empty: there is one. Waits for an installation that is going on."""
        with self.held():
            if (self.folder / "installed").exists():
                return ""
        return f"NOT TESTED WITH {self.name}: {self.folder} holds none; `make environments` installs it or says why it cannot"


LABEL_STUDIO_VERSION = "1.23.2"
LABEL_STUDIO = Environment("label-studio", (f"label-studio=={LABEL_STUDIO_VERSION}",), "ANNOTATOR_TEST_LABEL_STUDIO")
READERS = Environment("datumaro-supervision", ("datumaro==1.13.12", "supervision==0.31.2"), "ANNOTATOR_TEST_READERS")
"""Hundreds of megabytes, with an OpenCV of their own."""


def main():
    failures = []
    with ExitStack() as stack:
        # All at once, so that nobody who looks meanwhile takes one for missing; each is free as soon as it is made.
        holds = [(each, stack.enter_context(ExitStack())) for each in (READERS, LABEL_STUDIO)]
        for environment, hold in holds:
            hold.enter_context(environment.held())
        for environment, hold in holds:
            try:
                environment.install()
            except subprocess.CalledProcessError as error:  # pip has said why
                failures.append(f"{environment.name}: {error}")
            hold.close()
    if failures:
        raise SystemExit("\n".join(failures))


if __name__ == "__main__":
    main()
