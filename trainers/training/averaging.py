"""An exponential moving average of the weights: what a run gives, smoother than its last step."""

import torch
from torch import Tensor, nn


class Average:
    """The average of a network's trainable weights; the others are taken as they are."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Starts at the present weights. The decay grows from 0.1 as (1 + t) / (10 + t), so that the start is soon forgotten."""
        self._decay = decay
        self._values = {
            name: value.detach().clone() for name, value in network.named_parameters() if value.requires_grad
        }

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after ``step`` steps, from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, value in network.named_parameters():
            if name in self._values:
                self._values[name].lerp_(value.detach(), 1 - decay)

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return self._values

    def restore(self, state: dict[str, Tensor]) -> None:
        """From a checkpoint."""
        self._values = {name: value.to(self._values[name].device, copy=True) for name, value in state.items()}

    def over(self, network: nn.Module) -> dict[str, Tensor]:
        """The network's whole state with the averaged weights in it."""
        return {**network.state_dict(), **self._values}
