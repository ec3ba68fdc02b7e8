import numpy as np
import pytest

from app.services import goodness, ingest, review
from app.services.quality import atlas, outliers
from app.services.review import Operation
from app.store.records import INSTANCE_STATES, NewInstance
from tests.app.helpers import make_image


@pytest.fixture
def cloud(ws, tmp_path):
    """Forty accepted masks around one direction, one far off, and five pending ones."""
    make_image(tmp_path / "photos" / "a.png")
    ingest.import_folder(ws, tmp_path / "photos")
    chance = np.random.default_rng(0)
    rows = np.array([1, 0, 0, 0]) + 0.05 * chance.normal(size=(46, 4))
    rows[40] = [0, 0, 1, 0]
    with ws.store.write() as tx:
        new = [
            NewInstance("", (0, 0, 1, 1), 1, 0.9 - k / 100, row.astype("<f2").tobytes()) for k, row in enumerate(rows)
        ]
        tx.instances.add_many(1, "p@1", new)
        tx.images.refresh([1])
    review.apply(ws, "me", [Operation(f"k{m}", 1, "g", "state", m, 0, "accepted") for m in range(1, 42)])
    goodness.bring_up_to_date(ws)
    return ws


def test_a_mask_unlike_its_category_is_found(cloud):
    found = outliers.outliers(cloud)
    assert found["unlike"][0].instance_id == 41
    assert found["unlike"][0].name == "a.png"
    assert "unlike other unnamed masks" in found["unlike"][0].detail
    assert len(found["unlike"]) < 6


def test_without_calibration_nothing_is_called_bad_or_good(cloud):
    found = outliers.outliers(cloud)
    assert found["accepted"] == found["rejected"] == []


def test_an_empty_workspace_has_neither_outliers_nor_a_map(ws):
    assert outliers.outliers(ws) == {"unlike": [], "accepted": [], "rejected": []}
    empty = atlas.atlas(ws)
    assert (empty.total, len(empty.ids), empty.points.shape) == (0, 0, (0, 2))


def test_the_map_has_every_mask_with_its_state(cloud):
    found = atlas.atlas(cloud)
    assert found.ids.tolist() == list(range(1, 47))
    assert found.total == 46
    assert [INSTANCE_STATES[code] for code in found.states] == ["accepted"] * 41 + ["pending"] * 5
    assert found.points.min() >= 0
    assert found.points.max() <= 1
    others = np.delete(found.points, 40, axis=0)
    assert np.linalg.norm(others - found.points[40], axis=1).min() > 0.2


def test_of_too_many_masks_the_decided_ones_stay(cloud, monkeypatch):
    monkeypatch.setattr(atlas, "MOST", 43)
    found = atlas.atlas(cloud)
    assert len(found.ids) == 43
    assert found.total == 46
    assert set(range(1, 42)) <= set(found.ids.tolist())


def test_the_first_direction_of_the_map_is_the_widest():
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(500, 5)).astype(np.float32) * [1, 9, 1, 4, 1]
    points = atlas.flat(rows.astype(np.float32))
    assert abs(np.corrcoef(points[:, 0], rows[:, 1])[0, 1]) > 0.95
    assert abs(np.corrcoef(points[:, 1], rows[:, 3])[0, 1]) > 0.9
