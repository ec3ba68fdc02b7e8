"""A real Label Studio with a data folder of its own."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.environments import LABEL_STUDIO

TOKEN = "0123456789abcdef0123456789abcdef01234567"
USER, PASSWORD = "person@example.com", "a-password-1"
START_SECONDS = 300
STOP_SECONDS = 30


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
                [LABEL_STUDIO.bin / "label-studio", *arguments],
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
