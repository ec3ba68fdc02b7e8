"""The project of Label Studio that belongs to a workspace: found again by a marker, since titles are not unique."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from app.labelstudio import interface
from app.labelstudio.client import Client, Row
from app.labelstudio.interface import Label
from app.services.workspace import Workspace
from app.store.transaction import Transaction

_META = "label_studio_marker"
_SHORTEST, _LONGEST = 3, 50
"""Characters of a title, as Label Studio takes them."""


@dataclass(frozen=True)
class Project:
    """A project in Label Studio."""

    id: int
    title: str
    model_version: str
    """Whose predictions its labelling stream shows; empty: none."""
    key: str
    """As `LabelStudioLink.project`."""
    url: str
    """Of its page."""
    new: bool = False
    """It was made a moment ago."""


def labels(tx: Transaction) -> list[Label]:
    """A label for each category of the workspace."""
    return [Label(each.name, each.colour) for each in tx.categories.all()]


def find(ws: Workspace, client: Client, project: int | None) -> Row | None:
    """Label Studio's row of the workspace's project, or of the one asked for.

    Raises:
        ProjectGoneError: the one asked for is not there.
        LabelStudioError: Label Studio did not answer.
    """
    if project is not None:
        return dict(client.get(f"api/projects/{project}"))
    marker, title = _marker(ws), title_of(ws)
    number = 1
    while True:
        page = client.get("api/projects", title=title, page=number, page_size=100, include="id,title,description")
        for row in page["results"]:
            if row["title"] == title and marker in (row["description"] or ""):
                return dict(client.get(f"api/projects/{row['id']}"))
        if not page.get("next"):
            return None
        number += 1


def make(ws: Workspace, client: Client, wanted: Sequence[Label]) -> Row:
    """A new project for the workspace."""
    body = {
        "title": title_of(ws),
        "description": f"Masks of FreeSOLO Annotator. Keep this line, it finds the project again: {_marker(ws)}",
        "label_config": interface.write(wanted),
        "show_collab_predictions": True,
    }
    return dict(client.post("api/projects", body))


def as_project(client: Client, row: Row, *, new: bool = False) -> Project:
    """A row of Label Studio as a project."""
    number = int(row["id"])
    # The moment it was made tells it from projects of other servers, whatever address they are reached by.
    key = f"{number}:{row['created_at']}"
    page = f"{client.url}/projects/{number}/data"
    return Project(number, str(row["title"]), str(row.get("model_version") or ""), key, page, new)


def title_of(ws: Workspace) -> str:
    """The workspace's name in the length that Label Studio takes."""
    return ws.project[:_LONGEST].ljust(_SHORTEST, "_")


def _marker(ws: Workspace) -> str:
    with ws.store.write() as tx:
        found = tx.meta.get(_META)
        if found is None:
            found = f"annotator-{uuid4().hex}"
            tx.meta.set(_META, found)
        return found
