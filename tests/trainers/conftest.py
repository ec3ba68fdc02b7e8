import pytest

from tests.trainers.fake import paint


@pytest.fixture
def photos(tmp_path):
    """Makes a folder of images: ``photos(3)``, or ``photos(a=DIES, b=FINE)``."""

    def make(number=0, **named):
        folder = tmp_path / "photos"
        for k in range(number):
            paint(folder / f"{k:03}.png", serial=k)
        for name, what in named.items():
            paint(folder / f"{name}.png", what)
        return folder

    return make
