"""What the target panel computes beside the window: pictures, guides and facts of targets. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from flowviz.core.backend import Choice
from flowviz.core.camera import Camera
from flowviz.core.errors import UserError
from flowviz.core.params import from_mapping
from flowviz.core.sources import why_not
from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.gui.control.sculpt import Form
from flowviz.targets import TARGETS, HasLogDensity, StandardNormal, Target, build, dim_of, offer_of
from flowviz.targets._forms import extruded, revolved
from flowviz.targets._grid import CUBE, EXTENT
from flowviz.targets._grid_target import centred_extent
from flowviz.targets.fonts import BUILT_IN
from flowviz.targets.text import SPAN, TextParams, draw_text, text_data

CELLS = 56
_SAMPLES = 9000
_GUIDE = 2500
NOISE = "noise"
NOISE_LABEL = "Gaussian noise"
NOISE_SUMMARY = "N(0, I): the usual start of a flow, with which every method works."
IN_SPACE = " in space"
_NEEDS = (("density", "a density that is known and smooth everywhere"), ("normal", "Gaussian noise"))
_KEPT = 128
"""So many pictures and facts of presets are kept, some 30 kB each."""
_EYE = Camera(elevation=38.0)
_CORNER = 1.2  # a turned cube needs more room than a square
_BASE_PASSES = 1.5
"""A target taken as the base of a drawing shows like a brush that passed one and a half times."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A target that is known to work.

    Attributes:
        spec: the target, with all the data it needs.
        thumbnail: (CELLS, CELLS) float32 in [0, 1], row 0 at the bottom.
        guide: (n, d) draws.
        notes: what there is to say about it.
    """

    spec: TargetSpec
    thumbnail: Array
    guide: Array
    notes: tuple[str, ...] = ()


def prepare(spec: TargetSpec, notes: tuple[str, ...] = ()) -> Prepared:
    """Build a target and draw from it.

    Raises:
        UserError: the spec makes no distribution.
    """
    if spec.key == "text":
        params = from_mapping(TextParams, spec.params)
        data: Mapping[str, Array] = {name: frozen_array(array) for name, array in text_data(params).items()}
        spec = replace(spec, data=data, name=params.text.replace("\\n", " ")[:40])
    return _prepared(spec, notes) if spec.data else _prepared_once(spec, notes)


def _prepared(spec: TargetSpec, notes: tuple[str, ...]) -> Prepared:
    target = build(spec)
    points = target.sample(_SAMPLES, np.random.default_rng(0))
    return Prepared(spec, thumbnail_of(points, target), points[:_GUIDE].astype(np.float32), notes)


_prepared_once = lru_cache(maxsize=_KEPT)(_prepared)
"""Of presets, which both ends of a flow offer; what has data of its own would keep them alive."""


def tile_of(spec: TargetSpec) -> str:
    """The tile of the gallery that stands for a target; one key may have two, in the plane and in space."""
    both = len(TARGETS.get(spec.key).dims) > 1
    return spec.key + IN_SPACE if both and dim_of(spec) == 3 else spec.key


def noise_picture() -> Array:
    """A small picture of the noise that flows usually begin from."""
    return thumbnail_of(np.random.default_rng(0).standard_normal((_SAMPLES, 2)), StandardNormal(2))


def thumbnail_of(points: Array, target: Target) -> Array:
    """A small picture (CELLS, CELLS) float32 in [0, 1] of draws (n, d); sees at least [-4, 4]^d.

    Points in space are seen from above the usual camera, the nearer ones brighter.
    """
    low, high = target.bounds()
    middle = np.zeros(target.dim)
    half = 4.0
    if float(max(np.max(high), -np.min(low))) > 5.5:
        low, high = np.quantile(points, (0.005, 0.995), axis=0)
        middle, half = (low + high) / 2, float(np.max(high - low)) / 2 * 1.15 or 1.0
    places = (points - middle) / half
    shares = np.ones(len(points))
    if target.dim == 3:
        places = places @ _EYE.rotation().T / _CORNER
        shares = np.clip(0.6 + 0.6 * places[:, 2], 0.1, 1.2)
    counts, _, _ = np.histogram2d(places[:, 1], places[:, 0], CELLS, [(-1, 1), (-1, 1)], weights=shares)
    for axis in (0, 1):  # a small binomial blur takes the graininess of the draws away
        counts = (np.roll(counts, 1, axis) + 2 * counts + np.roll(counts, -1, axis)) / 4
    filled = counts[counts > 0]
    top = float(np.quantile(filled, 0.97)) if len(filled) else 1.0
    return np.asarray(np.clip(counts / max(top, 1e-9), 0.0, 1.0) ** 0.7, dtype=np.float32)


def facts_of(spec: TargetSpec) -> str:
    """One line: number of points or triangles, entropy where it is known."""
    return _facts(spec) if spec.data else _facts_once(spec)


def _facts(spec: TargetSpec) -> str:
    target: Any = build(spec)
    facts = []
    for name, what in (("points", "points"), ("faces", "triangles")):
        if name in spec.data:
            facts.append(f"{len(spec.data[name]):,} {what}".replace(",", "\u202f"))
    if isinstance(target, HasLogDensity):
        facts.append(f"entropy {target.entropy():.3f} nats")
    return " · ".join(facts)


_facts_once = lru_cache(maxsize=_KEPT)(_facts)
"""Of presets: the entropy of some is an integral that takes most of a second."""


def methods_of(spec: TargetSpec, methods: Sequence[Choice]) -> str:
    """Which methods can begin from a source, in words; "" where no methods are known."""
    offer = offer_of(build(spec))
    unable = [choice for choice in methods if why_not(choice.label, choice.source_need, "it", offer)]
    able = [choice.label for choice in methods if choice not in unable]
    if not unable:
        return "Every method can begin here." if methods else ""
    sentences = [f"As a source it works with {', '.join(able)}." if able else "No method can begin here."]
    for need, words in _NEEDS:
        labels = [choice.label for choice in unable if choice.source_need == need]
        if labels:
            sentences.append(f"{', '.join(labels)} {'needs' if len(labels) == 1 else 'need'} {words}.")
    return " ".join(sentences)


def drawing_base(spec: TargetSpec, resolution: int) -> Array:
    """The target's density (resolution, resolution) float32 in passes of a brush, on the canvas.

    Raises:
        UserError: the spec makes no distribution.
    """
    target: Any = build(spec)
    x_low, x_high, y_low, y_high = EXTENT
    if isinstance(target, HasLogDensity):
        xs = x_low + (np.arange(resolution) + 0.5) * (x_high - x_low) / resolution
        grid = np.stack(np.meshgrid(xs, xs), axis=-1).reshape(-1, 2)
        density = np.exp(target.log_density(grid)).reshape(resolution, resolution)
    else:
        points = target.sample(200_000, np.random.default_rng(0))
        ranges = [(y_low, y_high), (x_low, x_high)]
        density, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=resolution, range=ranges)
        for axis in (0, 1, 0, 1):
            density = (np.roll(density, 1, axis) + 2 * density + np.roll(density, -1, axis)) / 4
    return _as_passes(density)


def volume_base(spec: TargetSpec, resolution: int) -> Array:
    """The target's density (resolution, resolution, resolution) float32 in passes of a brush, in the cube; by
    counting draws.

    Raises:
        UserError: the spec makes no distribution.
    """
    points = build(spec).sample(400_000, np.random.default_rng(0))
    ranges = [(CUBE[0], CUBE[1])] * 3
    density, _ = np.histogramdd(points[:, ::-1], bins=resolution, range=ranges)
    for axis in (0, 1, 2, 0, 1, 2):
        density = (np.roll(density, 1, axis) + 2 * density + np.roll(density, -1, axis)) / 4
    return _as_passes(density)


def _as_passes(density: Array) -> Array:
    density = np.nan_to_num(density, nan=0.0, posinf=0.0)
    filled = density[density > 1e-4 * max(float(density.max()), 1e-300)]
    scale = float(np.quantile(filled, 0.9)) if len(filled) else 1.0
    passes = np.clip(density / scale * _BASE_PASSES, 0.0, 8.0)
    return np.where(passes < 0.01, 0.0, passes).astype(np.float32)


def made_of(form: Form, picture: Array, resolution: int) -> Array:
    """The ink (resolution, resolution, resolution) float32 of a solid.

    Args:
        form: what is to be made.
        picture: (rows, columns) of ink on [-4, 4]^2: the drawing in the plane.
        resolution: of the solid.

    Raises:
        UserError: there is nothing drawn, or nothing written that can be seen.
    """
    extent = EXTENT
    if form.text:
        picture = draw_text(form.text, BUILT_IN)
        rows, columns = picture.shape
        extent = centred_extent(rows, columns, SPAN)
    elif not picture.any():
        raise UserError("The drawing in the plane is empty.", "Draw something in 2D first, or type a text.")
    if form.way == "extrude":
        return extruded(picture, form.axis, form.depth, resolution, extent)
    return revolved(picture, form.axis, resolution, extent)
