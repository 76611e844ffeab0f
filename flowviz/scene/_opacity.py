"""What is not there: opacity, found by painting the same marks on black and on white."""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array


def opacity_of(dark: Array, light: Array) -> Array:
    """RGBA (h, w, 4) uint8 of marks, from pictures of them on black and on white: (h, w, 4) uint8, B, G, R first.

    Over a ground g a colour c of opacity a gives a c + (1 - a) g, so light - dark = 255 (1 - a) in each channel.
    """
    black, white = dark[..., :3].astype(np.int16), light[..., :3].astype(np.int16)
    alpha = np.clip(255 - (white - black).min(axis=-1), 0, 255)
    colour = black[..., ::-1] * (255.0 / np.maximum(alpha, 1))[..., None]
    return np.concatenate([np.clip(np.rint(colour), 0, 255), alpha[..., None]], axis=-1).astype(np.uint8)
