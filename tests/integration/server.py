"""A real Label Studio in an environment and a data folder of its own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

VERSION = "1.23.2"
TOKEN = "0123456789abcdef0123456789abcdef01234567"
USER, PASSWORD = "person@example.com", "a-password-1"
START_SECONDS = 300
STOP_SECONDS = 30


def environment_folder():
    """Where its environment is kept: between runs, and for every clone of this repository."""
    chosen = os.environ.get("ANNOTATOR_TEST_LABEL_STUDIO")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "freesolo-annotator" / f"label-studio-{VERSION}"


@contextmanager
def held(folder):
    """Only one process at a time looks at the environment or makes it; others wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(folder):
    """Install it where it is not there yet; half an installation is begun anew."""
    with held(folder):
        if (folder / "installed").exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"label-studio=={VERSION}"], check=True)
        (folder / "installed").touch()


def why_not():
    """Why there is none; empty: there is one. Waits for an installation that is going on."""
    folder = environment_folder()
    with held(folder):
        if (folder / "installed").exists():
            return ""
    return f"NO LABEL STUDIO TESTED: {folder} holds none; `make label-studio` installs it (1 GB) or says why it cannot"


@dataclass
class LabelStudioServer:
    """``label-studio start`` at work, or ended."""

    folder: Path
    """Of its data; the images that it may serve lie in ``root`` below."""
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def root(self):
        return self.folder / "root"

    def start(self):
        """Start it and wait until it answers."""
        self.root.mkdir(parents=True, exist_ok=True)
        arguments = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [environment_folder() / "bin" / "label-studio", *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(trust_env=False) as http:
            while time.monotonic() < deadline and self.process.poll() is None:
                with suppress(httpx.TransportError):
                    if http.get(f"{self.url}/health", timeout=5).is_success:
                        return
                time.sleep(0.25)
        self.kill()
        raise AssertionError(f"Label Studio did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self):
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self):
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _environment(self):
        # Nothing of ours: a stray HOST, PORT or DEBUG would be read.
        settings = {
            "BASE_DATA_DIR": self.folder / "data",
            "USERNAME": USER,
            "PASSWORD": PASSWORD,
            "USER_TOKEN": TOKEN,
            "ENABLE_LEGACY_API_TOKEN": "true",
            "LOCAL_FILES_SERVING_ENABLED": "true",
            "LOCAL_FILES_DOCUMENT_ROOT": self.root,
            "SSRF_PROTECTION_ENABLED": "false",  # webhooks to this machine
            "ML_BLOCK_LOCAL_IP": "false",
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
        }
        own = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONUTF8": "1"}
        return own | {f"LABEL_STUDIO_{name}": str(value) for name, value in settings.items()}


if __name__ == "__main__":
    install(environment_folder())
