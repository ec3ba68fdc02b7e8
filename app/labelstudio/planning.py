"""What a push has to do: what is here against what is there.

All predictions of a project bear one name, ``freesolo@<hash of what was pushed>``, since Label Studio's labelling stream
shows those of one name only. A few changed images are replaced under the name that is there; when many changed, all go there
anew under a new name, and the old ones are removed in one go.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.store.records import Image, LabelStudioLink

MODEL = "freesolo"
"""Before the @ of our predictions' names."""

_FEW = 0.1
"""Part of the images that are replaced one by one (two requests each) before all are sent anew."""


@dataclass(frozen=True)
class There:
    """A task that is there."""

    id: int
    versions: frozenset[str]
    """Names of its predictions."""

    @property
    def has_ours(self) -> bool:
        """Whether some of them are ours."""
        return any(map(is_ours, self.versions))


@dataclass(frozen=True)
class Plan:
    """What is to be done under which name."""

    version: str
    new: Sequence[Image]
    """Images without a task."""
    send: Sequence[Image]
    """Images whose masks are to be sent, new ones too."""
    clear: Sequence[Image]
    """Images without masks whose task has some of ours."""
    wipe: bool
    """Predictions of this name are so out of date that all of them go first."""
    unchanged: int


@dataclass(frozen=True)
class Sides:
    """What is here and what is there, by image."""

    images: Sequence[Image]
    digests: Mapping[int, str]
    """Of the masks here, as `app.labelstudio.content.Content.digest`."""
    counts: Mapping[int, int]
    """Masks here."""
    there: Mapping[int, There]
    links: Mapping[int, LabelStudioLink]
    """What was pushed or pulled last, of the tasks that are there."""

    def plan(self, present: str) -> Plan:
        """What brings the project up to what is here.

        Args:
            present: name of the predictions that its labelling stream shows; empty: none.
        """
        told = json.dumps(list(self.digests.values())).encode()
        whole = f"{MODEL}@{hashlib.blake2b(told, digest_size=6).hexdigest()}"
        few = max(1, int(_FEW * len(self.images)))
        begun = any(link.version == whole and self._is_fresh(image_id, whole) for image_id, link in self.links.items())
        stays = is_ours(present) and not begun and len(self._stale(present)) <= few
        version = present if stays else whole
        send = [image for image in self.images if self.counts[image.id] and not self._is_fresh(image.id, version)]
        ours = {image_id for image_id, task in self.there.items() if task.has_ours}
        clear = [image for image in self.images if image.id in ours and not self.counts[image.id]]
        new = [image for image in self.images if image.id not in self.there]
        unchanged = len(self.images) - len({image.id for image in (*send, *clear, *new)})
        return Plan(version, new, send, clear, len(self._stale(version)) > few, unchanged)

    def _is_fresh(self, image_id: int, version: str) -> bool:
        """Whether this is there just so; both sides must say it. What both sides have pulled or pushed is the same masks."""
        link, task = self.links.get(image_id), self.there.get(image_id)
        if link is None or task is None or link.digest != self.digests[image_id]:
            return False
        return bool(link.pulled) or (link.version == version and version in task.versions)

    def _stale(self, version: str) -> list[int]:
        """Images that have other masks under this name there."""
        return [
            image_id
            for image_id, task in self.there.items()
            if version in task.versions and not self._is_fresh(image_id, version)
        ]


def is_ours(version: str) -> bool:
    """Whether a name is one of our predictions'."""
    return version.startswith(f"{MODEL}@")
