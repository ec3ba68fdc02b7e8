from pathlib import Path

from tests.app.formats import table


def test_the_table_in_the_docs_is_what_the_formats_do():
    docs = Path(__file__).parents[3] / "assets" / "formats.md"
    assert docs.read_text(encoding="utf-8") == table.text(), table.__doc__
