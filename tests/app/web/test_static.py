"""The page's own scripts, as text: mistakes that a browser takes in silence."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "app" / "web" / "static" / "js"
MEMBER = re.compile(r"^  (?:static )?(?:async )?((?:get |set )?[#\w]+)(?:\(.*\) \{| = |;)", re.MULTILINE)
"""A method, short ones on one line too, or a field."""


def classes(script):
    """(name, text) of each class."""
    for part in re.split(r"^(?:export )?class ", script.read_text(), flags=re.MULTILINE)[1:]:
        yield part.split()[0], part.split("\n}\n")[0]


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.js")), ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_no_class_has_two_members_of_one_name(script):
    for name, text in classes(script):
        members = MEMBER.findall(text)
        assert sorted(members) == sorted(set(members)), f"class {name}: the later member replaces the earlier one"


def test_members_are_found(tmp_path):
    script = tmp_path / "a.js"
    script.write_text(
        "export class A {\n  x = 1;\n  one(x) {\n  }\n\n  async #two() {\n    x = 2;\n  }\n\n  one() {}\n  #three;\n}\n"
    )
    [(name, text)] = classes(script)
    assert name == "A"
    assert MEMBER.findall(text) == ["x", "one", "#two", "one", "#three"]
