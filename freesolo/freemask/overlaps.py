"""IoU of many small masks by counting bits: masks of some hundred cells are a few words each."""

import numpy as np
import numpy.typing as npt
from numba import njit

from freesolo.instances import Bool, Float32

UInt64 = npt.NDArray[np.uint64]

_WORD = 64


def iou_of_later(masks: Bool) -> Float32:
    """(n, cells) bool -> (n, n) float32; [i, j] is the IoU of masks i < j, and 0 elsewhere: what Matrix NMS looks at.

    Equal to that part of `freesolo.nms.mask_iou_matrix`, in about a quarter of its time for 1000 masks of 850 cells on one core.
    """
    padded = np.pad(masks, ((0, 0), (0, -masks.shape[1] % _WORD)))
    words = np.packbits(padded, axis=1).view(np.uint64)
    iou: Float32 = _iou_of_later(np.ascontiguousarray(words.T), masks.sum(1, dtype=np.int64))
    return iou


@njit(cache=True)
def _ones(word: np.uint64) -> np.uint64:
    """Number of set bits, in the form that compilers turn into the processor's own instruction."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@njit(cache=True)
def _iou_of_later(words: UInt64, areas: npt.NDArray[np.int64]) -> Float32:
    """``words`` (words, n): the masks' bits, word by word, so that the inner loop runs over masks."""
    count, n = words.shape
    iou = np.zeros((n, n), np.float32)
    common = np.empty(n, np.uint64)
    for i in range(n):
        common[i + 1 :] = 0
        for word in range(count):
            mine = words[word, i]
            for j in range(i + 1, n):
                common[j] += _ones(mine & words[word, j])
        for j in range(i + 1, n):
            overlap = np.int64(common[j])
            union = max(areas[i] + areas[j] - overlap, 1)
            iou[i, j] = np.float32(overlap) / np.float32(union)
    return iou
