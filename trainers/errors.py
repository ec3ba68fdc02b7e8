"""What goes wrong in ``trainers`` on purpose; every message says what, where and what to do.

TrainersError           the command ends with code 1
├── UsageError          what was asked for cannot be done as asked; code 2
├── OutputError         a result cannot be written
└── WorkersError        the worker processes cannot do their work
"""


class TrainersError(Exception):
    """Base of all errors that end a command; ``str(error)`` is one sentence fit for a person."""

    exit_code = 1


class UsageError(TrainersError):
    """An argument names something that is not there or does not fit."""

    exit_code = 2


class OutputError(TrainersError):
    """A file cannot be written: no space, no permission, or its reader is gone."""


class WorkersError(TrainersError):
    """No worker process can be kept alive."""
