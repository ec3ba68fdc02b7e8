"""One transaction and the tables in it."""

from sqlalchemy import Connection

from app.store.categories import Categories
from app.store.checks import Checks
from app.store.decisions import Decisions
from app.store.folders import Folders
from app.store.images import Images
from app.store.instances import Instances
from app.store.jobs import Jobs
from app.store.label_studio_links import LabelStudioLinks
from app.store.looks import Looks
from app.store.mask_columns import MaskColumns
from app.store.meta import Meta
from app.store.models import Models
from app.store.steps import Steps


class Transaction:
    """Everything done through one of these happens together or not at all."""

    def __init__(self, connection: Connection) -> None:
        self.folders = Folders(connection)
        self.images = Images(connection)
        self.instances = Instances(connection)
        self.looks = Looks(connection)
        self.checks = Checks(connection)
        self.columns = MaskColumns(connection)
        self.categories = Categories(connection)
        self.decisions = Decisions(connection)
        self.steps = Steps(connection)
        self.jobs = Jobs(connection)
        self.models = Models(connection)
        self.label_studio_links = LabelStudioLinks(connection)
        self.meta = Meta(connection)
