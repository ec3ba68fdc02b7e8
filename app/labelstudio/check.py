"""The connection test: who answers, does it take the token, and does a picture of the project really load."""

from dataclasses import dataclass

from app.errors import LabelStudioError
from app.labelstudio import placing, projects, regions
from app.labelstudio.client import Client, Connection
from app.labelstudio.projects import Project
from app.services.workspace import Workspace


@dataclass(frozen=True)
class Check:
    """What a connection test found."""

    connection: Connection
    project: Project | None
    """The workspace's project (or the one asked for); None: a push would make it."""
    loads: bool | None
    """Whether a picture of the project loads; None: there is none yet."""
    words: str
    """All of it in one sentence."""


def check(ws: Workspace, client: Client, project: int | None = None) -> Check:
    """Test the connection; nothing is changed.

    Raises:
        ProjectGoneError: the project asked for is not there.
        LabelStudioError: Label Studio cannot be reached or refuses the token.
    """
    connection = client.test()
    who = (
        f"Label Studio {connection.version} at {connection.url} takes the {connection.token_kind} of {connection.user}"
    )
    row = projects.find(ws, client, project)
    if row is None:
        return Check(connection, None, None, f"{who}; it has no project of this workspace yet: push makes it")
    found = projects.as_project(client, row)
    loads, words = _loads(client, found)
    return Check(connection, found, loads, f"{who}; the project {found.title!r} is there: {words}")


def _loads(client: Client, project: Project) -> tuple[bool | None, str]:
    page = client.get("api/tasks", project=project.id, page=1, page_size=1)
    if not page["tasks"]:
        return None, "it has no images yet"
    address = str(page["tasks"][0]["data"].get(regions.IMAGE, ""))
    elsewhere = address.startswith(("http://", "https://"))
    try:
        size = len(placing.loaded(client, address) if elsewhere else client.fetch(address))
    except LabelStudioError as error:
        return False, f"but its first picture does not load: {error}"
    return True, f"its first picture loads{f' from {address[:100]}' if elsewhere else ''} ({size} bytes)"
