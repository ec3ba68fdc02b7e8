"""The preset `paper`: the same masks as a plain transcription of the paper's steps, and none of the release's traps."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from freesolo.errors import ConfigError
from freesolo.freemask import FreeMask
from freesolo.freemask.paper import PaperSettings, paper_masks, prepare
from freesolo.nms import mask_iou_matrix, matrix_nms


def feature_map(seed: int, channels: int, height: int, width: int, smooth: int) -> Tensor:
    features = torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed)).relu()
    for _ in range(smooth):
        features = F.avg_pool2d(features[None], 3, 1, 1)[0]
    return features


def plain_free_mask(features: Tensor, size: tuple[int, int], keep: float, priors: bool) -> tuple[Tensor, Tensor]:
    """Section 3.2 written with loops, one query at a time."""
    channels, h, w = features.shape
    levels = [features[None]] + [F.interpolate(features[None], scale_factor=s, mode="bilinear") for s in (0.5, 0.25)]
    queries = F.normalize(torch.cat([level[0].reshape(channels, -1).T for level in levels]), dim=1)
    keys = F.normalize(features.reshape(channels, -1), dim=0)
    found = []
    for soft in queries @ keys:
        soft = (soft - soft.min()) / (soft - soft.min()).max()
        hard = soft >= 0.5
        if hard.sum() > 1:
            found.append((float(soft[hard].sum() / hard.sum()), soft, hard))
    found.sort(key=lambda entry: -entry[0])
    iou = np.array([[float((a & b).sum() / (a | b).sum()) for _, _, b in found] for _, _, a in found])
    scores = []
    for j in range(len(found)):
        decay = 1.0
        for i in range(j):
            compensation = max(iou[:i, i], default=0.0)
            decay = min(decay, np.exp(-2 * (iou[i, j] ** 2 - compensation**2)))
        scores.append(found[j][0] * decay)
    masks, kept = [], []
    for j in sorted(range(len(found)), key=lambda j: -scores[j])[:20]:
        if scores[j] < keep:
            continue
        mask = F.interpolate(found[j][1].view(1, 1, h, w), size=size, mode="bilinear")[0, 0] >= 0.5
        rows, columns = mask.any(1), mask.any(0)
        centre = float((rows * torch.arange(size[0])).sum() / rows.sum())
        if not priors or (centre > 0.2 * size[0] and columns.sum() < 0.95 * size[1]):
            masks.append(mask)
            kept.append(scores[j])
    return torch.stack(masks) if masks else torch.zeros(0, *size), torch.tensor(kept)


@pytest.mark.parametrize("priors", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_equals_the_paper_written_plainly(seed: int, priors: bool) -> None:
    shape = [(9, 12), (7, 5), (4, 15)][seed % 3]
    features = feature_map(seed, 16, *shape, smooth=seed % 4)
    size = (shape[0] * 13 + seed, shape[1] * 11)
    expected, scores = plain_free_mask(features, size, 0.4, priors)
    result = paper_masks(features, size, PaperSettings(photo_priors=priors, min_maskness=0.4))
    assert len(result) == len(expected)
    assert np.array_equal(result.decode(), expected.bool().numpy())
    assert np.allclose(result.scores, scores, atol=1e-5)


def test_some_maps_give_masks() -> None:
    counts = [
        len(paper_masks(feature_map(s, 16, 12, 16, 2), (200, 250), PaperSettings(min_maskness=0.3))) for s in range(8)
    ]
    assert sum(counts) > 8, "the comparison above would be empty otherwise"


def test_embeddings_are_the_unit_queries() -> None:
    result = paper_masks(feature_map(0, 16, 12, 16, 2), (200, 250), PaperSettings(min_maskness=0.3))
    assert result.embeddings is not None
    assert result.embeddings.shape == (len(result), 16)
    assert np.allclose(np.linalg.norm(result.embeddings, axis=1), 1, atol=1e-5)


def test_one_empty_cell_does_not_empty_the_image() -> None:
    features = feature_map(3, 16, 12, 16, 2)
    settings = PaperSettings(min_maskness=0.3, photo_priors=False)
    features[:, 5, 5] = 0
    result = paper_masks(features, (100, 120), settings)
    assert len(result) > 0
    assert np.isfinite(result.scores).all()


@pytest.mark.parametrize(
    "features", [torch.zeros(4, 6, 6), torch.ones(4, 6, 6), torch.ones(4, 1, 1), torch.eye(4).reshape(4, 2, 2)]
)
def test_maps_without_structure_give_no_nan(features: Tensor) -> None:
    result = paper_masks(features, (40, 50), PaperSettings(photo_priors=False))
    assert np.isfinite(result.scores).all()
    assert result.decode().shape[1:] == (40, 50)


@pytest.mark.parametrize(
    "features", [torch.full((4, 6, 6), torch.nan), torch.full((4, 6, 6), torch.inf), torch.ones(6, 6)]
)
def test_broken_features_are_refused(features: Tensor) -> None:
    with pytest.raises(ConfigError, match="one finite"):
        paper_masks(features, (40, 50))


def test_free_mask_class_needs_no_weights_for_ready_features() -> None:
    features = feature_map(0, 16, 12, 16, 2)
    result = FreeMask.from_preset("paper").from_features(features, (200, 250))
    assert np.array_equal(result.decode(), paper_masks(features, (200, 250)).decode())
    with pytest.raises(ConfigError, match="needs the image"):
        FreeMask.from_preset("default").from_features(features, (200, 250))


def test_prepare_scales_the_shorter_side_and_normalises() -> None:
    pixels = np.full((100, 400, 3), 255, np.uint8)
    x = prepare(pixels, (0.5, 0.5, 0.5), (0.5, 0.25, 0.5), PaperSettings())
    assert tuple(x.shape) == (1, 3, 333, 1333), "longest side 1333"
    assert torch.allclose(x[0, :, 0, 0], torch.tensor([1.0, 2.0, 1.0]))


def test_matrix_nms_equals_its_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    for kernel in ("gaussian", "linear"):
        masks = torch.rand(30, 60, generator=generator) > 0.6
        scores = torch.rand(30, generator=generator).sort(descending=True).values
        iou = mask_iou_matrix(masks)
        fast = matrix_nms(scores, iou, 2.0, kernel)
        for j in range(30):
            decay = 1.0
            for i in range(j):
                compensation = max((float(iou[k, i]) for k in range(i)), default=0.0)
                ratio = np.exp(-2 * (float(iou[i, j]) ** 2 - compensation**2))
                if kernel == "linear":
                    ratio = (1 - float(iou[i, j])) / max(1 - compensation, 1e-6)
                decay = min(decay, ratio)
            assert float(fast[j]) == pytest.approx(float(scores[j]) * decay, abs=1e-5)


def test_iou_of_empty_masks_is_zero() -> None:
    assert float(mask_iou_matrix(torch.zeros(2, 5, dtype=torch.bool)).sum()) == 0
    assert len(matrix_nms(torch.zeros(0), torch.zeros(0, 0))) == 0
