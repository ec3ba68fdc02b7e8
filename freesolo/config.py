"""The base of every settings class: frozen, validated, and closed to unknown keys."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self

from freesolo.errors import ConfigError


class Config(BaseModel):
    """Frozen settings. A misspelt key is an error, never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Validated settings from plain values.

        Raises:
            ConfigError: a key is unknown or a value is out of range; the message names each of them.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise ConfigError(f"{cls.__name__}: {faults}") from None
