"""The rows of the store as plain frozen values: what services, formats and the web see of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ImageStatus = Literal["new", "todo", "doing", "done", "error"]
"""error: unreadable; new: no proposals yet; todo: proposals, no decision; doing: some decided;
done: a person finished it, or every mask is decided."""

InstanceState = Literal["pending", "accepted", "rejected", "unsure"]
Change = Literal["new", "changed"]
"""new: the proposer before had nothing like it; changed: it had this object with another outline."""

Manner = Literal["solo", "union"]
"""How a model proposes: alone, or in one list with the proposer `default`."""

JobState = Literal["queued", "running", "pausing", "paused", "cancelling", "done", "failed", "cancelled", "lost"]
"""pausing, cancelling: asked to end, its process still lives; lost: its process was killed again and again."""

IMAGE_STATUSES: tuple[ImageStatus, ...] = ("new", "todo", "doing", "done", "error")
INSTANCE_STATES: tuple[InstanceState, ...] = ("pending", "accepted", "rejected", "unsure")
AT_WORK_JOB_STATES: tuple[JobState, ...] = ("running", "pausing", "cancelling")
"""Those of jobs that have a process."""
ACTIVE_JOB_STATES: tuple[JobState, ...] = (*AT_WORK_JOB_STATES, "queued")


@dataclass(frozen=True)
class Folder:
    """A folder of originals. They are read, never written."""

    id: int
    path: str
    """Absolute."""
    label: str
    """Prefix of its images' export names; empty for the first folder."""


@dataclass(frozen=True)
class Image:
    """One image file and how far its review is."""

    id: int
    folder_id: int
    relative_path: str
    """Below the folder, forward slashes."""
    name: str
    """Unique in the workspace and stable: the ``file_name`` of exports, and what people see."""
    content_hash: str
    """blake2b-128 of the file, hexadecimal; the version of the picture."""
    width: int
    """Pixels after EXIF rotation; 0 where the file is unreadable."""
    height: int
    raw_width: int
    raw_height: int
    orientation: int
    """EXIF orientation, 1..8."""
    bytes: int
    mtime_ns: int
    status: ImageStatus
    error: str
    """Why it is unreadable, or empty."""
    note: str
    """One line on a conversion or a change of the file, or empty."""
    proposer: str | None
    """Identity (name, settings, weights) of what proposed the masks, or None."""
    proposer_name: str | None
    """The name that was asked for, as ``default``."""
    hierarchy: str | None
    """File name of the region hierarchy in the workspace, or None."""
    closed: bool | None
    """True: a person finished the image; False: a person reopened it; None: neither."""
    revision: int
    """Raised by each finish and reopen."""
    pending: int
    accepted: int
    rejected: int
    unsure: int
    place: int
    """Where the chosen order of the queue puts it; images of one place stand by name."""
    alike: int | None
    """The image of the same picture that comes first (its own id, if this is the one); None: there is no other."""
    dismissed: list[list[int]] | None
    """Boxes [x, y, width, height] of places without a mask of which a person said that nothing is missing there."""
    changed: int
    """Undecided masks that the last proposer found anew or otherwise than the one before."""
    lost: int
    """Undecided masks of the proposer before that the last one did not find again."""

    @property
    def masks(self) -> int:
        """Masks on the image, whatever their state."""
        return self.pending + self.accepted + self.rejected + self.unsure


@dataclass(frozen=True)
class Instance:
    """One mask."""

    id: int
    image_id: int
    counts: str
    """Compressed COCO RLE at the image's upright size."""
    bbox: tuple[int, int, int, int]
    """[x, y, width, height] of the mask's pixels."""
    area: int
    score: float
    source: str
    """Who made it: a proposer's identity, or a person."""
    parent_id: int | None
    state: InstanceState
    category_id: int | None
    """None: not named; exported as category 1."""
    edited: bool
    deleted: bool
    revision: int
    """Raised by every change; a writer states the revision it saw."""
    change: Change | None
    """Against the proposer before; None: it was there already, or is the first proposer's, or a person's."""


