"""Settings in YAML files."""

from pathlib import Path
from typing import Any

import yaml

from freesolo.config import Config
from trainers.errors import UsageError


def to_yaml(settings: Config) -> str:
    """All settings, in the form that `read` reads."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def read(file: Path) -> dict[str, Any]:
    """The settings that a file names.

    Raises:
        UsageError: it cannot be read or is no YAML mapping.
    """
    try:
        values = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file} holds no settings; it needs lines like  steps: 2000")
    return values


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both, key by key; what is above wins."""
    whole = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(whole.get(key), dict)
        whole[key] = merged(whole[key], value) if both else value
    return whole
