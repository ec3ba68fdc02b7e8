"""From a set of superpixels to a smooth mask at the image's own size, as COCO RLE."""

import cv2
import numpy as np
from numba import njit
from pycocotools import mask as coco_mask

from freesolo.instances import Float32, Int32, Int64

_CUT = 0.5
_TOUCHED = 0.125
"""Cut of a mask that is lost between the image's pixels: a pixel of the label map lies nearer than that to one of a larger image."""


class RegionRenderer:
    """Draws sets of regions of one label map.

    The set is smoothed with a Gaussian, scaled bilinearly to the image and cut at 0.5; only the part around the mask is touched. A set
    of which nothing would be left is not smoothed, and where it is lost between the image's pixels even so, all that it touches is drawn.
    """

    def __init__(self, labels: Int32, boxes: Int32, size: tuple[int, int], smoothing: float) -> None:
        """
        Args:
            labels: (h, w) int32 region of each pixel.
            boxes: (n, 4) int32 x0, y0, x1, y1 of each region, inclusive.
            size: (height, width) of the image.
            smoothing: sigma of the Gaussian in pixels of ``labels``; 0 for none.
        """
        self._labels = labels
        self._boxes = boxes
        self._size = size
        self._smoothing = smoothing
        self._radius = round(4 * smoothing)

    def encode(self, regions: Int32) -> bytes:
        """Compressed COCO RLE counts of the mask of these regions."""
        hard, left, top = self._crop(regions)
        for values, cut in ((self._smoothed(hard), _CUT), (hard, _CUT), (hard, _TOUCHED)):
            counts = _column_runs(values, cut, left, top, *self._labels.shape, *self._size)
            if len(counts) > 1:
                break
        code = coco_mask.frPyObjects({"size": list(self._size), "counts": counts.tolist()}, *self._size)
        encoded: bytes = code["counts"]
        return encoded

    def _crop(self, regions: Int32) -> tuple[Float32, int, int]:
        """0 or 1 on a crop that holds all of the mask and what smoothing adds, and the crop's place."""
        height, width = self._labels.shape
        # So far from the mask, the border rule of the crop reads zeros like the whole image's.
        margin = 2 * self._radius + 2
        boxes = self._boxes[regions]
        left, top = max(int(boxes[:, 0].min()) - margin, 0), max(int(boxes[:, 1].min()) - margin, 0)
        right, bottom = (
            min(int(boxes[:, 2].max()) + margin + 1, width),
            min(int(boxes[:, 3].max()) + margin + 1, height),
        )
        chosen = np.zeros(len(self._boxes), np.float32)
        chosen[regions] = 1
        return chosen[self._labels[top:bottom, left:right]], left, top

    def _smoothed(self, hard: Float32) -> Float32:
        if self._radius == 0:
            return hard
        side = 2 * self._radius + 1
        return np.asarray(cv2.GaussianBlur(hard, (side, side), self._smoothing), np.float32).reshape(hard.shape)


@njit(cache=True)
def _column_runs(
    soft: Float32, cut: float, left: int, top: int, low_height: int, low_width: int, height: int, width: int
) -> Int64:
    """Lengths of alternating runs of 0 and 1, zeros first, column by column, of ``soft`` scaled to (height, width) and cut."""
    rows, columns = soft.shape
    x_scale, y_scale = low_width / width, low_height / height
    y_begin = max(int((top - 1) / y_scale) - 1, 0)
    y_end = min(int((top + rows + 1) / y_scale) + 2, height)
    upper = np.empty(height, np.int64)
    lower = np.empty(height, np.int64)
    share = np.empty(height, np.float32)
    for y in range(y_begin, y_end):
        at = min(max((y + 0.5) * y_scale - 0.5, 0.0), low_height - 1.0)
        upper[y] = int(at)
        lower[y] = min(upper[y] + 1, low_height - 1) - top
        share[y] = np.float32(at - upper[y])
        upper[y] -= top
        if upper[y] < 0 or lower[y] >= rows:  # beyond the crop all is zero
            upper[y] = -1
    runs = np.empty(64, np.int64)
    count, end = 0, 0
    column = np.empty(rows, np.float32)
    for x in range(max(int((left - 1) / x_scale) - 1, 0), min(int((left + columns + 1) / x_scale) + 2, width)):
        at = min(max((x + 0.5) * x_scale - 0.5, 0.0), low_width - 1.0)
        x0 = int(at)
        x1 = min(x0 + 1, low_width - 1) - left
        dx = np.float32(at - x0)
        x0 -= left
        if x0 < 0 or x1 >= columns:
            continue
        for y in range(rows):
            column[y] = soft[y, x0] * (1 - dx) + soft[y, x1] * dx
        for y in range(y_begin, y_end):
            if upper[y] < 0 or column[upper[y]] * (1 - share[y]) + column[lower[y]] * share[y] < cut:
                continue
            position = x * height + y
            if position == end and count > 0:
                runs[count - 1] += 1
            else:
                if count + 2 >= len(runs):
                    grown = np.empty(2 * len(runs), np.int64)
                    grown[:count] = runs[:count]
                    runs = grown
                runs[count] = position - end
                runs[count + 1] = 1
                count += 2
            end = position + 1
    runs[count] = height * width - end
    return runs[: count + 1]
