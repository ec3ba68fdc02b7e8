"""How every command of `python -m trainers` ends."""

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
