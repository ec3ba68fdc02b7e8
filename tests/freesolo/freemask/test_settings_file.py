"""Free Mask from a file of settings."""

import json

import pytest

from freesolo import proposers
from freesolo.errors import ConfigError


@pytest.fixture
def made(tmp_path):
    """The proposer of a file with this content."""

    def make(content):
        path = tmp_path / "mine.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return proposers.make(str(path))

    return make


def test_what_is_not_said_is_the_presets(made):
    paper = made({"preset": "paper", "backbone": "efficientnet_lite0", "scales": [0.25]}).settings
    assert (paper.backbone, paper.scales, paper.top) == ("efficientnet_lite0", (0.25,), 20)
    fast = made({"preset": "fast", "keep": 7}).settings
    assert (fast.name, fast.long_side, fast.keep) == ("fast", 480, 7)
    assert made({"preset": "default"}).settings == proposers.make("default").settings


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ([], 'needs a "preset": default, fast, paper'),
        ({"preset": "best"}, 'needs a "preset"'),
        ({"preset": "paper", "scale": 1}, "scale: Extra inputs"),
        ({"preset": "fast", "keep": 0}, "keep: Input should be greater"),
    ],
)
def test_other_files_are_told(made, content, sentence):
    with pytest.raises(ConfigError, match=sentence):
        made(content)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.json cannot be read"):
        proposers.make(str(tmp_path / "none.json"))
