"""Colours as numbers, and colour maps as tables of 256 entries.

Maps are made from a few anchors, joined in OKLab (Björn Ottosson, "A perceptual color space for image
processing", 2020) with lightness that changes evenly from end to end. Equal steps of value are therefore
equal steps of brightness, which every kind of colour vision sees, and so does a black-and-white print.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from flowviz.core.spec import Array
from flowviz.scene.tokens import Tokens

ENTRIES = 256

_ANCHORS: dict[str, dict[str, tuple[str, ...]]] = {
    # hue path of each map, from the stage on; "density" ends at middle brightness, so that particles stand out on it
    "density": {
        "dark": ("#141d3a", "#1a3663", "#1c5a8b", "#25819c", "#44a8a6", "#79c9b4"),
        "light": ("#e6eff6", "#c3dbec", "#98c2de", "#6aa5cc", "#4385b5", "#2a6597"),
    },
    "heat": {
        "dark": ("#1b1038", "#57166d", "#a52c60", "#e05a3a", "#f7a02c", "#f9e27a", "#fdfbe4"),
        "light": ("#fbeedd", "#f6c98f", "#ee9a4d", "#d9602f", "#a83250", "#64195f", "#2b0f45"),
    },
    "cividis": {
        "dark": ("#0c2a5c", "#35466c", "#61646f", "#8c8470", "#bba667", "#ebcc52", "#fdea7b"),
        "light": ("#fdf3bd", "#ebcc52", "#bba667", "#8c8470", "#61646f", "#35466c", "#0c2a5c"),
    },
}
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb(colour: str) -> Array:
    """(3,) float64 in [0, 255] of "#rrggbb"."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def mix(a: str, b: str, share: float) -> str:
    """The colour `share` of the way from a to b in OKLab, as "#rrggbb"."""
    lab = _oklab(np.stack([rgb(a), rgb(b)]))
    mixed = np.rint(_srgb(lab[:1] * (1 - share) + lab[1:] * share))[0].astype(int)
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


@lru_cache(maxsize=64)
def token_rgb(tokens: Tokens, name: str) -> Array:
    """(3,) float64 in [0, 255] of a colour by its token name; "series0" to "series5" are the series colours.

    Raises:
        KeyError: there is no such token.
    """
    if name.startswith("series") and name[6:].isdigit():
        return rgb(tokens.series[int(name[6:]) % len(tokens.series)])
    value = getattr(tokens, name, None)
    if not isinstance(value, str) or not value.startswith("#"):
        raise KeyError(f"no colour token {name!r}")
    return rgb(value)


@lru_cache(maxsize=32)
def colour_map(name: str, tokens: Tokens) -> Array:
    """A colour map as (256, 3) float32 in [0, 255]; entry 0 is the theme's stage background.

    On a dark stage more is brighter, on a light stage more is darker.

    Args:
        name: "density", "heat", "cividis", or a colour token (a ramp from the stage to that colour).
    """
    stage = _oklab(rgb(tokens.stage)[None])[0]
    if name not in _ANCHORS:
        lab = np.stack([stage, _oklab(token_rgb(tokens, name)[None])[0]])
        return _table(lab)
    lab = _oklab(np.stack([rgb(anchor) for anchor in _ANCHORS[name][tokens.name]]))
    return _table(np.concatenate([stage[None], lab]))


def _table(lab: Array) -> Array:
    """256 colours along anchors (k, 3) in OKLab, lightness even from the first to the last."""
    lightness = lab[:, 0]
    place = (lightness - lightness[0]) / (lightness[-1] - lightness[0])
    steps = np.linspace(0.0, 1.0, ENTRIES)
    path = np.stack([np.interp(steps, place, lab[:, axis]) for axis in range(3)], axis=1)
    return np.asarray(_srgb(path), dtype=np.float32)


def _oklab(colours: Array) -> Array:
    """(n, 3) sRGB in [0, 255] to OKLab."""
    c = colours / 255.0
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def _srgb(lab: Array) -> Array:
    """(n, 3) OKLab to sRGB in [0, 255], clipped to what a screen can show."""
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0.0, 1.0)
    c = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(c, 0.0, 1.0) * 255.0)
