"""Each equation of DenseCL against a loop over its words, and the pieces around them."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from freesolo.densecl import Encoder, Queue, correspondence, dense_info_nce, follow, info_nce, total


def unit(*shape, seed=0, dtype=torch.float64):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype), dim=-1)


def tiny_encoder(grid=2, **changes):
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 6, 3, stride=4, bias=False), nn.BatchNorm2d(6), nn.ReLU())
    return Encoder(backbone, channels=6, hidden=8, dimensions=4, grid=grid, **changes)


def one_loss(query, own, others, temperature):
    """Equation 1 for one query, as it is written."""
    positive = math.exp(float(query @ own) / temperature)
    return -math.log(positive / (positive + sum(math.exp(float(query @ other) / temperature) for other in others)))


def test_equation_1_is_that_of_a_loop():
    query, key, negatives = unit(3, 5), unit(3, 5, seed=1), unit(7, 5, seed=2)
    allowed = torch.ones(3, 7, dtype=torch.bool)
    allowed[1, 2] = allowed[2, :5] = False
    wanted = [one_loss(query[i], key[i], negatives[allowed[i]], 0.2) for i in range(3)]
    assert float(info_nce(query, key, negatives, allowed, 0.2).loss) == pytest.approx(sum(wanted) / 3)


def test_equation_2_is_that_of_a_loop():
    query, key, negatives = unit(2, 4, 5), unit(2, 4, 5, seed=1), unit(6, 5, seed=2)
    matches = torch.tensor([[3, 0, 0, 1], [2, 2, 1, 0]])
    allowed = torch.ones(2, 6, dtype=torch.bool)
    allowed[0, 1] = False
    wanted = [
        one_loss(query[i, place], key[i, matches[i, place]], negatives[allowed[i]], 0.3)
        for i in range(2)
        for place in range(4)
    ]
    assert float(dense_info_nce(query, key, matches, negatives, allowed, 0.3).loss) == pytest.approx(sum(wanted) / 8)


def test_equation_3_weighs_both():
    assert total(torch.tensor(2.0), torch.tensor(6.0), 0.25).item() == pytest.approx(3.0)


def test_equation_4_takes_the_most_similar_feature_whatever_its_length():
    key = torch.tensor([[[1.0, 0], [0, 0.1], [5, 5]]])
    query = torch.tensor([[[0.0, 9], [2, 2.1], [3, 0.1]]])
    assert correspondence(query, key).tolist() == [[1, 2, 0]]


def test_equation_4_is_that_of_a_loop():
    query, key = torch.randn(2, 9, 6), torch.randn(2, 9, 6)
    for i in range(2):
        wanted = [int(F.cosine_similarity(query[i, place][None], key[i]).argmax()) for place in range(9)]
        assert correspondence(query, key)[i].tolist() == wanted


def test_features_that_are_nothing_match_something():
    """A constant image has no direction to compare; the loss must stay a number."""
    assert correspondence(torch.zeros(1, 4, 3), torch.zeros(1, 4, 3)).tolist() == [[0, 0, 0, 0]]


def test_gradients():
    negatives, allowed = unit(5, 3, seed=2), torch.ones(2, 5, dtype=torch.bool)
    allowed[0, 0] = False
    matches = torch.tensor([[0, 2, 1], [1, 1, 0]])
    whole, dense = unit(2, 3).requires_grad_(), unit(2, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda q: info_nce(q, unit(2, 3, seed=1), negatives, allowed, 0.2).loss, whole)
    key = unit(2, 3, 3, seed=1)
    assert torch.autograd.gradcheck(lambda q: dense_info_nce(q, key, matches, negatives, allowed, 0.2).loss, dense)


def test_only_queries_take_gradients():
    query, key, negatives = (tensor.requires_grad_() for tensor in (unit(2, 3), unit(2, 3, seed=1), unit(4, 3, seed=2)))
    info_nce(query, key, negatives, torch.ones(2, 4, dtype=torch.bool), 0.2).loss.backward()
    assert query.grad.abs().sum() > 0
    assert key.grad is None
    assert negatives.grad is None


def test_nothing_to_contrast_with_is_a_loss_of_nothing():
    query = unit(2, 3).requires_grad_()
    found = info_nce(query, unit(2, 3, seed=1), unit(4, 3, seed=2), torch.zeros(2, 4, dtype=torch.bool), 0.2)
    found.loss.backward()
    assert found.loss.item() == 0
    assert query.grad.abs().sum() == 0


def test_accuracy_is_the_share_of_queries_nearest_to_their_own_key():
    query = torch.eye(4)[:2]
    key = torch.stack([query[0], torch.eye(4)[3]])
    negatives = torch.eye(4)[1:3]
    everything = torch.ones(2, 2, dtype=torch.bool)
    assert info_nce(query, key, negatives, everything, 0.2).accuracy.item() == 0.5
    everything[1, 0] = False  # the nearer negative is of the query's own image
    key[1] = torch.tensor([0, 0.6, 0, 0.8])
    assert info_nce(query, key, negatives, everything, 0.2).accuracy.item() == 1


def test_encoder_gives_vectors_of_length_one():
    encoded = tiny_encoder()(torch.randn(3, 3, 16, 16))
    assert encoded.features.shape == (3, 4, 6)
    assert encoded.whole.shape == (3, 4)
    assert encoded.dense.shape == (3, 4, 4)
    for vectors in (encoded.whole, encoded.dense, encoded.pooled):
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(()))
    assert not encoded.features.requires_grad


def test_encoder_keeps_places_in_their_order():
    """Row by row, and the same order in features and dense vectors."""
    encoder = tiny_encoder().eval()
    images = torch.zeros(1, 3, 16, 16)
    before = encoder(images)
    images[:, :, 9:, :7] = 1  # below, left
    after = encoder(images)
    for one, other in ((before.features, after.features), (before.dense, after.dense)):
        changed = (one - other).abs().sum(2)[0] > 1e-4
        assert changed.tolist() == [False, False, True, False]


def test_queue_replaces_the_oldest_and_wraps_round():
    queue = Queue(5, 2)
    start = queue.keys.clone()
    keys = unit(7, 2, dtype=torch.float32)
    queue.push(keys[:3], torch.tensor([10, 11, 12]))
    assert torch.equal(queue.keys, torch.cat([keys[:3], start[3:]]))
    assert queue.images.tolist() == [10, 11, 12, -1, -1]
    queue.push(keys[3:], torch.tensor([13, 14, 15, 16]))
    assert torch.equal(queue.keys, keys[[5, 6, 2, 3, 4]])
    assert queue.images.tolist() == [15, 16, 12, 13, 14]
    assert queue.cursor.item() == 2


def test_queue_starts_with_random_vectors_of_length_one():
    queue = Queue(50, 8)
    assert torch.allclose(queue.keys.norm(dim=1), torch.ones(50))
    assert queue.keys.mean(0).norm() < 0.4


def test_queue_allows_no_key_of_the_own_image():
    queue = Queue(4, 2)
    queue.push(unit(3, 2, dtype=torch.float32), torch.tensor([7, 8, 7]))
    assert queue.allowed(torch.tensor([7, 9])).tolist() == [[False, True, False, True], [True] * 4]


def test_queue_is_in_the_state():
    queue, other = Queue(4, 2), Queue(4, 2)
    queue.push(unit(3, 2, dtype=torch.float32), torch.tensor([7, 8, 7]))
    other.load_state_dict(queue.state_dict())
    assert torch.equal(other.keys, queue.keys)
    assert other.images.tolist() == queue.images.tolist()
    assert other.cursor.item() == 3


def test_momentum_encoder_follows_slowly():
    query = tiny_encoder()
    key = copy.deepcopy(query)
    with torch.no_grad():
        for value in query.parameters():
            value += 1
        query.backbone[1].running_mean += 8
        query.backbone[1].num_batches_tracked += 5
    before = {name: value.clone() for name, value in key.state_dict().items()}
    follow(key, query, momentum=0.9, norm_momentum=0.75)
    for name, value in key.named_parameters():
        assert torch.allclose(value, before[name] + 0.1, atol=1e-6), name
    assert torch.allclose(key.backbone[1].running_mean, before["backbone.1.running_mean"] + 2)
    assert key.backbone[1].num_batches_tracked.item() == 5
    assert all(torch.equal(a, b + 1) for a, b in zip(query.parameters(), tiny_encoder().parameters(), strict=True))


def test_momentum_of_one_leaves_the_key_encoder_alone():
    query, key = tiny_encoder(), tiny_encoder()
    with torch.no_grad():
        query.whole[0].weight += 1
    follow(key, query, momentum=1, norm_momentum=1)
    assert torch.equal(key.whole[0].weight, tiny_encoder().whole[0].weight)
