"""Contact sheets: for every preset the target beside what a method made of it, to judge "recognisable" by eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE = 220
"""Pixels of one picture."""
ACROSS = 4
"""Pairs of pictures in a row."""
_TURN, _TILT = np.radians(35.0), np.radians(20.0)
_REACH = 4.4

Points = NDArray[np.float64]


class Sheet:
    """Gathers pairs of pictures of one method; saved anew after each, so that a cut run leaves what it has.

    Args:
        path: of the PNG.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pairs: list[Image.Image] = []

    def add(self, words: str, target: Points, made: Points) -> None:
        """Points (n, 2) or (n, 3) of the target, on the left, and of the model."""
        pair = Image.new("RGB", (2 * SIDE + 12, SIDE + 22), "white")
        pair.paste(_picture(target), (2, 20))
        pair.paste(_picture(made), (SIDE + 4, 20))
        ImageDraw.Draw(pair).text((4, 3), words, fill="black", font_size=13)
        self._pairs.append(pair)
        self._save()

    def _save(self) -> None:
        width, height = self._pairs[0].size
        across = min(ACROSS, len(self._pairs))
        sheet = Image.new("RGB", (across * width, -(-len(self._pairs) // across) * height), "white")
        for i, pair in enumerate(self._pairs):
            sheet.paste(pair, (i % across * width, i // across * height))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(self._path)


def _picture(points: Points) -> Image.Image:
    """Dark where points (n, d) lie; those in space are seen from above at a slant."""
    x, y = points[:, 0], points[:, 1]
    if points.shape[1] == 3:
        near = np.sin(_TURN) * points[:, 0] + np.cos(_TURN) * points[:, 1]
        x = np.cos(_TURN) * points[:, 0] - np.sin(_TURN) * points[:, 1]
        y = np.cos(_TILT) * points[:, 2] + np.sin(_TILT) * near
    box = [[-_REACH, _REACH]] * 2
    counts = np.histogram2d(np.nan_to_num(y), np.nan_to_num(x), bins=SIDE, range=box)[0]
    ink = 1 - np.exp(-1.5 * counts * SIDE**2 / (20 * len(points)))
    return Image.fromarray((255 * (1 - ink[::-1])).astype(np.uint8))
