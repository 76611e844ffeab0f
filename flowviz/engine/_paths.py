"""Recorded paths in a fifth of their size: 16 bits of the box that holds them, as differences along flow time.

Rounding moves a point by at most 1 / 131 070 of the box, a thousandth of a pixel or so, and is the same whenever a
file is read and written again. What is written is the second differences along time, folded to small positive
numbers, high bytes apart from low ones, since paths are smooth; a zip packs that well.
"""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array

_MOST = 2**16 - 1
_LEAST_STEPS = 500
"""Steps of rounding in the mean distance of the points from their centre; coarser ones could be seen."""
Box = list[list[float]]


def coded(paths: Array) -> tuple[Array, Box] | None:
    """Paths (T, n, d) float32 as bytes (2, T, n, d) and the box: lowest and highest value of each axis.

    None where one far outlier would make the others coarse, or where there is nothing to code.
    """
    low, high = paths.min(axis=(0, 1)).astype(np.float64), paths.max(axis=(0, 1)).astype(np.float64)
    step = (high - low) / _MOST
    spread = np.abs(paths - paths.mean(axis=(0, 1))).mean(axis=(0, 1))
    if not (step > 0).all() or not (step * _LEAST_STEPS <= spread).all():
        return None
    whole = np.rint((paths - low) / step).astype(np.uint16)
    for _ in range(2):
        whole = np.diff(whole, axis=0, prepend=np.uint16(0))  # modulo 2^16, so nothing is lost
    signed = whole.view(np.int16)
    folded = ((signed << 1) ^ (signed >> 15)).view(np.uint16)
    return np.stack([(folded >> 8).astype(np.uint8), folded.astype(np.uint8)]), [low.tolist(), high.tolist()]


def decoded(code: Array, box: Box) -> Array:
    """The inverse of `coded`, read-only.

    Raises:
        ValueError: they do not fit together.
    """
    low, high = (np.array(corner, np.float64) for corner in box)
    if code.dtype != np.uint8 or code.ndim != 4 or len(code) != 2 or {low.shape, high.shape} != {code.shape[3:]}:
        raise ValueError("its paths are not coded as they should be")
    if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
        raise ValueError("its paths lie in no box")
    folded = (code[0].astype(np.uint16) << 8) | code[1]
    whole = (folded >> 1) ^ (-(folded & 1).astype(np.int16)).view(np.uint16)
    for _ in range(2):
        whole = np.cumsum(whole, axis=0, dtype=np.uint16)
    paths = (low + whole * ((high - low) / _MOST)).astype(np.float32)
    paths.flags.writeable = False
    return paths
