"""The demo: photographs that come with the app, and masks for them at once."""

from app import jobs
from app.services import catalogue
from app.services.workspace import Workspace
from app.web.importer import Importer
from freesolo.proposers import RECOMMENDED


def start(workspace: Workspace, importer: Importer) -> bool:
    """Import the demo photographs and propose for every image without masks; False while another import runs."""
    return importer.start_demo(then=lambda: propose_missing(workspace))


def propose_missing(workspace: Workspace) -> None:
    """Queue the recommended proposer, unless something runs already or no image lacks masks."""
    if jobs.current(workspace, "propose") is None and catalogue.overview(workspace).images["new"]:
        jobs.submit(workspace, "propose", {"proposer": RECOMMENDED, "limit": None, "image_ids": None})
