import torch

from freesolo.solo.inference import InferenceSettings, detect
from freesolo.solo.output import SoloOutput
from tests.freesolo.solo.helpers import tiny_network

CELLS = 65


def output_with(network, cells, logit=3.0, classes=1):
    """Only these cells are foreground; their masks are the discs that every kernel starts as."""
    with torch.no_grad():
        output = network(torch.zeros(1, 3, 64, 64))
    category = torch.full((1, CELLS, classes), -9.0)
    for cell in cells:
        category[0, cell] = logit
    return SoloOutput(category, output.kernels, output.embeddings, output.features)


def test_foreground_cells_become_masks():
    network = tiny_network()
    found = detect(network, output_with(network, [36, 36 + 10]), 0, (16, 16), InferenceSettings())
    assert len(found.logits) == 2
    assert found.logits.shape == (2, 16, 16)
    assert (found.scores > 0.3).all()
    assert torch.allclose(found.embeddings.norm(dim=1), torch.ones(2))


def test_of_neighbouring_cells_the_most_probable_is_kept():
    """Points NMS looks at the cells above and to the left, a 2 x 2 window."""
    network = tiny_network()
    output = output_with(network, [36 + 5, 36 + 6])
    output.category[0, 36 + 6] = 2.0
    assert len(detect(network, output, 0, (16, 16), InferenceSettings(keep=0)).logits) == 1


def test_scores_are_probability_times_maskness_in_order():
    network = tiny_network()
    output = output_with(network, [0, 36 + 10, 64], logit=1.0)
    output.category[0, 36 + 10] = 4.0
    found = detect(network, output, 0, (16, 16), InferenceSettings(keep=0))
    assert (found.scores.diff() <= 0).all()
    assert found.scores[0] < torch.tensor(4.0).sigmoid()


def test_nothing_above_the_cut_is_no_detection():
    network = tiny_network()
    found = detect(network, output_with(network, []), 0, (16, 16), InferenceSettings())
    assert len(found.logits) == len(found.scores) == len(found.categories) == 0


def test_masks_of_two_classes_do_not_suppress_each_other():
    network = tiny_network(classes=2)
    output = output_with(network, [], classes=2)
    near = [36 + 5, 36 + 16 + 4]  # two levels, nearly the same disc
    output.kernels[0, near[1]] = output.kernels[0, near[0]]
    network.cells[near[1]] = network.cells[near[0]]
    output.category[0, near[0], 0] = output.category[0, near[1], 0] = 3.0
    same = detect(network, output, 0, (16, 16), InferenceSettings(keep=0))
    output.category[0, near[1], 0], output.category[0, near[1], 1] = -9.0, 3.0
    other = detect(network, output, 0, (16, 16), InferenceSettings(keep=0))
    assert same.scores[1] < 0.5 * same.scores[0]
    assert torch.allclose(other.scores[0], other.scores[1])
    assert sorted(other.categories.tolist()) == [0, 1]


def test_the_own_frame_is_cut_from_padded_features():
    network = tiny_network()
    found = detect(network, output_with(network, [36]), 0, (12, 10), InferenceSettings())
    assert found.logits.shape[1:] == (12, 10)
