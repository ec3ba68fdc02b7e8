import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from freesolo.solo import losses

torch.manual_seed(0)
LOGITS = torch.randn(3, 7, 9, dtype=torch.float64)
TARGET = (torch.rand(3, 7, 9) > 0.6).double()
ALIKE = torch.rand(4, 7, 9) > 0.4


def soft(loss):
    """The loss as a function of logits, as it is trained."""
    return lambda logits: loss(logits.sigmoid(), TARGET)


@pytest.mark.parametrize(
    "function",
    [
        soft(losses.dice),
        soft(losses.max_projection),
        soft(losses.average_projection),
        lambda logits: losses.focal(logits, TARGET),
        lambda logits: losses.pairwise(logits, ALIKE, (1, 2, 6, 8)),
        lambda logits: losses.embedding_distance(logits[0], TARGET[0] + 0.1),
    ],
    ids=["dice", "max", "average", "focal", "pairwise", "embedding"],
)
def test_gradients_are_those_of_the_values(function):
    assert torch.autograd.gradcheck(function, LOGITS.clone().requires_grad_())


def test_dice_is_zero_for_the_same_and_one_for_disjoint_masks():
    assert losses.dice(TARGET, TARGET).abs().max() < 1e-6
    assert losses.dice(1 - TARGET, TARGET).min() > 0.999
    empty = torch.zeros(1, 4, 4)
    assert losses.dice(empty, empty) == 0  # no 0 / 0


def test_max_projection_sees_extents_only():
    """Eq. 5: a frame and its filled box have the same projections."""
    box = torch.zeros(1, 10, 10)
    box[0, 2:8, 3:9] = 1
    frame = box.clone()
    frame[0, 3:7, 4:8] = 0
    assert losses.max_projection(frame, box).item() == pytest.approx(0, abs=1e-5)
    assert losses.average_projection(frame, box).item() > 0.02  # eq. 6 keeps it from collapsing to contours (table 7e)
    assert losses.max_projection(torch.roll(box, 3, 1), box).item() > 0.3


def test_projections_of_an_empty_mask_are_finite():
    empty = torch.zeros(1, 6, 6, requires_grad=True)
    total = losses.max_projection(empty, torch.ones(1, 6, 6)) + losses.average_projection(empty, torch.ones(1, 6, 6))
    total.sum().backward()
    assert torch.isfinite(empty.grad).all()


def plain_pairwise(logits, alike, box):
    """The definition, one pair of pixels at a time."""
    top, left, bottom, right = box
    height, width = logits.shape[1:]
    values = []
    for plane in logits.sigmoid():
        total, pairs = 0.0, 0
        for offset, (down, across) in enumerate(losses.OFFSETS):
            for y in range(top, bottom):
                for x in range(left, right):
                    inside = y + down < height and 0 <= x + across < width
                    if inside and alike[offset, y, x]:
                        p, q = plane[y, x].item(), plane[y + down, x + across].item()
                        total -= math.log(p * q + (1 - p) * (1 - q))
                        pairs += 1
        values.append(total / max(1, pairs))
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("box", [(0, 0, 7, 9), (1, 2, 6, 8), (5, 7, 7, 9), (3, 0, 4, 1), (6, 8, 7, 9)])
def test_pairwise_equals_its_definition(box):
    assert torch.allclose(losses.pairwise(LOGITS, ALIKE, box), plain_pairwise(LOGITS, ALIKE, box))


def test_pairwise_neither_overflows_nor_underflows():
    logits = torch.tensor([[[90.0, 0, -90.0, 0, 90.0]] * 3], requires_grad=True)
    alike = torch.ones(4, 3, 5, dtype=torch.bool)
    value = losses.pairwise(logits, alike, (0, 0, 3, 5))
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logits.grad).all()
    assert value.item() > 10


def test_pairwise_without_alike_pairs_is_zero_and_has_a_gradient():
    logits = LOGITS.clone().requires_grad_()
    value = losses.pairwise(logits, torch.zeros(4, 7, 9, dtype=torch.bool), (0, 0, 7, 9))
    value.sum().backward()
    assert value.tolist() == [0, 0, 0]


def test_colour_affinity_is_that_of_the_neighbours():
    lab = torch.zeros(3, 6, 6)
    lab[0, :, 3:] = 50  # an edge between columns 2 and 3
    alike = losses.colour_affinity(lab)
    right, below = alike[losses.OFFSETS.index((0, 2))], alike[losses.OFFSETS.index((2, 0))]
    assert right[:, :4].tolist() == [[True, False, False, True]] * 6
    assert not right[:, 4:].any()  # no neighbour there
    assert below[:4].all()
    assert not below[4:].any()


def test_colour_threshold_is_that_of_boxinst():
    """exp(-d / 2) >= 0.3 is d <= 2.408."""
    for distance, expected in ((2.40, True), (2.42, False)):
        lab = torch.zeros(3, 1, 3)
        lab[1, 0, 2] = distance
        assert bool(losses.colour_affinity(lab)[0, 0, 0]) is expected


def test_pairs_with_an_invalid_pixel_do_not_count():
    valid = torch.ones(6, 6, dtype=torch.bool)
    valid[4:] = False
    alike = losses.colour_affinity(torch.zeros(3, 6, 6), valid)
    assert alike[losses.OFFSETS.index((2, 0))][:2].all()
    assert not alike[losses.OFFSETS.index((2, 0))][2:].any()
    assert not alike[:, 4:].any()


def test_focal_is_cross_entropy_at_gamma_zero():
    value = losses.focal(LOGITS, TARGET, alpha=0.5, gamma=0)
    assert torch.allclose(value, 0.5 * F.binary_cross_entropy_with_logits(LOGITS, TARGET, reduction="none"))
    easy, hard = losses.focal(torch.tensor([4.0, -4.0]), torch.tensor([1.0, 1.0]))
    assert hard > 1000 * easy


def test_embedding_gradient_is_not_zero():
    """Trap 1 of the release, where this loss is multiplied by 0."""
    prediction = torch.randn(4, 8, requires_grad=True)
    losses.embedding_distance(prediction, torch.randn(4, 8)).sum().backward()
    assert prediction.grad.norm(dim=1).min() > 1e-3
    assert losses.embedding_distance(torch.tensor([[2.0, 0]]), torch.tensor([[5.0, 0]])).item() == pytest.approx(0)


def test_zero_embeddings_have_finite_loss():
    """Trap 3: no epsilon in the norms."""
    assert torch.isfinite(losses.embedding_distance(torch.zeros(1, 4), torch.zeros(1, 4))).all()


def test_boxes_are_tight():
    """Trap 2: centre +/- half the size read as x, y, w, h gives wrong pyramid levels."""
    masks = np.zeros((2, 8, 8), bool)
    masks[0, 2:5, 1:7] = True
    assert losses.boxes_of(masks) == [(2, 1, 5, 7), (0, 0, 0, 0)]
