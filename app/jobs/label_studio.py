"""The kinds of jobs that bring masks into Label Studio and back; what came of one is kept in its folder for the page.

Address and token are not among a job's arguments, which the page shows: `app.labelstudio.access` has them.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.errors import JobError, LabelStudioError
from app.files import replacing
from app.jobs.work import Work
from app.labelstudio import access, projects
from app.labelstudio.access import Access
from app.labelstudio.client import Client
from app.labelstudio.pull import PullReport, PullRequest, pull
from app.labelstudio.push import PushReport, PushRequest, push
from app.services.counted import counted
from app.services.log_values import RESOLUTIONS, conflict_words
from app.services.workspace import Workspace
from app.store.records import ACTIVE_JOB_STATES, AT_WORK_JOB_STATES, INSTANCE_STATES

PUSH, PULL = "push", "pull"
LISTED = 200
"""Conflicts, and faults, that an outcome lists; it counts the others."""
_FILE = "outcome.json"
_TOLD = ("key", "image_id", "image", "instance_id", "task_url", "ours", "theirs")


@dataclass(frozen=True)
class Outcome:
    """What came of a push or a pull, for people."""

    words: str
    """In a sentence or two."""
    project_url: str = ""
    """Page of the project in Label Studio; empty: not known, or not there yet."""
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Image and what is wrong with it."""
    faults_count: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    """Of a pull, those that nobody decided yet: fields of `app.labelstudio.merging.Conflict` without pixels."""
    conflicts_count: int = 0


def outcome(folder: Path) -> Outcome | None:
    """What came of the job with this folder; None where it has not come to its end."""
    try:
        return Outcome(**json.loads((folder / _FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def check_push(ws: Workspace, args: Mapping[str, Any]) -> None:
    """Raises LabelStudioError for no or unknown states or where no access is kept, JobError where one is at work."""
    states = args.get("states", PushRequest.states)
    if not states or set(states) - set(INSTANCE_STATES):
        raise LabelStudioError(f"which masks? Choose at least one of {', '.join(INSTANCE_STATES)}")
    _access(ws, None)


def check_pull(ws: Workspace, args: Mapping[str, Any]) -> None:
    """Raises LabelStudioError for unknown resolutions or where no access is kept, JobError where one is at work."""
    chosen = {*args.get("chosen", {}).values(), *filter(None, [args.get("resolution")])}
    if chosen - set(RESOLUTIONS):
        raise LabelStudioError(f"conflicts are decided by {', '.join(RESOLUTIONS)}")
    _access(ws, None)


def run_push(work: Work) -> str:
    """Bring masks into Label Studio.

    Arguments of the job: states (of the masks), dry_run.
    """
    known = _access(work.ws, work.job.id)
    dry_run = bool(work.job.args.get("dry_run"))
    states = tuple(work.job.args.get("states", PushRequest.states))
    request = PushRequest(states, project=known.project, dry_run=dry_run)

    def tell(done: int, total: int) -> None:
        work.progress(done, total, None, None, "")

    _forget(work)
    with Client(known.url, known.token) as client:
        report = push(work.ws, client, request, tell, work.stopped)
    url = report.project.url if report.project else ""
    faults = [(fault.path, fault.reason) for fault in report.faults]
    return _keep(work, Outcome(push_words(report, dry_run=dry_run), url, faults[:LISTED], len(faults)))


def run_pull(work: Work) -> str:
    """Bring decisions back from Label Studio.

    Arguments of the job: chosen (conflict's key -> ours, theirs or both), resolution (of all others, or None).
    """
    known = _access(work.ws, work.job.id)
    args = work.job.args
    request = PullRequest(project=known.project, resolution=args.get("resolution"), chosen=args.get("chosen", {}))

    def tell(done: int, total: int) -> None:
        work.progress(done, total, None, None, "")
        if work.stopped():  # what was told of is written; another pull looks at it again and finds it known
            raise LabelStudioError(f"stopped after {counted(done, 'image')}; another pull goes on")

    _forget(work)
    with Client(known.url, known.token) as client:
        report = pull(work.ws, client, request, tell)
        row = projects.find(work.ws, client, known.project)
        url = projects.as_project(client, row).url if row else ""
    undecided = [each for each in report.conflicts if each.kept is None]
    rows = [{name: getattr(each, name) for name in _TOLD} for each in undecided[:LISTED]]
    faults = report.faults[:LISTED]
    return _keep(work, Outcome(pull_words(report), url, faults, len(report.faults), rows, len(undecided)))


def push_words(report: PushReport, *, dry_run: bool) -> str:
    """What a push did, or would do, in sentences."""
    did = [
        (report.tasks, f"{counted(report.tasks, 'image')} added"),
        (report.sent, f"{counted(report.masks, 'mask')} of {counted(report.sent, 'image')} sent"),
        (report.cleared, f"masks of {counted(report.cleared, 'image')} removed"),
    ]
    words = ", ".join(text for number, text in did if number) or "nothing to do"
    there = f"; {counted(report.unchanged, 'image')} already just so" if report.unchanged else ""
    return " ".join(
        (
            f"{'A push would do this' if dry_run else 'Stopped' if report.stopped else 'Pushed'}: {words}{there}.",
            *([f"How Label Studio gets at them: {report.images}."] if report.images else []),
            *(
                [f"Labels {'missing' if dry_run else 'added'} there: {', '.join(report.labels)}."]
                if report.labels
                else []
            ),
            *([f"{counted(len(report.faults), 'image')} cannot be shown there."] if report.faults else []),
            *(["Another push goes on from here."] if report.stopped else []),
        )
    )


def pull_words(report: PullReport) -> str:
    """What a pull did, in sentences."""
    masks = Counter(report.did)
    finished = masks.pop("finished", 0)
    did = ", ".join(f"{number:,} {word}" for word, number in sorted(masks.items()))
    words = [
        f"Pulled {counted(report.images, 'image')} annotated since the last pull.",
        *([f"Masks: {did}."] if did else []),
        *([f"{counted(finished, 'image')} finished."] if finished else []),
        *([f"{counted(report.known, 'mask')} so already."] if report.known else []),
        *(
            [f"{counted(report.several, 'image')} with several annotations: the latest counts."]
            if report.several
            else []
        ),
    ]
    undecided = sum(each.kept is None for each in report.conflicts)
    decided = len(report.conflicts) - undecided
    return " ".join([*words, *conflict_words(decided, undecided)])


def _access(ws: Workspace, me: int | None) -> Access:
    """The access that is kept, where no other job talks with Label Studio: two at once would send masks twice."""
    with ws.store.read() as tx:
        states = AT_WORK_JOB_STATES if me is not None else ACTIVE_JOB_STATES
        others = [job.id for job in tx.jobs.in_states(states) if job.kind in (PUSH, PULL) and job.id != me]
    if others:
        raise JobError(f"job {others[0]} is talking with Label Studio: wait for its end, or stop it")
    known = access.load(ws)
    if known is None:
        raise LabelStudioError("which Label Studio? Give its address and a token, and test the connection first")
    return known


def _forget(work: Work) -> None:
    """What an earlier start of the job came to is true no more."""
    (work.folder / _FILE).unlink(missing_ok=True)


def _keep(work: Work, found: Outcome) -> str:
    with replacing(work.folder / _FILE) as stream:
        stream.write(json.dumps(asdict(found)).encode())
    return found.words
