import pytest

from app.errors import DuplicateError, NotFoundError, ReviewError
from app.services import categories


def names(ws):
    return [category.name for category in categories.list_all(ws)]


def test_a_new_category_stands_at_the_end_with_a_colour_of_its_own(ws):
    cat = categories.add(ws, "  big   cat ")
    assert (cat.name, cat.id, cat.position) == ("big cat", 2, 1)
    assert cat in categories.list_all(ws)
    assert len({category.colour for category in categories.list_all(ws)}) == 2


@pytest.mark.parametrize("name", ["Straße", "STRASSE", "strasse"])
def test_a_name_exists_in_any_case(ws, name):
    categories.add(ws, "Strasse")
    with pytest.raises(DuplicateError, match="already"):
        categories.add(ws, name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
def test_unusable_names_are_refused(ws, name):
    with pytest.raises(ReviewError, match="1 to 100 printable characters"):
        categories.add(ws, name)


def test_renaming_keeps_the_id_and_may_change_the_case(ws):
    cat = categories.add(ws, "cat")
    assert categories.rename(ws, cat.id, "Cat").id == cat.id
    assert names(ws) == ["object", "Cat"]
    with pytest.raises(DuplicateError):
        categories.rename(ws, cat.id, "Object")
    with pytest.raises(NotFoundError):
        categories.rename(ws, 99, "dog")
