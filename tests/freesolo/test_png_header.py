"""The header of a PNG: what stands behind the pixels counts, the pixels themselves are never decoded."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from freesolo.errors import ImageError
from freesolo.images import probe, read_image
from freesolo.png_header import SIGNATURE, without_pixels

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*, size=(70, 50), before=(), behind=(), pieces=3):
    """A PNG of `PIXELS` in several chunks of pixels."""
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PIXELS))
    step = -(-len(rows) // pieces)
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)), *before]
    parts += [chunk(b"IDAT", rows[at : at + step]) for at in range(0, len(rows), step)]
    return SIGNATURE + b"".join([*parts, *behind, chunk(b"IEND")])


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return chunk(b"eXIf", tags.tobytes().removeprefix(b"Exif\0\0"))


def written(tmp_path, content):
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "metadata",
    [exif(6), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)],
    ids=["exif", "xmp"],
)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_an_orientation_counts_wherever_it_stands(tmp_path, place, metadata):
    path = written(tmp_path, png(**{place: [metadata]}))
    info, read = probe(path), read_image(path)
    assert (info.width, info.height, info.raw_size, info.orientation) == (50, 70, (70, 50), 6)
    assert np.array_equal(read.pixels, np.rot90(PIXELS, -1))


def test_no_pixel_is_decoded(tmp_path, monkeypatch):
    def load(image):
        raise AssertionError("the pixels were asked for")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    for name in ("a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.gif", "a.ppm"):
        Image.fromarray(PIXELS).save(tmp_path / name)
        assert (probe(tmp_path / name).width, probe(tmp_path / name).height) == (70, 50)


def test_the_header_is_small_and_opens():
    whole = png(before=[chunk(b"tEXt", b"Title\0north")], behind=[chunk(b"tIME", bytes(7)), exif(3)])
    head = without_pixels(io.BytesIO(whole))
    assert len(head) < 200 < len(whole)
    with Image.open(io.BytesIO(head)) as image:
        assert (image.size, image.info["Title"]) == ((70, 50), "north")
        assert Image.Image.getexif(image)[0x0112] == 3


def test_damaged_metadata_behind_the_pixels_costs_nothing(tmp_path):
    broken = bytearray(exif(6))
    broken[-1] ^= 1
    assert probe(written(tmp_path, png(behind=[bytes(broken)]))).orientation == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_has_a_size_but_no_pixels(tmp_path, share):
    content = png()
    path = written(tmp_path, content[: int(len(content) * share)])
    assert (probe(path).width, probe(path).height) == (70, 50)
    with pytest.raises(ImageError, match=r"photo.png: the picture is damaged or cut off"):
        read_image(path)


@pytest.mark.parametrize("length", [8, 20, 33, 40])
def test_a_file_without_any_pixels_is_no_image(tmp_path, length):
    path = written(tmp_path, png()[:length])
    for look in (probe, read_image):
        with pytest.raises(ImageError, match=r"photo.png: not (an|a readable) image"):
            look(path)


def test_a_header_that_promises_another_width(tmp_path):
    path = written(tmp_path, png(size=(700, 50)))
    assert (probe(path).width, probe(path).height) == (700, 50)
    with pytest.raises(ImageError, match=r"photo.png: the picture is damaged or cut off"):
        read_image(path)


def test_a_chunk_that_lies_about_its_length(tmp_path):
    content = bytearray(png(behind=[exif(6)]))
    at = content.rindex(b"eXIf")
    content[at - 4 : at] = struct.pack(">I", 2**31 - 1)
    assert probe(written(tmp_path, bytes(content))).orientation == 1


def test_damaged_pixels(tmp_path):
    content = bytearray(png())
    content[200] ^= 0xFF
    with pytest.raises(ImageError, match=r"photo.png: the picture is damaged or cut off"):
        read_image(written(tmp_path, bytes(content)))
