"""The `default` and `fast` presets: superpixels, merge trees and Free Mask queries, label-free ranking, soft NMS."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from freesolo.freemask import candidates as pool
from freesolo.freemask import cues, merge_tree, queries, ranking, region_graph, superpixels
from freesolo.freemask.candidates import Candidates
from freesolo.freemask.feature_maps import ImageFeatures
from freesolo.freemask.hierarchy import RegionHierarchy
from freesolo.freemask.merge_tree import MergeTree
from freesolo.freemask.recognition import Recogniser
from freesolo.freemask.region_graph import RegionGraph
from freesolo.freemask.render import RegionRenderer
from freesolo.freemask.settings import GroupingSettings
from freesolo.instances import Float32, Instances, Int64
from freesolo.proposers import Proposal

_KEPT_COMPONENTS = 32
"""Leading principal components that the hierarchy keeps for each region."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Everything between the features and the ranked list, for one image."""

    graph: RegionGraph
    trees: list[MergeTree]
    candidates: Candidates


def propose(
    image: npt.NDArray[np.uint8], features: ImageFeatures, recogniser: Recogniser | None, settings: GroupingSettings
) -> Proposal:
    """Masks of an upright RGB image, deterministic.

    Args:
        image: (height, width, 3) uint8.
        features: of the image.
        recogniser: looks at the best masks once more; None: they stay as they are ranked.
        settings: of everything.
    """
    height, width = image.shape[:2]
    grouping = group(image, features, settings)
    measured = cues.measure(grouping.graph, grouping.candidates)
    scores = ranking.score(measured, settings.cues)
    eligible = (measured.area >= settings.min_area) & (measured.area <= settings.max_area)
    picks, values = select(grouping, scores, eligible, settings)
    instances = _instances(grouping, picks, values, (height, width), settings)
    if recogniser is not None:
        instances = _recognised(image, instances, recogniser, settings)
    instances = replace(instances, scores=ranking.likelihood(instances.scores))
    return Proposal(instances, _hierarchy(grouping, scores, (height, width), settings))


def group(image: npt.NDArray[np.uint8], features: ImageFeatures, settings: GroupingSettings) -> Grouping:
    """Superpixels, their graph, the merge trees and the pool of candidates."""
    lab = small_lab(image, settings.long_side)
    labels = superpixels.felzenszwalb(
        lab / np.float32(100), settings.superpixel_scale, settings.superpixel_sigma, settings.superpixel_min_size
    )
    graph = region_graph.build(labels, lab, features)
    trees = [merge_tree.build(graph, cost) for cost in settings.trees]
    starts, members = queries.query_masks(graph, features.affinity, settings.query_thresholds)
    return Grouping(graph, trees, pool.collect(len(graph), trees, starts, members))


def small_lab(image: npt.NDArray[np.uint8], long_side: int) -> Float32:
    """(h, w, 3) float32 CIE Lab of the image scaled to a long side."""
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def select(
    grouping: Grouping, scores: Float32, eligible: npt.NDArray[np.bool_], settings: GroupingSettings
) -> tuple[Int64, Float32]:
    """The candidates that survive soft NMS, best first, and their scores."""
    order = np.flatnonzero(eligible)
    order = order[np.argsort(-scores[order], kind="stable")][: settings.nms_candidates]
    members = np.zeros((len(order), len(grouping.graph)), np.float32)
    for row, candidate in enumerate(order):
        members[row, grouping.candidates.members(candidate)] = 1
    overlap = (members * grouping.graph.sizes) @ members.T
    areas = np.diag(overlap)
    iou = np.asarray(overlap / (areas[:, None] + areas - overlap), np.float32)
    picks, values = ranking.soft_nms(scores[order], iou, settings.nms_weight, settings.keep)
    return order[picks], values


def _instances(
    grouping: Grouping, picks: Int64, scores: Float32, size: tuple[int, int], settings: GroupingSettings
) -> Instances:
    graph = grouping.graph
    renderer = RegionRenderer(graph.labels, graph.boxes, size, settings.smoothing)
    sets = [grouping.candidates.members(pick) for pick in picks]
    counts = [renderer.encode(regions) for regions in sets]
    embeddings = np.zeros((len(sets), graph.descriptors.shape[1]), np.float32)
    for row, regions in enumerate(sets):
        embeddings[row] = graph.sizes[regions] @ graph.descriptors[regions]
    embeddings /= np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-6)
    instances = Instances.from_counts(size, counts, scores, embeddings)
    # on an image smaller than its superpixel map, sets can become empty or alike
    distinct = np.array([code not in counts[:k] for k, code in enumerate(counts)], bool)
    return instances[distinct & (instances.areas > 0)]


def _recognised(
    image: npt.NDArray[np.uint8], instances: Instances, recogniser: Recogniser, settings: GroupingSettings
) -> Instances:
    """The masks ranked anew; those that the classifier is not shown count as the least recognisable."""
    evidence = recogniser.evidence(image, instances, settings.recognised)
    scores = instances.scores + np.float32(settings.cues.recognition) * evidence
    overlap = instances.iou(instances).astype(np.float32)
    picks, values = ranking.soft_nms(scores, overlap, settings.recognised_nms_weight, settings.keep)
    return replace(instances[picks], scores=values)


def _hierarchy(
    grouping: Grouping, scores: Float32, size: tuple[int, int], settings: GroupingSettings
) -> RegionHierarchy:
    graph = grouping.graph
    return RegionHierarchy(
        size=size,
        labels=graph.labels,
        children=np.stack([tree.children for tree in grouping.trees]),
        scores=scores[grouping.candidates.of_node].ravel(),
        features=graph.features[:, ::-1][:, :_KEPT_COMPONENTS].astype(np.float16),
        smoothing=settings.smoothing,
    )
