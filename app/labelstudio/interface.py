"""The labelling interface of a project: the picture, a brush and a polygon tool, a label for each category."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from app.errors import LabelStudioError
from app.labelstudio.regions import CONTROLS, IMAGE, Shape

_TAGS: dict[Shape, str] = {"brush": "BrushLabels", "polygon": "PolygonLabels"}
_POINTING = {"KeyPointLabels": "keypoint", "RectangleLabels": "box"}
"""Tools with which somebody points at an object and gets its mask; their own marks do not stay."""


@dataclass(frozen=True)
class Label:
    """A category, as the interface shows it."""

    name: str
    colour: str
    """#rrggbb."""


def write(labels: Sequence[Label]) -> str:
    """The interface of a new project."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(
        view, "Image", name=IMAGE, value=f"${IMAGE}", zoom="true", zoomControl="true", rotateControl="false"
    )
    for shape, tag in _TAGS.items():
        control = ElementTree.SubElement(view, tag, name=CONTROLS[shape], toName=IMAGE)
        _add(control, labels)
    return ElementTree.tostring(view, "unicode")


def completed(config: str, labels: Sequence[Label]) -> tuple[str, list[str]]:
    """A project's interface with the labels that it lacks; what people changed of it stays.

    Returns:
        The interface, and the names of labels that a tool lacked.

    Raises:
        LabelStudioError: it is no interface for our masks any more.
    """
    root = _parsed(config)
    missing: dict[str, None] = {}
    for shape, tag in _TAGS.items():
        control = next((each for each in root.iter(tag) if each.get("name") == CONTROLS[shape]), None)
        if control is None:
            raise LabelStudioError(
                f"the project's labelling interface has no <{tag} name={CONTROLS[shape]!r}> any more: put it back "
                "in the project's settings in Label Studio, or push into another project"
            )
        there = {label.get("value") for label in control.iter("Label")}
        lacking = [label for label in labels if label.name not in there]
        _add(control, lacking)
        missing.update(dict.fromkeys(label.name for label in lacking))
    return (ElementTree.tostring(root, "unicode") if missing else config), list(missing)


def with_pointing(config: str, labels: Sequence[Label]) -> str:
    """A project's interface with the tools that ask for masks, a label for each category.

    Raises:
        LabelStudioError: it is no interface for our masks any more.
    """
    root = _parsed(config)
    changed = False
    for tag, name in _POINTING.items():
        control = next((each for each in root.iter(tag) if each.get("name") == name), None)
        if control is None:
            control = ElementTree.SubElement(root, tag, name=name, toName=IMAGE, smart="true", smartOnly="true")
        there = {label.get("value") for label in control.iter("Label")}
        lacking = [label for label in labels if label.name not in there]
        _add(control, lacking)
        changed = changed or bool(lacking)
    return ElementTree.tostring(root, "unicode") if changed else config


def fault(config: str, predictions: Iterable[Mapping[str, object]]) -> str | None:
    """Why the first prediction that does not fit a project's interface does not, in the words of Label Studio's own check.

    Args:
        config: the interface.
        predictions: as they are sent. Pixels are not looked at.

    Returns:
        None: all of them fit.
    """
    from label_studio_sdk.label_interface.interface import (
        LabelInterface,
    )  # a second, and only where something went wrong

    check: Callable[..., list[object]] = LabelInterface(config).validate_prediction
    found = (str(each) for prediction in predictions for each in check(dict(prediction), return_errors=True))
    return next(found, None)


def _parsed(config: str) -> ElementTree.Element:
    if "<!ENTITY" in config or "<!DOCTYPE" in config:
        raise LabelStudioError("the project's labelling interface defines entities: write it without")
    try:
        root = ElementTree.fromstring(config)  # noqa: S314  (no entities, see above)
    except ElementTree.ParseError as error:
        raise LabelStudioError(f"the project's labelling interface is no XML: {error}") from error
    image = next((each for each in root.iter("Image") if each.get("name") == IMAGE), None)
    if image is None or image.get("value") != f"${IMAGE}":
        raise LabelStudioError(
            f"the project's labelling interface does not show the picture as <Image name={IMAGE!r} value='${IMAGE}'> "
            "any more: put it back in the project's settings in Label Studio, or push into another project"
        )
    return root


def _add(control: ElementTree.Element, labels: Sequence[Label]) -> None:
    for label in labels:
        ElementTree.SubElement(control, "Label", value=label.name, background=label.colour)
