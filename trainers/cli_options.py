"""Options that several commands have."""

import typer

from trainers.errors import UsageError

EXECUTOR = typer.Option(
    help="Where the work is done: local, on this machine; ray, on a Ray cluster, whose machines need this package and "
    "the files under the same paths (a shared file system)."
)
RAY_ADDRESS = typer.Option(
    metavar="HOST:PORT",
    help="The Ray cluster, or ray://HOST:PORT from outside of it.  [default: Ray is started on this machine, reachable "
    "from here only]",
    show_default=False,
)
WORKERS = typer.Option(
    min=1, help="Processes, each needs a core and about 1 GB.  [default: one a core]", show_default=False
)


def address_of(executor: str, address: str | None) -> str | None:
    """The address, where there is a cluster to have one.

    Raises:
        UsageError: there is none.
    """
    if executor != "ray" and address is not None:
        raise UsageError("--ray-address is for --executor ray: add that, or leave it out")
    return address
