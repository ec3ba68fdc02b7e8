"""Scoring against human masks: COCO's AP and AR, the paper's easier protocol (table S1), CorLoc, AP by class, intervals.

Usually all objects count as one category, which is COCOeval with ``useCats = 0``; crowd annotations are ignored, as COCO has it.
Matching is done once, image by image and so wherever one likes (`match`); the figures are accumulated from its outcome over all
images. Bootstrap resamples only draw from that outcome, so that hundreds of them take seconds.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from freesolo.evaluation.figures import Scores, by_class, figures, intervals
from freesolo.evaluation.inputs import EvaluationError, detections, normalised
from freesolo.evaluation.matching import Kind, Matches, Portion, Protocol, joined, match, portions

__all__ = ["EvaluationError", "Kind", "Matches", "Portion", "Protocol", "Scores", "Spread", "evaluate", "match"]

Spread = Callable[[Callable[[Portion], Matches], Iterable[Portion]], Iterable[Matches]]
"""Applies a function to all portions and gives the results in their order, as the builtin ``map`` does."""


def evaluate(
    truth: dict[str, Any],
    results: dict[str, Any] | Sequence[dict[str, Any]],
    kind: Kind = "masks",
    protocol: Protocol = "coco",
    bootstrap: int = 0,
    spread: Spread = map,
    classes: bool = False,
) -> Scores:
    """Score results against a COCO ground truth; neither is changed.

    Args:
        truth: a COCO instance file. Annotation ids may be anything: COCOeval's trouble with 0 is avoided by numbering them anew.
            An image may carry ``void``, an RLE of pixels that nobody judged: detections lose them before they are compared.
        results: a COCO file with scores on its annotations, whose images are matched by ``file_name`` (whole, else its last part), or a
            bare list of results, matched by ``image_id``.
        kind: masks, or the boxes around them.
        protocol: ``coco``, or ``s1``: only objects above 64^2 pixels, IoU 0.5.
        bootstrap: resamplings of the images for the intervals.
        spread: where `match` is run on the portions: here, unless it takes them elsewhere. The figures are the same.
        classes: what is found has to be called right, too: figures are means over the classes that have objects, as in tables 5 and 6
            of the paper. Categories are matched by name where the results name them, else by id.

    Raises:
        EvaluationError: the ground truth is incomplete, or no result belongs to one of its images, or, with ``classes``, to one of
            its categories.
        CodecError: a mask does not decode.
    """
    truth = normalised(truth, classes)
    found = detections(results, truth, classes)
    matches = joined(list(spread(match, portions(truth, found, kind, protocol))))
    images = len(matches.areas[0])
    names = [str(row["name"]) for row in truth["categories"]]
    reached = figures(matches, range(images), protocol, classes)
    return Scores(
        figures=reached,
        intervals=intervals(matches, protocol, classes, bootstrap) if bootstrap else {},
        objects=len(truth["annotations"]),
        detections=len(found),
        images=images,
        by_class=by_class(matches, protocol, names, truth["annotations"]) if classes else {},
    )
