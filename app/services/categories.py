"""The names that masks can be given. Category 1 is what masks without a name are exported as."""

from app.errors import DuplicateError, NotFoundError, ReviewError
from app.services.workspace import Workspace
from app.store.records import Category
from app.store.transaction import Transaction

UNNAMED = 1
"""Id of the category of masks without a name."""

_LONGEST = 100
_PALETTE = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
    "#ee7733", "#009988", "#cc3311", "#33bbee", "#997700", "#aa4499",
)  # fmt: skip  # Paul Tol's bright and vibrant schemes: told apart by colour-blind eyes


def list_all(ws: Workspace) -> list[Category]:
    """Every category in the order people see, used or not."""
    with ws.store.read() as tx:
        return tx.categories.all()


def add(ws: Workspace, name: str) -> Category:
    """A new category.

    Raises:
        DuplicateError: the name exists, in whatever case.
        ReviewError: the name is empty or longer than 100 characters.
    """
    name = _clean(name)
    with ws.store.write() as tx:
        if tx.categories.named(name) is not None:
            raise DuplicateError(f"there is a category called {name!r} already")
        return ensure(tx, name)


def ensure(tx: Transaction, name: str) -> Category:
    """The category of this name in any case, made where it is missing.

    Raises:
        ReviewError: the name is empty or longer than 100 characters.
    """
    name = _clean(name)
    found = tx.categories.named(name)
    return found or tx.categories.add(name, _PALETTE[len(tx.categories.all()) % len(_PALETTE)])


def rename(ws: Workspace, category_id: int, name: str) -> Category:
    """Another name for a category; its masks and its id stay.

    Raises:
        NotFoundError: there is no such category.
        DuplicateError: another category has the name, in whatever case.
        ReviewError: the name is empty or longer than 100 characters.
    """
    name = _clean(name)
    with ws.store.write() as tx:
        other = tx.categories.named(name)
        if other is not None and other.id != category_id:
            raise DuplicateError(f"there is a category called {name!r} already")
        tx.categories.rename(category_id, name)
        found = tx.categories.get(category_id)
    if found is None:
        raise NotFoundError(f"there is no category {category_id} in this workspace")
    return found


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise ReviewError(f"a category's name has 1 to {_LONGEST} printable characters")
    return name
