from pathlib import Path

from tests.benchmarks import formats_table


def test_the_table_in_the_docs_is_what_the_formats_do():
    docs = Path(__file__).parents[3] / "assets" / "formats.md"
    assert docs.read_text(encoding="utf-8") == formats_table.text(), formats_table.__doc__
