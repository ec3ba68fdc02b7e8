"""What goes wrong in the app, as one tree; every message is one sentence for a person: what, where, what to do.

AppError
├── WorkspaceError         the workspace cannot be used (permission, newer version, not a folder)
│   └── WorkspaceBusyError another app has it open
├── StoreError             the database refused (disk full, locked, damaged)
├── IngestError            nothing could be imported at all
├── NotFoundError          no such image, category or job
├── ReviewError            an operation that makes no sense
├── DuplicateError         a name that exists already
├── ClickError             clicks that make no mask, or an image that cannot be prepared for them
├── ProposeError           the proposer could not run
├── ModelError             a model that cannot be kept, used or deleted
├── TrainError             nothing to learn from, or the training failed
├── JobError               a job cannot do what is asked of it, or not where it is to run
├── ExportError            the file could not be written, or the request makes no sense
├── FormatError            a file of annotations that cannot be read, or masks that a format cannot hold
├── LabelStudioError       Label Studio cannot be reached, refuses, or answers what makes no sense
│   └── ProjectGoneError    the project is no longer there
├── LogError               a decision log could not be written, or is no such file
├── ServeError             the page cannot be served there (port taken, address not ours)
└── SettingsError          a command line or environment setting is wrong
"""


class AppError(Exception):
    """Base of all errors that the app raises on purpose; ``str(error)`` is fit for a person."""


class WorkspaceError(AppError):
    """The workspace folder cannot be opened or created."""


class WorkspaceBusyError(WorkspaceError):
    """Another running app has this workspace open."""


class StoreError(AppError):
    """The database could not be read or written."""


class IngestError(AppError):
    """An import could not start, or found nothing."""


class NotFoundError(AppError):
    """There is no such image, category or job."""


class ReviewError(AppError):
    """An operation on masks is malformed."""


class DuplicateError(AppError):
    """The name exists already."""


class ClickError(AppError):
    """Clicks cannot be answered with a mask."""


class ProposeError(AppError):
    """The proposer's process could not do its work."""


class ModelError(AppError):
    """A model cannot be kept, read, used or deleted."""


class TrainError(AppError):
    """A training cannot start, or its process could not do its work."""


class JobError(AppError):
    """A job is not in the state for what is asked of it, or what it runs on is gone."""


class ExportError(AppError):
    """An export is impossible as asked, or could not be written."""


class FormatError(AppError):
    """A file is not of the format it is read as, or a format cannot hold what is to be written."""


class LabelStudioError(AppError):
    """Label Studio could not do what it was asked; nothing here is lost by that."""


class ProjectGoneError(LabelStudioError):
    """Label Studio no longer has the project (or task) that it is asked about."""


class LogError(AppError):
    """A decision log cannot be written, or what should be one cannot be merged."""


class ServeError(AppError):
    """The page cannot be served at the address and port asked for."""


class SettingsError(AppError):
    """A setting of the command line or the environment is wrong."""
