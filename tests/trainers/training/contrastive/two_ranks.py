"""One of the ranks of two pre-training runs, with the environment variables that torchrun sets."""

import sys
from pathlib import Path

import torch

from tests.trainers.training.contrastive.helpers import TINY, Heard, never, trainer
from trainers.commands.pretrain import Run, pretrain
from trainers.training.ranks import ranks

FROZEN = TINY.model_copy(update={"norm": "frozen", "batch": 1, "steps": 3, "checkpoint_every": 1})
BATCH = TINY.model_copy(update={"steps": 3})


def main(images: Path, out: Path) -> None:
    """The whole command with frozen normalisation, then a run with batch normalisation whose end each rank keeps."""
    torch.set_num_threads(1)
    paths = sorted(images.glob("*.png"))
    with ranks() as own:
        pretrain(paths, FROZEN, Run(out / "frozen", as_events=True), never)
        run = trainer(paths, out / "batch", Heard(), BATCH, own)
        run.run(never)
        torch.save(run._model.state_dict(), out / f"rank{own.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
