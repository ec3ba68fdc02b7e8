"""What of a workspace goes to Label Studio: each image with its masks, and a digest that tells whether they changed."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from app.labelstudio.regions import PushedMask, Shape
from app.services.categories import UNNAMED
from app.services.workspace import Workspace
from app.store.records import Image, Instance, InstanceState
from app.store.transaction import Transaction

_META = "label_studio_push"
_BATCH = 100
"""Images whose masks are read, and held, at a time."""


@dataclass(frozen=True)
class Content:
    """An image and what is to be there of it."""

    image: Image
    masks: Sequence[PushedMask]
    revisions: Mapping[int, int]
    """Mask id -> revision."""
    digest: str
    """Of all that Label Studio is told of the masks."""

    @property
    def score(self) -> float:
        """Of the prediction as a whole: the best mask's; 0 without masks."""
        return max((mask.score for mask in self.masks), default=0.0)


def key_of(image: Image) -> str:
    """Under which a task is found again: by image and picture, so that no mask lands on a picture that changed."""
    return f"{image.id}-{image.content_hash[:16]}"


def image_of(key: str) -> tuple[int, str]:
    """The image's id in a key of `key_of`, and the beginning of its content's hash; 0 where it is none of ours."""
    number, dash, content_hash = key.partition("-")
    return (int(number), content_hash) if dash and number.isascii() and number.isdigit() else (0, "")


def images(ws: Workspace) -> list[Image]:
    """Every readable image in order of name."""
    with ws.store.read() as tx:
        return [image for batch in tx.images.walk() for image in batch]


def walk(ws: Workspace, chosen: Sequence[Image], states: Sequence[InstanceState], shape: Shape) -> Iterator[Content]:
    """These images with their masks in these states, as they are at the moment they are reached."""
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH]
        with ws.store.read() as tx:
            found = read(tx, batch, states, shape)
        yield from found


def read(tx: Transaction, chosen: Sequence[Image], states: Sequence[InstanceState], shape: Shape) -> list[Content]:
    """As `walk`, at once and in a transaction."""
    names = {category.id: category.name for category in tx.categories.all()}
    masks = tx.instances.of_images([image.id for image in chosen], states)
    return [_content(image, masks.get(image.id, []), names, shape) for image in chosen]


def _content(image: Image, masks: Sequence[Instance], names: Mapping[int, str], shape: Shape) -> Content:
    pushed = [
        PushedMask(mask.id, mask.counts, names[mask.category_id or UNNAMED], round(mask.score, 6)) for mask in masks
    ]
    told = [shape, image.width, image.height, [[each.id, each.counts, each.label, each.score] for each in pushed]]
    digest = hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()
    return Content(image, pushed, {mask.id: mask.revision for mask in masks}, digest)


@dataclass(frozen=True)
class Manner:
    """How masks were pushed, so that a pull can say whether both sides have the same."""

    states: tuple[InstanceState, ...] = ("accepted", "pending", "unsure")
    shape: Shape = "brush"


def remember(tx: Transaction, manner: Manner) -> None:
    """Keep how masks were pushed last."""
    tx.meta.set(_META, json.dumps(asdict(manner)))


def remembered(tx: Transaction) -> Manner:
    """How masks were pushed last."""
    text = tx.meta.get(_META)
    if text is None:
        return Manner()
    values = json.loads(text)
    return Manner(tuple(values["states"]), values["shape"])
