import numpy as np
import pytest

from freesolo.instances import Instances
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.weights import Card
from freesolo.union import ranks
from trainers.errors import UsageError
from trainers.records import Record
from trainers.training.worth import card_with_worth, measured


def drawn_from(slope, offset, seed, n=40000):
    """Scores, and hits that follow the law which is to be found."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.01, 1, n)
    p = 1 / (1 + np.exp(-(slope * np.log(scores) + offset)))
    return scores, rng.random(n) < p


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (2.0, 1.0), (0.5, -3.0)])
def test_the_law_behind_scores_is_found(slope, offset):
    found = measured(*drawn_from(slope, offset, seed=0))
    assert found.slope == pytest.approx(slope, abs=0.15)
    assert found.offset == pytest.approx(offset, abs=0.15)
    assert found.score_of(found.log_odds(np.array([0.2, 0.7]))) == pytest.approx([0.2, 0.7])


@pytest.mark.parametrize("right", [[True] * 3, [False] * 3, [True, False, False]])
def test_few_masks_make_no_certainty(right):
    """Scores that do not tell right from wrong, or the other way round, keep an order and stay finite."""
    found = measured(np.array([0.2, 0.5, 0.9]), np.array(right))
    assert found.slope > 0
    assert abs(found.log_odds(np.array([0.2, 0.9]))).max() < 6


def results(path, image, sides, scores):
    masks = np.zeros((len(sides), 100, 100), bool)
    for mask, side in zip(masks, sides, strict=True):
        mask[:side, :side] = True
    found = Instances.from_masks(masks, np.array(scores, np.float32))
    path.write_bytes(Record(image, image, "p@1", 0.1, found).to_line())
    return path


def test_the_better_proposer_ranks_higher_whatever_its_scores(tmp_path):
    truth = {"/a.png": Instances.from_masks(np.pad(np.ones((1, 50, 50), bool), ((0, 0), (0, 50), (0, 50))), np.ones(1))}
    good = results(tmp_path / "good.jsonl", "/a.png", [48, 49, 50, 51, 52, 9], [0.06, 0.05, 0.05, 0.04, 0.04, 0.01])
    bad = results(tmp_path / "bad.jsonl", "/a.png", [48, 90, 10, 20, 95, 30], [0.99, 0.98, 0.9, 0.8, 0.7, 0.6])
    card = card_with_worth(Card(network=LightSettings()), good, bad, truth)
    quantiles = {name: np.array(values) for name, values in card.score_quantiles.items()}
    assert all((np.diff(values) >= 0).all() for values in quantiles.values())
    assert 0 < quantiles["result"][0] <= quantiles["result"][-1] < 1, "chances, however little the scores of one tell"
    right, wrong = ranks(np.array([0.05]), quantiles["solo"]), ranks(np.array([0.9]), quantiles["teacher"])
    assert right > wrong


def test_results_of_other_images_are_told(tmp_path):
    file = results(tmp_path / "r.jsonl", "/a.png", [10], [0.5])
    with pytest.raises(UsageError, match=r"r.jsonl has no mask on the 1 images that people drew on"):
        card_with_worth(Card(network=LightSettings()), file, file, {"/b.png": Instances.empty((9, 9))})
