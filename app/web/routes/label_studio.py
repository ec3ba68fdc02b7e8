"""Label Studio on the Export screen: the connection, pushes and pulls, and conflicts. No answer holds the token."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app import jobs
from app.errors import LabelStudioError
from app.jobs import label_studio
from app.jobs.work import folder_of
from app.labelstudio import access
from app.labelstudio.access import Access
from app.labelstudio.check import check
from app.labelstudio.client import Client
from app.labelstudio.push import PushRequest
from app.services import catalogue
from app.services.log_values import Resolution
from app.services.workspace import Workspace
from app.store.records import InstanceState, Job
from app.web.routes.common import WorkspaceOf, job_json

router = APIRouter(prefix="/label-studio")

_TEST_SECONDS = 30.0
"""That a server may keep silent while a person waits for the test."""
_MOST_CHOSEN = 10_000


class Connect(BaseModel):
    """Which Label Studio; without a token the one that is kept for this address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(max_length=500)]
    token: Annotated[SecretStr, Field(max_length=4000)] = SecretStr("")


class Push(BaseModel):
    """A push to be started."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    states: Annotated[tuple[InstanceState, ...], Field(max_length=4)] = PushRequest.states
    dry_run: bool = False


class Pull(BaseModel):
    """A pull to be started, and how conflicts are decided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chosen: Annotated[dict[str, Resolution], Field(max_length=_MOST_CHOSEN)] = {}
    resolution: Resolution | None = None


@router.get("")
def now(workspace: WorkspaceOf) -> dict[str, Any]:
    """The address that is kept, the latest push or pull and what came of it, and how many masks there are to push."""
    known, trouble = _kept(workspace)
    job = _latest(workspace)
    found = None if job is None else label_studio.outcome(folder_of(workspace, job.id))
    return {
        "url": "" if known is None else known.shown,
        "has_token": known is not None,
        "trouble": trouble,
        "masks": catalogue.overview(workspace).instances,
        "states": list(PushRequest.states),
        "job": None if job is None else job_json(job),
        "outcome": None if found is None else asdict(found),
    }


@router.post("/connection")
def connect(workspace: WorkspaceOf, body: Connect) -> dict[str, Any]:
    """Test a connection, keep it once it was let in, and say whether a picture of the project really loads."""
    known = _wanted(workspace, body)
    with Client(known.url, known.token, _TEST_SECONDS) as client:
        client.test()
        access.save(workspace, known)
        found = check(workspace, client, known.project)
    return {
        "words": found.words,
        "is_good": found.loads is not False,
        "project_url": found.project.url if found.project else "",
    }


@router.post("/forget")
def forget(workspace: WorkspaceOf) -> dict[str, Any]:
    """Remove address and token from the workspace; what is in Label Studio stays."""
    access.forget(workspace)
    return {"has_token": False}


@router.post("/push")
def push(workspace: WorkspaceOf, body: Push) -> dict[str, Any]:
    """Queue a push, or a dry run of one."""
    args = {"states": list(body.states), "dry_run": body.dry_run}
    return job_json(jobs.submit(workspace, label_studio.PUSH, args))


@router.post("/pull")
def pull(workspace: WorkspaceOf, body: Pull) -> dict[str, Any]:
    """Queue a pull."""
    args = {"chosen": body.chosen, "resolution": body.resolution}
    return job_json(jobs.submit(workspace, label_studio.PULL, args))


def _kept(workspace: Workspace) -> tuple[Access | None, str]:
    """The access, or why it cannot be read."""
    try:
        return access.load(workspace), ""
    except LabelStudioError as error:
        return None, str(error)


def _wanted(workspace: Workspace, body: Connect) -> Access:
    """What was typed, completed by what is kept: a token goes only to the address that it was given for."""
    known, _ = _kept(workspace)
    token = body.token.get_secret_value().strip()
    typed = body.url.strip().rstrip("/")
    if known is not None and typed in (known.shown, known.url.rstrip("/")):
        return Access(known.url, token or known.token, known.project)
    if not token:
        raise LabelStudioError("a token is needed for this address: copy it in Label Studio from Account & Settings")
    return Access(typed, token)


def _latest(workspace: Workspace) -> Job | None:
    found = [jobs.list_jobs(workspace, 1, kind) for kind in (label_studio.PUSH, label_studio.PULL)]
    return max((job for each in found for job in each), key=lambda job: job.id, default=None)
