"""Label Studio's brush RLE, against the encoder and decoder of its own SDK."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from label_studio_sdk.converter import brush as theirs

from freesolo.codecs import coco_rle, label_studio_brush
from freesolo.errors import CodecError
from tests.golden import golden_masks

masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def decoded_by_sdk(stream, shape):
    """The SDK's alpha channel of a stream."""
    return theirs.decode_rle(list(stream)).reshape(*shape, 4)[..., 3]


@pytest.mark.parametrize("mask", golden_masks().values(), ids=golden_masks())
def test_golden_masks_survive_and_label_studio_reads_them(mask):
    stream = label_studio_brush.encode(mask)
    np.testing.assert_array_equal(label_studio_brush.decode(stream, mask.shape), mask)
    np.testing.assert_array_equal(decoded_by_sdk(stream, mask.shape), np.where(mask, 255, 0))


@pytest.mark.parametrize("mask", golden_masks().values(), ids=golden_masks())
def test_the_bytes_are_at_most_those_of_the_sdk(mask):
    stream = label_studio_brush.encode(mask)
    assert len(stream) <= len(theirs.mask2rle(mask.astype(np.uint8) * 255))
    assert label_studio_brush.encode_counts(coco_rle.encode(mask), mask.shape) == stream


def test_a_disc_takes_a_sixth_less_than_in_the_widths_of_the_sdk():
    rows, columns = np.mgrid[:480, :640]
    mask = (rows - 200) ** 2 + (columns - 300) ** 2 < 70**2
    stream = label_studio_brush.encode(mask)
    assert len(stream) < 5 / 6 * len(theirs.mask2rle(mask.astype(np.uint8) * 255))
    np.testing.assert_array_equal(decoded_by_sdk(stream, mask.shape), np.where(mask, 255, 0))


@given(masks)
def test_any_mask_survives_both_ways(mask):
    stream = label_studio_brush.encode(mask)
    np.testing.assert_array_equal(decoded_by_sdk(stream, mask.shape), np.where(mask, 255, 0))
    assert label_studio_brush.encode_counts(coco_rle.encode(mask), mask.shape) == stream
    np.testing.assert_array_equal(label_studio_brush.decode(stream, mask.shape), mask)


@given(arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_any_alpha_of_the_sdk_is_read(alpha):
    stream = theirs.mask2rle(alpha)
    np.testing.assert_array_equal(label_studio_brush.decode_alpha(stream, alpha.shape), alpha)


def test_runs_longer_than_the_longest_are_split():
    mask = np.zeros((300, 300), bool)  # one run of 360,000 values
    stream = label_studio_brush.encode(mask)
    assert not decoded_by_sdk(stream, mask.shape).any()
    assert label_studio_brush.encode_counts(coco_rle.encode(mask), mask.shape) == stream
    assert not label_studio_brush.decode(stream, mask.shape).any()


def test_values_that_are_not_repeated_are_read():
    # Label Studio's own page packs antialiased edges so: a bit 0, then as many values as the run is long.
    head = f"{8:032b}{7:05b}{2:04b}{3:04b}{7:04b}{15:04b}"
    run = "000" + f"{7:03b}" + "".join(f"{value:08b}" for value in (1, 1, 1, 200, 9, 9, 9, 100))
    bits = (head + run).ljust(128, "0")
    stream = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    np.testing.assert_array_equal(label_studio_brush.decode_alpha(stream, (1, 2)), [[200, 100]])


def test_antialiased_edges_are_cut_at_one_half():
    alpha = np.array([[0, 1, 127, 128, 255]], np.uint8)
    stream = theirs.mask2rle(alpha)
    np.testing.assert_array_equal(label_studio_brush.decode(stream, (1, 5)), [[False, False, False, True, True]])


def test_a_faint_mask_is_not_lost():
    stream = theirs.mask2rle(np.array([[0, 1, 90]], np.uint8))
    np.testing.assert_array_equal(label_studio_brush.decode(stream, (1, 3)), [[False, True, True]])


def test_a_mask_of_another_size_is_refused():
    stream = label_studio_brush.encode(np.ones((4, 5), bool))
    with pytest.raises(CodecError, match="holds 20 pixels, but the image has 5 x 3 = 15"):
        label_studio_brush.decode(stream, (3, 5))


@pytest.mark.parametrize("keep", [3, 6, 7, 9])
def test_a_stream_that_breaks_off_is_refused(keep):
    stream = label_studio_brush.encode(np.eye(16, dtype=bool))
    with pytest.raises(CodecError, match="breaks off"):
        label_studio_brush.decode(stream[:keep], (16, 16))


def test_a_run_beyond_the_end_is_refused():
    stream = bytearray(label_studio_brush.encode(np.ones((2, 2), bool)))
    stream[3] = 12  # three pixels instead of four
    with pytest.raises(CodecError, match="beyond the last pixel"):
        label_studio_brush.decode(bytes(stream), (1, 3))


@pytest.mark.parametrize("stream", [[300] * 9, ["1"] * 9, [1.5] * 9, "text", None])
def test_what_is_no_list_of_bytes_is_refused(stream):
    with pytest.raises(CodecError, match="integers from 0 to 255"):
        label_studio_brush.decode(stream, (1, 1))


@pytest.mark.parametrize("mask", [np.zeros((2, 2, 2)), np.zeros((0, 3))])
def test_only_a_picture_is_encoded(mask):
    with pytest.raises(CodecError, match="two dimensions"):
        label_studio_brush.encode(mask)


def test_counts_of_another_size_are_refused():
    counts = coco_rle.encode(np.eye(4, dtype=bool))
    with pytest.raises(CodecError, match="sum to 16, but the image has"):
        label_studio_brush.encode_counts(counts, (4, 5))
    with pytest.raises(CodecError, match="a mask has pixels"):
        label_studio_brush.encode_counts("0", (0, 5))
