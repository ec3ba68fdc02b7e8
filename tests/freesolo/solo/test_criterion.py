from dataclasses import replace

import pytest
import torch

from freesolo.solo.criterion import LossSettings, LossSums, loss_sums, total_loss
from tests.freesolo.solo.helpers import square, targets, tiny_network

ALL = LossSettings(dice=1.0)


@pytest.fixture
def network():
    return tiny_network()


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def loss_of(network, output, wanted, settings=ALL):
    return total_loss(loss_sums(network, output, wanted, settings).means(), settings, progress=1.0)


def test_images_without_masks_are_negatives(network, images):
    """Trap 4: a batch with an image without masks crashes the release."""
    output = network(images)
    means = loss_sums(network, output, [targets(), targets()], ALL).means()
    assert means["category"] > 0
    assert all(value == 0 for name, value in means.items() if name != "category")
    loss_of(network, output, [targets(), targets()]).backward()
    assert network.category.bias.grad > 0  # pushes foreground down


def test_every_trainable_weight_gets_a_gradient(network, images):
    loss_of(network, network(images), [targets(square(2, 2, 9, 9)), targets(square(1, 3, 15, 14))]).backward()
    without = [n for n, p in network.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    # the deepest map is read by the level of objects above 19 % only; both are
    assert without == []


def test_the_semantic_branch_trains(network, images):
    """Trap 1."""
    only = LossSettings(max_projection=0, average_projection=0, pairwise=0, category=0)
    loss_of(network, network(images), [targets(square(2, 2, 9, 9)), targets()], only).backward()
    assert network.embedding.weight.grad.abs().max() > 0
    assert network.kernel.weight.grad.abs().max() == 0


def test_a_split_batch_gives_the_same_loss(network, images):
    """What distributed training rests on: sums and counts, not means of means."""
    wanted = [targets(square(2, 2, 9, 9), square(10, 10, 14, 15)), targets(square(0, 0, 3, 16))]
    whole = loss_sums(network, network(images), wanted, ALL)
    parts = [loss_sums(network, network(images[i : i + 1]), wanted[i : i + 1], ALL) for i in range(2)]
    counts = [sum(getattr(part, name) for part in parts) for name in ("positives", "masks", "embeddings")]
    summed = LossSums({name: parts[0].terms[name] + parts[1].terms[name] for name in whole.terms}, *counts)
    for name, value in whole.means().items():
        assert torch.allclose(value, summed.means()[name], atol=1e-5), name


def test_weights_say_how_far_a_mask_is_trusted(network, images):
    output = network(images[:1])
    one, other = square(2, 2, 9, 9), square(10, 10, 15, 15)
    only = loss_sums(network, output, [targets(one)], ALL).means()
    nearly = loss_sums(network, output, [targets(one, other, weights=[1.0, 1e-6])], ALL).means()
    assert torch.allclose(only["max_projection"], nearly["max_projection"], atol=1e-3)
    assert torch.allclose(only["dice"], nearly["dice"], atol=1e-3)


def test_limited_masks_train_the_category_only(network, images):
    """Paper A.2."""
    output = network(images[:1])
    target = targets(square(2, 2, 9, 9), has_mask=[False])
    sums = loss_sums(network, output, [target], ALL)
    assert sums.masks == 0
    assert sums.terms["dice"] == 0
    assert sums.positives > 0


def test_judged_masks_learn_by_dice_and_pseudo_labels_by_the_weak_losses(network, images):
    output = network(images[:1])
    one, other = square(2, 2, 9, 9), square(10, 10, 15, 15)
    settings = ALL.model_copy(update={"by_origin": True})
    weak = ("max_projection", "average_projection", "pairwise")

    def terms(pseudo):
        return loss_sums(network, output, [targets(one, other, pseudo=pseudo)], settings).terms

    judged, mixed, guessed = terms([False, False]), terms([False, True]), terms([True, True])
    assert all(judged[name] == 0 and 0 < mixed[name] < guessed[name] for name in weak)
    assert 0 == guessed["dice"] < mixed["dice"] < judged["dice"]


def test_ignored_cells_are_neither_foreground_nor_background(network, images):
    output = network(images[:1])
    target = targets()
    half = target.ignored.clone()
    half[: len(half) // 2] = True
    all_of_it = loss_sums(network, output, [target], ALL).terms["category"]
    rest = loss_sums(network, output, [replace(target, ignored=half)], ALL).terms["category"]
    assert 0 < rest < all_of_it


def test_categories_pick_their_column(images):
    network = tiny_network(classes=3)
    settings = LossSettings(category=1.0, embedding=0)
    loss_of(network, network(images[:1]), [targets(square(2, 2, 9, 9), categories=[2])], settings).backward()
    gradient = network.category.bias.grad
    assert gradient[2] < gradient[0]
    assert gradient[0] > 0


def test_the_pairwise_term_grows_over_its_ramp():
    settings = LossSettings(pairwise_ramp=0.5, max_projection=0, average_projection=0, category=0, embedding=0)
    means = {"pairwise": torch.tensor(2.0)}
    assert [total_loss(means, settings, at).item() for at in (0.0, 0.25, 0.5, 1.0)] == [0, 1, 2, 2]


def test_defaults_are_the_papers():
    settings = LossSettings()
    assert (settings.average_projection, settings.max_projection, settings.pairwise) == (0.1, 1, 1)  # eq. 7
    assert settings.embedding == 4  # eq. 9
    assert settings.dice == 0


def test_training_on_one_image_learns_it():
    """Not a unit of anything: that all parts pull in one direction."""
    network = tiny_network(frozen_stride=0)
    image = torch.full((1, 3, 64, 64), -0.5)
    image[0, :, 12:40, 20:52] = 0.5
    mask = square(3, 5, 10, 13)
    target = replace(targets(mask), alike=torch.zeros(4, 16, 16, dtype=torch.bool))
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss_of(network, network(image), [target]).backward()
        optimizer.step()
    output = network(image)
    best = output.category[0, :, 0].argmax()
    assert best in target.cells
    drawn = network.mask_logits(output.kernels[0, best[None]], best[None], output.features[0])[0] > 0
    truth = torch.from_numpy(mask)
    assert (drawn & truth).sum() / (drawn | truth).sum() > 0.8
