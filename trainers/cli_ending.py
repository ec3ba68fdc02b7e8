"""How every command of `python -m trainers` ends."""

import os
import sys
from collections.abc import Callable

import typer

from freesolo.errors import ConfigError, FreeSoloError
from trainers.errors import TrainersError


def run(body: Callable[[], int]) -> None:
    """Exit with the body's code, or with one sentence on standard error."""
    try:
        code = body()
    except (TrainersError, FreeSoloError) as error:
        sentence = str(error).encode("utf-8", "backslashreplace").decode()
        typer.echo(f"error: {sentence}", err=True)
        code = error.exit_code if isinstance(error, TrainersError) else 2 if isinstance(error, ConfigError) else 1
    raise typer.Exit(code)


def leave_ray(code: int) -> None:
    """End this process with a code, at once, without the interpreter's own end, if Ray was in it; else return.

    ``ray.shutdown`` leaves threads of Ray's C++ code running (its client of the cluster, gRPC). What they use is freed when the interpreter
    ends, and now and then one of them comes too late: a segmentation fault, and code 139 after work that was done.
    """
    if "ray" not in sys.modules:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
