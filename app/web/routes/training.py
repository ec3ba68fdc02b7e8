"""The Train screen: what there is to learn from, the running training, and the models."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from app import jobs
from app.jobs import compare as comparisons
from app.jobs import following
from app.services import models
from app.services.training import comparing, methods, overview
from app.services.training.methods import STEPS, Method
from app.services.workspace import Workspace
from app.store.records import Model
from app.web.routes.attachment import made_for
from app.web.routes.common import MeterOf, RowId, WorkspaceOf, job_json

router = APIRouter()

KIND = "train"


class Start(BaseModel):
    """A training to be started."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[int, Field(ge=10, le=20_000)] = STEPS
    method: Method | None = None
    """None: what *Improve* chooses."""


class Compare(BaseModel):
    """Two proposers to be compared on the same images."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: Annotated[str, Field(min_length=1, max_length=200)]
    after: Annotated[str, Field(min_length=1, max_length=200)]
    images: Annotated[int, Field(ge=1, le=comparing.MOST_IMAGES)] = comparing.IMAGES


class Use(BaseModel):
    """The proposer to propose with from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("/training")
def training(workspace: WorkspaceOf, meter: MeterOf) -> dict[str, Any]:
    """Data, plan, models, and the latest training with its curve."""
    found = overview.overview(workspace)
    latest = jobs.list_jobs(workspace, 1, KIND)
    job = latest[0] if latest else None
    followed = following.Followed() if job is None else following.followed(workspace, job.id)
    compared, probed = (next(iter(jobs.list_jobs(workspace, 1, kind)), None) for kind in ("compare", "probe"))
    return {
        **{name: value for name, value in asdict(found).items() if name != "models"},
        "plan": {**asdict(found.plan), "is_ready": found.plan.is_ready},
        "models": [_model_json(model) for model in found.models],
        "proposers": models.offered(workspace),
        "steps": STEPS,
        "job": None if job is None else job_json(job, meter),
        "probe": None if probed is None else job_json(probed),
        "comparison": None if compared is None else job_json(compared),
        "curve": followed.curve,
        "shown": len(followed.shown),
    }


@router.get("/training/{job_id}/shown")
def shown(workspace: WorkspaceOf, job_id: RowId) -> list[dict[str, Any]]:
    """The fixed images of a training, and what it found on them at each step that it predicted them."""
    return [
        {
            "id": each.image.id,
            "name": each.image.name,
            "version": each.image.content_hash,
            "width": each.image.width,
            "height": each.image.height,
            "steps": [{"step": step, "masks": masks} for step, masks in each.steps],
        }
        for each in following.predicted(workspace, jobs.get(workspace, job_id).id)
    ]


@router.post("/training")
def start(workspace: WorkspaceOf, body: Start) -> dict[str, Any]:
    """Queue a training; 400 where there is too little to learn from."""
    return job_json(jobs.submit(workspace, KIND, _arguments(workspace, body)))


@router.post("/training/probe")
def probe(workspace: WorkspaceOf, body: Start) -> dict[str, Any]:
    """Queue a few steps of a training, which tell how long it takes and how much memory."""
    return job_json(jobs.submit(workspace, "probe", _arguments(workspace, body)))


@router.post("/models/compare")
def compare(workspace: WorkspaceOf, body: Compare) -> dict[str, Any]:
    """Queue a comparison; 400 where there is no such proposer."""
    return job_json(jobs.submit(workspace, "compare", body.model_dump()))


@router.get("/models/compare/{job_id}")
def comparison(workspace: WorkspaceOf, job_id: RowId) -> dict[str, Any]:
    """What a comparison came to: numbers, and the images that differ with their masks."""
    return comparisons.result(workspace, jobs.get(workspace, job_id))


@router.post("/models/use")
def use(workspace: WorkspaceOf, body: Use) -> dict[str, Any]:
    """Propose with this one from now on; undecided masks stay until the next proposals."""
    models.use(workspace, body.name)
    return {"in_use": models.in_use(workspace)}


@router.post("/models/{model_id}/delete")
def delete(workspace: WorkspaceOf, model_id: RowId) -> dict[str, Any]:
    """Delete a model's weights; what it proposed stays."""
    models.delete(workspace, model_id)
    return {"deleted": model_id}


@router.get("/models/{model_id}/weights")
def weights(workspace: WorkspaceOf, model_id: RowId) -> FileResponse:
    """The weights file, which `python -m trainers` and other workspaces read."""
    models.get(workspace, model_id)
    name = f"{workspace.project}-{models.name_of(model_id)}.safetensors"
    return FileResponse(models.weights_of(workspace, model_id), filename=name, media_type="application/octet-stream")


@router.get("/models/{model_id}/onnx")
def onnx(workspace: WorkspaceOf, model_id: RowId) -> FileResponse:
    """The network as ONNX, which takes some seconds; 400 where the extra ``onnx`` is not installed."""
    name = f"{workspace.project}-{models.name_of(model_id)}.onnx"
    return made_for(
        workspace, name, "application/octet-stream", lambda path: models.export_onnx(workspace, model_id, path)
    )


def _arguments(workspace: Workspace, body: Start) -> dict[str, Any]:
    return {"method": methods.required(workspace, body.method), "steps": body.steps, "batch": 4}


def _model_json(model: Model) -> dict[str, Any]:
    wanted = ("id", "name", "created", "kind", "parent", "manner", "bytes", "data", "figures", "licence", "verdict")
    values = asdict(model)
    return {**{name: values[name] for name in wanted}, "proposer": models.name_of(model.id)}
