"""Distributed training: one process a rank, started by torchrun."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

_PATIENCE = timedelta(hours=24)
"""The first rank proposes masks for all images while the others wait; torchrun notices dead ranks by itself."""


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run."""

    rank: int = 0
    world: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_first(self) -> bool:
        """The one that writes and tells."""
        return self.rank == 0

    def wrap(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are averaged over all ranks."""
        return DistributedDataParallel(network) if self.world > 1 else network

    def total(self, value: Tensor) -> Tensor:
        """Sum over all ranks; no gradient flows through it."""
        summed = value.detach().clone()
        if self.world > 1:
            dist.all_reduce(summed)
        return summed

    def any(self, wish: bool) -> bool:
        """Whether it is so on at least one rank: all ranks go the same way."""
        return bool(self.total(torch.tensor(float(wish), device=self.device)))

    def sum(self, value: float) -> float:
        """Sum of a number over all ranks."""
        return float(self.total(torch.tensor(value, device=self.device, dtype=torch.float32)))

    def wait(self) -> None:
        """Until all ranks are here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def ranks() -> Iterator[Ranks]:
    """As torchrun says in the environment; else a single process. NCCL on GPUs, Gloo on CPUs. Within another `ranks`: the same ones."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if world == 1:
        yield Ranks(device=device)
        return
    if dist.is_initialized():
        yield Ranks(dist.get_rank(), world, device)
        return
    store, rank, world = next(rendezvous("env://"))
    # after a restart torchrun's store may still hold the addresses of the processes before, which are gone
    fresh = PrefixStore(f"attempt-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=fresh, rank=rank, world_size=world, timeout=_PATIENCE)
    try:
        yield Ranks(dist.get_rank(), world, device)
    finally:
        dist.destroy_process_group()
