"""The presets from outside: determinism, odd images, embeddings, identities, what is loaded when."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from freesolo.errors import ConfigError, WeightsError
from freesolo.freemask import FreeMask, GroupingSettings
from freesolo.proposers import Proposal
from tests.freesolo.freemask.photographs import photograph

ODD = [(1, 1), (1, 300), (5, 2000), (20000, 300), (31, 33), (2, 2)]


@pytest.fixture(scope="module", params=["default", "fast"])
def proposer(request: pytest.FixtureRequest) -> FreeMask:
    return FreeMask.from_preset(request.param)


def assert_sound(proposal: Proposal, image: npt.NDArray[np.uint8], settings: GroupingSettings) -> None:
    found = proposal.instances
    assert found.size == image.shape[:2]
    assert len(found) <= settings.keep
    assert np.isfinite(found.scores).all()
    assert (np.diff(found.scores) <= 0).all()
    assert found.embeddings is not None
    assert found.embeddings.shape == (len(found), 128)
    assert np.isfinite(found.embeddings).all()
    assert (found.areas > 0).all()
    assert len(set(found.counts)) == len(found)
    assert proposal.hierarchy is not None
    assert proposal.hierarchy.size == found.size
    assert np.isfinite(proposal.hierarchy.scores).all()


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket"])
def test_photographs_have_masks(proposer: FreeMask, name: str) -> None:
    image = photograph(name, 400)
    proposal = proposer.propose(image)
    assert isinstance(proposer.settings, GroupingSettings)
    assert_sound(proposal, image, proposer.settings)
    found = proposal.instances
    assert len(found) > 95
    assert found.embeddings is not None
    np.testing.assert_allclose(np.linalg.norm(found.embeddings, axis=1), 1, atol=1e-4)
    shares = found.areas / image[..., 0].size
    assert shares.min() > 0.0005
    assert shares.max() < 0.91


def test_the_same_image_gives_the_same_bytes(proposer: FreeMask) -> None:
    image = photograph("coffee")
    first, second = proposer.propose(image), FreeMask(proposer.settings).propose(image.copy())
    assert first.instances.counts == second.instances.counts
    assert first.instances.scores.tobytes() == second.instances.scores.tobytes()
    assert first.instances.embeddings is not None
    assert second.instances.embeddings is not None
    assert first.instances.embeddings.tobytes() == second.instances.embeddings.tobytes()
    assert first.hierarchy is not None
    assert second.hierarchy is not None
    assert first.hierarchy.to_bytes() == second.hierarchy.to_bytes()


@pytest.mark.parametrize("size", ODD)
def test_odd_sizes(proposer: FreeMask, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    image = cv2.blur(image, (9, 9)).reshape(image.shape)
    assert isinstance(proposer.settings, GroupingSettings)
    assert_sound(proposer.propose(image), image, proposer.settings)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_constant_image_has_no_masks(proposer: FreeMask, value: int) -> None:
    proposal = proposer.propose(np.full((90, 120, 3), value, np.uint8))
    assert len(proposal.instances) == 0
    assert proposal.hierarchy is not None
    assert proposal.hierarchy.regions == 1
    assert proposal.hierarchy.mask(0).all()


def test_a_bright_disc_is_the_first_mask(proposer: FreeMask) -> None:
    image = np.full((240, 320, 3), 60, np.uint8)
    cv2.circle(image, (200, 110), 50, (230, 120, 40), -1)
    disc = image[..., 0] > 150
    best = proposer.propose(image).instances.decode()[0]
    assert (best & disc).sum() / (best | disc).sum() > 0.9


def test_large_image_keeps_time_and_memory_bounded(proposer: FreeMask) -> None:
    image = cv2.resize(photograph("astronaut"), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    proposal = proposer.propose(image)
    assert proposal.instances.size == (3000, 4000)
    assert proposal.hierarchy is not None
    assert max(proposal.hierarchy.labels.shape) <= 640


def test_embeddings_are_alike_for_the_same_object_in_another_image() -> None:
    """Mirrored and brightened, a mask is nearest to itself among all masks of the other image far more often than by chance."""
    proposer = FreeMask.from_preset("fast")
    image = photograph("coffee", 400)
    other = np.ascontiguousarray(np.clip(image[:, ::-1].astype(int) + 12, 0, 255).astype(np.uint8))
    a, b = proposer.propose(image).instances, proposer.propose(other).instances
    assert a.embeddings is not None
    assert b.embeddings is not None
    mirrored = b.decode()[:, :, ::-1].reshape(len(b), -1).astype(np.float32)
    masks = a.decode().reshape(len(a), -1).astype(np.float32)
    both = masks @ mirrored.T
    iou = both / (masks.sum(1)[:, None] + mirrored.sum(1) - both)
    known = np.flatnonzero(iou.max(1) > 0.8)
    assert len(known) > 20
    nearest = (a.embeddings @ b.embeddings.T)[known].argmax(1)
    overlap_of_nearest = iou[known, nearest].mean()
    assert overlap_of_nearest > 5 * iou[known].mean()


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_other_arrays_are_refused(image: npt.NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        FreeMask.from_preset("fast").propose(image)  # type: ignore[arg-type]


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="default, fast, paper"):
        FreeMask.from_preset("best")


def test_identities_tell_settings_and_weights_apart() -> None:
    default, fast = FreeMask.from_preset("default"), FreeMask.from_preset("fast")
    assert isinstance(default.settings, GroupingSettings)
    other = FreeMask(default.settings.model_copy(update={"keep": 50}))
    identities = [proposer.identity for proposer in (default, fast, other)]
    assert len(set(identities)) == 3
    assert FreeMask.from_preset("default").identity == identities[0]
    assert identities[0].startswith("freemask-default-")
    assert identities[0].endswith("+efficientnet_lite0@579344248a93")


def test_missing_weights_are_an_error_at_the_first_image(tmp_path: Path) -> None:
    proposer = FreeMask.from_preset("default", tmp_path / "absent.pth")
    with pytest.raises(WeightsError, match=r"absent\.pth"):
        proposer.propose(photograph("coffee"))


def test_features_belong_to_the_paper_preset() -> None:
    import torch

    with pytest.raises(ConfigError, match="paper"):
        FreeMask.from_preset("default").from_features(torch.zeros(3, 4, 4), (8, 8))
    found = FreeMask.from_preset("paper").from_features(torch.rand(16, 8, 8), (64, 64))
    assert found.size == (64, 64)


@pytest.mark.parametrize(
    ("module", "absent"), [("freesolo.freemask", "torch timm numba cv2"), ("freesolo.freemask.hierarchy", "torch timm")]
)
def test_imports_are_light(module: str, absent: str) -> None:
    code = f"import sys, {module}; print([name for name in {absent.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_are_closed_and_ranged() -> None:
    with pytest.raises(ConfigError, match="long_sid"):
        GroupingSettings.from_dict({"long_sid": 640})
    with pytest.raises(ConfigError, match="keep"):
        GroupingSettings.from_dict({"keep": 0})
    fast, default = GroupingSettings.fast(), GroupingSettings()
    assert fast.long_side < default.long_side
    assert len(fast.trees) < len(default.trees)
