"""The page's own scripts, as text: mistakes that a browser takes in silence."""

import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "app" / "web" / "static" / "js"
METHOD = re.compile(r"^  (?:async )?((?:get |set )?#?\w+)\(.*\) \{$", re.MULTILINE)


def classes(script):
    """(name, text) of each class."""
    for part in re.split(r"^(?:export )?class ", script.read_text(), flags=re.MULTILINE)[1:]:
        yield part.split()[0], part.split("\n}\n")[0]


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.js")), ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_no_class_has_two_methods_of_one_name(script):
    for name, text in classes(script):
        methods = METHOD.findall(text)
        assert sorted(methods) == sorted(set(methods)), f"class {name}: the later method replaces the earlier one"


def test_methods_are_found(tmp_path):
    script = tmp_path / "a.js"
    script.write_text("export class A {\n  one(x) {\n  }\n\n  async #two() {\n  }\n\n  one() {\n  }\n}\n")
    [(name, text)] = classes(script)
    assert name == "A"
    assert METHOD.findall(text) == ["one", "#two", "one"]