@dataclass(frozen=True)
class NewInstance:
    """A mask to be stored."""

    counts: str
    bbox: tuple[int, int, int, int]
    area: int
    score: float
    embedding: bytes | None
    """float16 row, or None."""
    change: Change | None = None
    """As `Instance.change`."""


@dataclass(frozen=True)
class Decision:
    """One row of the append-only log."""

    id: int
    key: str
    at: str
    """UTC, ISO 8601 with milliseconds."""
    who: str
    group_id: str
    undoes: str | None
    """The group that this row takes back, or None."""
    action: str
    image_id: int
    instance_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    revision: int
    """Revision of the mask (or image) after it."""


@dataclass(frozen=True)
class NewDecision:
    """A row to be appended to the log; the fields are those of `Decision`."""

    key: str
    """New in the log."""
    who: str
    group_id: str
    undoes: str | None
    action: str
    image_id: int
    instance_id: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    revision: int
    at: str | None = None
    """None: now."""


@dataclass(frozen=True)
class Step:
    """One undoable step of one reviewer: a group of decisions and whether it stands."""

    id: int
    who: str
    group_id: str
    state: Literal["done", "undone", "gone"]
    """gone: undone, and then something else was done instead."""
    last_group: str
    """The group whose rows an undo (or redo) would invert."""


@dataclass(frozen=True)
class Category:
    """A name for masks."""

    id: int
    name: str
    colour: str
    """#rrggbb."""
    position: int


@dataclass(frozen=True)
class LabelStudioLink:
    """What a project of Label Studio has of an image."""

    project: str
    """Which server and project, in our own words; the same project has always the same."""
    image_id: int
    task_id: int
    """Label Studio's id of it."""
    version: str
    """Under which name its predictions are there; empty: there are none of ours."""
    digest: str
    """Of what both sides have in common: the masks as they were pushed or pulled last; empty: nothing yet."""
    masks: dict[int, int]
    """Id -> revision of each of these masks."""
    pulled: str
    """The annotation that was pulled last, by its id and when it changed; empty: none was."""


@dataclass(frozen=True)
class Model:
    """A network that was trained here, or brought in."""

    id: int
    name: str
    created: str
    kind: Literal["finetune", "selftrain", "import"]
    parent: str
    """Proposer that it started from: ``solo`` (the shipped one), ``model-<id>``, or a file."""
    manner: Manner
    content_hash: str
    """blake2b-128 of its weights file, hexadecimal."""
    bytes: int
    log_position: int
    """It learnt from decisions up to this one."""
    data: dict[str, Any]
    """Counts of what it learnt from."""
    settings: dict[str, Any]
    figures: dict[str, Any]
    """What it reaches on the reviewed images that no training sees; see `app.services.training.judging`."""
    licence: str
    """Of its weights and those it came from."""
    verdict: str
    """In words: why it is in use, or is not."""
    deleted: bool
    """Its weights are gone; the row stays, as masks speak of it."""


@dataclass(frozen=True)
class Job:
    """Long work in a child process."""

    id: int
    kind: str
    state: JobState
    args: dict[str, Any]
    pid: int | None
    pid_started: float | None
    """Start of the process as `app.services.workspace.process_started` gives it: tells it from a later one with its
    number."""
    heartbeat: float | None
    """When the process last said that it lives, seconds since the epoch. Information only: clocks jump."""
    done: int
    total: int
    rate: float | None
    """Images (or what else its kind counts) a second."""
    seconds_left: float | None
    message: str
    error: str
    attempts: int
    """Starts since it last got anywhere."""
    created: str
    finished: str | None
    priority: int
    """Higher ones go first; of equals the older one."""
    started: str | None
    """When it first began, or None."""
    shrunk: bool
    """Its batch was halved after it had run out of memory."""
    runner: str
    """Where it is to run: empty for this machine, or the address of a Ray cluster."""
    remote_id: str | None
    """What the cluster knows it by, or None."""
