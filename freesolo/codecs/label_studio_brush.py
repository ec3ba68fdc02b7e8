"""Label Studio's brush RLE: run lengths packed bit by bit over the RGBA values of a picture, row-major (rle-pack).

A stream begins with the number of values (32 bits), their width - 1 (5) and four widths of run lengths - 1 (4 each). Then
come runs: a bit that says whether one value follows or as many as the run is long, which of the four widths (2), the
length - 1, the value or values. Label Studio's own encoder always takes the widths 3, 4, 8 and 16; we choose those that make
the stream shortest, as its server walks every byte of it several times.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from numba import njit

from freesolo.codecs import coco_rle
from freesolo.errors import CodecError
from freesolo.instances import Bool

UInt8 = npt.NDArray[np.uint8]

_CHANNELS = 4
_MOST_BITS = 16
"""Of a run length."""
_WIDTHS = np.array([(*widths, _MOST_BITS) for widths in combinations(range(1, _MOST_BITS), 3)])
"""(455, 4) all choices of widths, each rising: 16 costs nothing where no run needs it."""
_BITS = np.stack([widths[np.searchsorted(widths, np.arange(1, _MOST_BITS + 1))] for widths in _WIDTHS])
"""(455, 16) bits that each choice spends on a length of 1 to 16 bits."""
_LONGEST = 1 << _MOST_BITS
_HEAD_BITS = 32 + 5 + 4 * 4
_SOLID = 127
"""Alpha above which a pixel of an antialiased stroke counts."""

_DONE, _SHORT, _LONG = 0, 1, 2


def encode(mask: npt.NDArray[np.generic]) -> bytes:
    """(height, width) mask, non-zero is foreground -> the stream in which foreground is 255 in all four channels.

    What `label_studio_sdk.converter.brush.decode_rle` and Label Studio's page read as the mask, in at most the bytes that
    ``mask2rle`` makes of it, run by run in Python.
    """
    if mask.ndim != 2 or not mask.size:
        raise CodecError(f"a mask has two dimensions and pixels, this array has shape {mask.shape}")
    flat = (mask != 0).ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return _stream(np.diff(np.concatenate([starts, [flat.size]])), foreground_first=bool(flat[0]))


def encode_counts(counts: bytes | str, size: tuple[int, int]) -> bytes:
    """Compressed COCO RLE of a (height, width) mask -> the same as `encode` makes of it, without decoding it first: four times as fast.

    Raises:
        CodecError: the counts do not describe a mask of this size, or it has no pixels.
    """
    runs = coco_rle.to_counts_list(counts)
    coco_rle.check_runs(runs, size)
    if not size[0] * size[1]:
        raise CodecError(f"a mask has pixels, this one is of {size[1]} x {size[0]}")
    lengths = _by_rows(np.array(runs, np.int64), *size)
    return _stream(lengths[1:], foreground_first=True) if lengths[0] == 0 else _stream(lengths, foreground_first=False)


def _stream(lengths: npt.NDArray[np.int64], *, foreground_first: bool) -> bytes:
    """Run lengths in pixels, row-major, background and foreground by turns -> the stream."""
    number = int(lengths.sum()) * _CHANNELS
    lengths = lengths * _CHANNELS
    pieces = (lengths - 1) // _LONGEST + 1
    runs = np.full(int(pieces.sum()), _LONGEST, np.int64)
    runs[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    values = np.repeat(np.where((np.arange(len(lengths)) % 2 == 0) == foreground_first, 255, 0), pieces)
    needed = np.frexp(np.maximum(runs - 1, 1))[1]  # bits of each length - 1
    widths = _WIDTHS[(_BITS @ np.bincount(needed, minlength=_MOST_BITS + 1)[1:]).argmin()]
    return bytes(_packed(number, runs, values, widths, np.searchsorted(widths, needed)))


def decode(stream: bytes | Sequence[int], size: tuple[int, int]) -> Bool:
    """The stream -> (height, width) bool: where alpha is above one half, or, if that is nowhere, where there is any.

    Strokes drawn in Label Studio have antialiased edges; masks that it got from `encode` come back as they were.

    Raises:
        CodecError: the stream breaks off, or was made for another size.
    """
    alpha = decode_alpha(stream, size)
    solid: Bool = alpha > _SOLID
    return solid if solid.any() else alpha > 0


def decode_alpha(stream: bytes | Sequence[int], size: tuple[int, int]) -> UInt8:
    """The stream -> (height, width) uint8, the fourth channel.

    Raises:
        CodecError: the stream breaks off, or was made for another size.
    """
    data = _bytes_of(stream)
    if len(data) * 8 < _HEAD_BITS:
        raise CodecError("the brush RLE breaks off in its head")
    number = int.from_bytes(data[:4].tobytes(), "big")
    pixels = size[0] * size[1]
    if number != pixels * _CHANNELS:
        raise CodecError(
            f"the brush RLE holds {number / _CHANNELS:g} pixels, but the image has {size[1]} x {size[0]} = {pixels}"
        )
    alpha = np.zeros(pixels, np.uint8)
    end = _unpack(data, alpha)
    if end == _SHORT:
        raise CodecError("the brush RLE breaks off before the last pixel")
    if end == _LONG:
        raise CodecError("a run of the brush RLE goes beyond the last pixel")
    return alpha.reshape(size)


def _bytes_of(stream: bytes | Sequence[int]) -> UInt8:
    if isinstance(stream, bytes):
        return np.frombuffer(stream, np.uint8)
    try:
        return np.frombuffer(bytes(stream), np.uint8)
    except (TypeError, ValueError):
        raise CodecError("a brush RLE is a list of integers from 0 to 255") from None


@njit(cache=True)
def _write(data: UInt8, place: int, bits: int, value: int) -> int:
    for bit in range(bits):
        data[(place + bit) >> 3] |= ((value >> (bits - 1 - bit)) & 1) << (7 - ((place + bit) & 7))
    return place + bits


@njit(cache=True)
def _packed(
    number: int,
    runs: npt.NDArray[np.int64],
    values: npt.NDArray[np.int64],
    widths: npt.NDArray[np.int64],
    kinds: npt.NDArray[np.int64],
) -> UInt8:
    """The stream of so many values in runs of (length, value, which width)."""
    bits = _HEAD_BITS + (3 + widths[kinds] + 8).sum()
    # Label Studio's encoder pads by 8 - n % 8 bits: a whole byte where none is needed.
    data = np.zeros(bits // 8 + 1, np.uint8)
    place = _write(data, 0, 32, number)
    place = _write(data, place, 5, 7)
    for width in widths:
        place = _write(data, place, 4, width - 1)
    for index, run in enumerate(runs):
        place = _write(data, place, 3, 4 | kinds[index])
        place = _write(data, place, widths[kinds[index]], run - 1)
        place = _write(data, place, 8, values[index])
    return data


@njit(cache=True)
def _by_rows(runs: npt.NDArray[np.int64], height: int, width: int) -> npt.NDArray[np.int64]:
    """Run lengths column-major, zeros first -> row-major, zeros first; only the mask's own rows are looked through."""
    mask = np.zeros((height, width), np.bool_)
    top, bottom, place = height, -1, 0
    for index, run in enumerate(runs):
        if index % 2:
            for pixel in range(place, place + run):
                row = pixel % height
                mask[row, pixel // height] = True
                top, bottom = min(top, row), max(bottom, row)
        place += run
    found = []
    start, inside = 0, False
    for row in range(top, min(bottom + 2, height)):  # the last run may end with its row
        for column in range(width):
            if mask[row, column] != inside:
                found.append(row * width + column - start)
                start, inside = row * width + column, not inside
    found.append(height * width - start)
    return np.array(found)


@njit(cache=True)
def _read(data: UInt8, place: int, bits: int) -> int:
    value = 0
    for bit in range(place, place + bits):
        value = value << 1 | (data[bit >> 3] >> (7 - (bit & 7))) & 1
    return value


@njit(cache=True)
def _unpack(data: UInt8, alpha: UInt8) -> int:
    """Fill ``alpha`` with every fourth of the stream's values; whether it fits."""
    total = len(data) * 8
    word = _read(data, 32, 5) + 1
    widths = (_read(data, 37, 4) + 1, _read(data, 41, 4) + 1, _read(data, 45, 4) + 1, _read(data, 49, 4) + 1)
    place, index = _HEAD_BITS, 0
    number = 4 * len(alpha)
    while index < number:
        if place + 3 > total:
            return _SHORT
        same, width = _read(data, place, 1), widths[_read(data, place + 1, 2)]
        place += 3
        if place + width > total:
            return _SHORT
        end = index + 1 + _read(data, place, width)
        place += width
        if end > number:
            return _LONG
        if place + (word if same else word * (end - index)) > total:
            return _SHORT
        if same:
            alpha[index // 4 : end // 4] = _read(data, place, word)  # value 4 p + 3 is the alpha of pixel p
            place += word
        else:
            for at in range(index, end):
                if at % 4 == 3:
                    alpha[at // 4] = _read(data, place, word)
                place += word
        index = end
    return _DONE
