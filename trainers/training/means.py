"""Means of a step's figures over many steps."""

import time
from dataclasses import dataclass, field


@dataclass
class Means:
    """Since it was made."""

    _sums: dict[str, float] = field(default_factory=dict)
    _steps: int = 0
    _began: float = field(default_factory=time.monotonic)

    def add(self, values: dict[str, float]) -> None:
        """The figures of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._steps += 1

    def means(self) -> dict[str, float]:
        """By name."""
        return {name: total / max(1, self._steps) for name, total in self._sums.items()}

    @property
    def seconds_a_step(self) -> float:
        """By the clock."""
        return (time.monotonic() - self._began) / max(1, self._steps)
