"""Networks that were trained in a workspace or brought into it: a row each, and a folder with weights and a description.

A model proposes under the name ``model-<id>``. Nothing here loads a network: that is for child processes.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open

from app.errors import ModelError, NotFoundError, SettingsError
from app.files import replacing
from app.services.workspace import Workspace
from app.store.records import Manner, Model
from freesolo.proposers import RECOMMENDED, UNION, available

WEIGHTS = "solo.safetensors"
DESCRIPTION = "model.json"
PREFIX = "model-"
_IN_USE = "proposer"
"""Key in the database's meta table: name of the proposer in use."""

LICENCE = (
    "Apache-2.0, as far as it is ours to give; started from EfficientNet-Lite0 (Apache-2.0). "
    "Whether what it learnt from your images may be passed on is for the owner of the images to say."
)


@dataclass(frozen=True)
class Training:
    """What is known of a model besides its weights; as `app.store.records.Model`."""

    name: str
    kind: Literal["finetune", "selftrain", "pretrain", "import"]
    parent: str
    manner: Manner
    log_position: int
    data: dict[str, Any]
    settings: dict[str, Any]
    figures: dict[str, Any]
    verdict: str
    licence: str = LICENCE


def name_of(model_id: int) -> str:
    """The name under which a model proposes."""
    return f"{PREFIX}{model_id}"


def id_of(name: str) -> int | None:
    """The inverse of `name_of`; None: it is no model's name."""
    number = name.removeprefix(PREFIX)
    return int(number) if name.startswith(PREFIX) and number.isdigit() else None


def list_all(ws: Workspace) -> list[Model]:
    """Those whose weights are here, newest first."""
    with ws.store.read() as tx:
        return tx.models.all()


def get(ws: Workspace, model_id: int) -> Model:
    """One model.

    Raises:
        NotFoundError: there is none with this id, or it was deleted.
    """
    with ws.store.read() as tx:
        model = tx.models.get(model_id)
    if model is None or model.deleted:
        raise NotFoundError(f"there is no model {model_id} in this workspace")
    return model


def weights_of(ws: Workspace, model_id: int) -> Path:
    """The weights file of a model."""
    return ws.models / str(model_id) / WEIGHTS


def offered(ws: Workspace) -> dict[str, str]:
    """Names of all proposers that can be asked for in this workspace, with a line on each; models first."""
    return {name_of(model.id): model.name for model in list_all(ws)} | available()


def resolve(ws: Workspace, name: object) -> str:
    """What `python -m trainers propose --proposer` is to be given for a name.

    Only registered proposers and this workspace's models can be asked for: `freesolo.proposers.make` also takes files and
    ``package.module:factory``, whose code would run with the rights of the app.

    Raises:
        SettingsError: there is no such proposer; the message lists those there are.
    """
    if isinstance(name, str) and name in available():
        return name
    model_id = id_of(name) if isinstance(name, str) else None
    if model_id is not None:
        try:
            model = get(ws, model_id)
        except NotFoundError:
            pass
        else:
            path = str(weights_of(ws, model.id))
            return f"{UNION}{path}" if model.manner == "union" else path
    raise SettingsError(f"no proposer called {name!r}; there are: {', '.join(offered(ws))}")


def in_use(ws: Workspace) -> str:
    """The proposer of this workspace: the model that was promoted or chosen last, else the recommended one."""
    with ws.store.read() as tx:
        name = tx.meta.get(_IN_USE) or RECOMMENDED
    return name if name in offered(ws) else RECOMMENDED


def use(ws: Workspace, name: str) -> None:
    """Propose with this one from now on.

    Raises:
        SettingsError: there is no such proposer.
    """
    resolve(ws, name)
    with ws.store.write() as tx:
        tx.meta.set(_IN_USE, name)


def register(ws: Workspace, weights: Path, training: Training) -> Model:
    """Take a weights file into the workspace. It is there whole, with its row and description, or not at all.

    A file that is here already, as after a job that was killed and goes on, stays the model that it is.

    Raises:
        ModelError: the file is no weights file, or the workspace's disk cannot take it.
    """
    _check(weights)
    with _filled(ws, weights) as folder:
        content = (folder / WEIGHTS).read_bytes()
        digest = blake2b(content, digest_size=16).hexdigest()
        with ws.store.write() as tx:
            for known in tx.models.all():
                if known.content_hash == digest:
                    return known
            model = tx.models.add({**asdict(training), "content_hash": digest, "bytes": len(content)})
            (folder / DESCRIPTION).write_text(json.dumps(asdict(model), ensure_ascii=False, indent=1), "utf-8")
            place = ws.models / str(model.id)
            # The database never gave this id out before: a folder there was left by a process that was killed just here.
            shutil.rmtree(place, ignore_errors=True)
            folder.rename(place)
        return model


def import_file(ws: Workspace, path: Path, name: str = "") -> Model:
    """Bring in weights that were trained elsewhere.

    Raises:
        ModelError: the file is no weights file of SOLO, or the workspace's disk cannot take it.
    """
    training = Training(
        name or path.stem, "import", str(path.name), "solo", 0, {}, {}, {}, "brought in; not compared yet"
    )
    return register(ws, path, training)


def export(ws: Workspace, model_id: int, out: Path) -> None:
    """Copy a model's weights to a file.

    Raises:
        NotFoundError: there is no such model.
        ModelError: the file cannot be written.
    """
    get(ws, model_id)
    try:
        with replacing(out) as stream:
            stream.write(weights_of(ws, model_id).read_bytes())
    except OSError as error:
        raise ModelError(f"model {model_id} cannot be written to {out}: {error.strerror}") from error


def delete(ws: Workspace, model_id: int) -> None:
    """Delete a model's weights; masks that it proposed stay.

    Raises:
        NotFoundError: there is no such model.
        ModelError: it is in use.
    """
    get(ws, model_id)
    if in_use(ws) == name_of(model_id):
        raise ModelError(f"model {model_id} is in use: choose another one first")
    with ws.store.write() as tx:
        tx.models.change(model_id, deleted=True)
    shutil.rmtree(ws.models / str(model_id), ignore_errors=True)


def _check(weights: Path) -> None:
    """It has the header of this program's weights; a child process that loads it checks the rest."""
    try:
        with safe_open(weights, "numpy") as file:
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{weights} is no readable weights file ({error})") from error
    if not metadata.get("format", "").startswith("freesolo-solo"):
        raise ModelError(
            f"{weights} holds no SOLO weights of this program: export them with python -m app models export"
        )


@contextmanager
def _filled(ws: Workspace, weights: Path) -> Iterator[Path]:
    """A folder beside the models with a copy of the weights; gone at the end, unless it was given its place."""
    try:
        ws.models.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=ws.models))
        try:
            shutil.copyfile(weights, folder / WEIGHTS)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"the model cannot be kept in {ws.models}: {error.strerror}") from error
