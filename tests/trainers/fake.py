"""A fast proposer for tests, ``tests.trainers.fake:make``: the colour of an image says what happens to it.

It imports no torch, so that a worker process starts in half a second. Its identity is in the environment.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from freesolo.errors import WeightsError
from freesolo.instances import Instances
from freesolo.proposers import Proposal

NAME = "tests.trainers.fake:make"
WEIGHTLESS = "tests.trainers.fake:Weightless"
BROKEN = "tests.trainers.fake:make_broken"
DEADLY = "tests.trainers.fake:make_deadly"

FINE, RAISES, DIES, DIES_ONCE, SLOW, SEGFAULTS, WRONG_SIZE, NOT_A_NUMBER = range(0, 160, 20)

IDENTITY = "FAKE_IDENTITY"
"""Environment: the proposer's identity."""
MEMORY = "FAKE_MEMORY"
"""Environment: a folder in which images that killed a worker, and workers that are in a slow image, leave a mark."""


class FakeHierarchy:
    def to_bytes(self):
        return b"hierarchy"


class FakeProposer:
    @property
    def identity(self):
        return os.environ.get(IDENTITY, "fake@1")

    def propose(self, image):
        height, width = image.shape[:2]
        what = int(image[0, 0, 0])
        if what == RAISES:
            raise RuntimeError("no such thing")
        if what == DIES or (what == DIES_ONCE and self._is_new(image)):
            os.kill(os.getpid(), signal.SIGKILL)
        if what == SEGFAULTS:
            os.kill(os.getpid(), signal.SIGSEGV)
        if what == SLOW:
            asleep(os.getpid()).touch()
            time.sleep(60)
        print("a library talks on standard output")
        if what == WRONG_SIZE:
            return Proposal(Instances.empty((1, 1)))
        masks = np.zeros((2, height, width), bool)
        masks[0, : height // 2] = True
        masks[1, :, 0] = True
        scores = np.array([0.9, np.nan if what == NOT_A_NUMBER else 0.1], np.float32)
        embeddings = np.array([[1, 2, 3], [0.5, 0, -1]], np.float32)
        return Proposal(Instances.from_masks(masks, scores, embeddings), FakeHierarchy())

    def _is_new(self, image):
        mark = Path(os.environ[MEMORY]) / str(image[0, 0, 1])
        is_new = not mark.exists()
        mark.touch()
        return is_new


class Weightless(FakeProposer):
    @property
    def identity(self):
        raise WeightsError("w.safetensors: damaged")


def asleep(pid):
    """A file that is there once this worker is in a slow image."""
    return Path(os.environ[MEMORY]) / f"asleep-{pid}"


def make():
    return FakeProposer()


def make_broken():
    raise LookupError("the weights are on the moon")


def make_deadly():
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def paint(path, what=FINE, size=(8, 6), serial=0):
    """An image file that makes the proposer behave so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (what, serial, 0)).save(path)
    return path
