import numpy as np
import pytest
from PIL import Image

from app.services import ingest, looks
from app.services.looks import MIRRORED, perceptual_hash
from app.store.records import NewInstance
from tests.app.helpers import make_folder


def picture(seed=0):
    """A smooth gray picture with something in it."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8), np.uint8)
    return np.asarray(Image.fromarray(noise).resize((160, 120), Image.Resampling.BICUBIC))


def distance(a, b):
    return (perceptual_hash(a) ^ perceptual_hash(b)).bit_count()


def with_embedding(ws, image_id, *rows, proposer="test@1"):
    masks = [
        NewInstance("", (0, 0, 1, 1), 1, 1 - k / 10, np.asarray(row, "<f2").tobytes()) for k, row in enumerate(rows)
    ]
    with ws.store.write() as tx:
        tx.instances.add_many(image_id, proposer, masks)
        tx.images.change(image_id, proposer=proposer)
        tx.images.refresh([image_id])


def look_of(ws, image_id):
    with ws.store.read() as tx:
        return tx.looks.of_ids([image_id])[image_id]


@pytest.mark.parametrize("seed", range(5))
def test_the_hash_stays_through_what_keeps_the_picture(seed):
    original = picture(seed)
    smaller = np.asarray(Image.fromarray(original).resize((80, 60)))
    darker = (original * 0.6).astype(np.uint8)
    assert distance(original, smaller) <= 2
    assert distance(original, darker) <= 2
    assert (perceptual_hash(original) ^ perceptual_hash(original[:, ::-1]) ^ MIRRORED).bit_count() <= 2


def test_other_pictures_have_other_hashes_that_fit_the_database():
    hashes = [perceptual_hash(picture(seed)) for seed in range(20)]
    assert min((a ^ b).bit_count() for k, a in enumerate(hashes) for b in hashes[:k]) > 12
    assert all(0 <= value < 2**63 for value in hashes)


def test_images_are_looked_at_once_and_again_when_their_masks_or_content_change(ws, tmp_path):
    folder = make_folder(tmp_path / "photos", ("a.png", "b.png"))
    ingest.import_folder(ws, folder)
    assert looks.refresh(ws) == 2
    assert looks.refresh(ws) == 0
    assert look_of(ws, 1).embedding is None
    with_embedding(ws, 1, [3, 0], [0, 1])
    assert looks.refresh(ws) == 1
    embedding = np.frombuffer(look_of(ws, 1).embedding, "<f2")
    assert embedding == pytest.approx([0.5**0.5, 0.5**0.5], abs=1e-3)
    Image.fromarray(picture()).save(folder / "b.png")
    ingest.import_folder(ws, folder)
    assert looks.refresh(ws) == 1


def test_embeddings_alone_leave_the_hash_for_later(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos", ("a.png",)))
    with_embedding(ws, 1, [1, 0])
    assert looks.refresh(ws, embeddings=True) == 1
    assert look_of(ws, 1).phash is None
    assert looks.refresh(ws) == 1
    assert look_of(ws, 1).phash is not None
    with_embedding(ws, 1, [1, 0], proposer="test@2")
    looks.refresh(ws, embeddings=True)
    assert look_of(ws, 1).phash is not None


def test_a_file_that_is_gone_has_no_hash_and_stops_nothing(ws, tmp_path):
    folder = make_folder(tmp_path / "photos", ("a.png", "b.png"))
    ingest.import_folder(ws, folder)
    (folder / "a.png").unlink()
    assert looks.refresh(ws) == 2
    assert look_of(ws, 1).phash is None
    assert look_of(ws, 2).phash is not None


def test_a_run_that_is_stopped_goes_on_later(ws, tmp_path):
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    assert looks.refresh(ws, lambda: True) == 0
    assert looks.refresh(ws) == 3
