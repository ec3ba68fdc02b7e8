"""Settings are frozen and closed to unknown keys."""

import pytest
from pydantic import ValidationError

from freesolo.config import Config
from freesolo.errors import ConfigError, FreeSoloError


class Sample(Config):
    """For these tests."""

    size: int = 3
    """A size."""


def test_unknown_and_wrong_keys_are_all_named() -> None:
    with pytest.raises(ConfigError, match=r"Sample: size: .*integer.*; colour: .*not permitted"):
        Sample.from_dict({"size": "large", "colour": "red"})
    assert issubclass(ConfigError, FreeSoloError)


def test_frozen_and_documented() -> None:
    sample = Sample.from_dict({"size": 4})
    with pytest.raises(ValidationError, match="frozen"):
        sample.size = 5
    assert Sample.model_fields["size"].description == "A size."
