"""Targets in the part of the source: where a flow begins at t = 0."""

from __future__ import annotations

import math
from typing import final

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.mixtures import GaussianMixture
from flowviz.core.sources import SourceNeed
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import TARGETS, HasLogDensity, HasMixture, Target, build

REACH = 3.2
"""Half side of the box that holds practically all of the noise (99.7 % of N(0, I) in 2D)."""


@final
class StandardNormal(Target, HasLogDensity, HasMixture):
    """N(0, I) in any dimension: what a run begins from where nothing else is said."""

    label = "Noise"
    summary = "Standard normal noise."
    is_preset = False

    def __init__(self, dim: int) -> None:
        self._dim = dim

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> StandardNormal:
        """Not to be had by a spec: None stands for it."""
        raise UserError("The standard normal is what a run has without a source.", "Leave the source out.")

    @property
    def dim(self) -> int:
        return self._dim

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return rng.standard_normal((n, self._dim))

    def bounds(self) -> tuple[Array, Array]:
        return np.full(self._dim, -REACH), np.full(self._dim, REACH)

    def log_density(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return np.asarray(-0.5 * (np.sum(x * x, axis=1) + self._dim * math.log(2 * math.pi)))

    def entropy(self) -> float:
        """d (1 + log 2 pi) / 2."""
        return 0.5 * self._dim * (1 + math.log(2 * math.pi))

    def mixture(self) -> GaussianMixture:
        return GaussianMixture(np.ones(1), np.zeros((1, self._dim)), np.eye(self._dim)[None])


def build_source(source: TargetSpec | None, target: Target) -> Target:
    """The distribution that a run begins from.

    Args:
        source: its spec, or None for N(0, I).
        target: what the run learns.

    Raises:
        UserError: it cannot be built, or has another dimension than the target.
    """
    if source is None:
        return StandardNormal(target.dim)
    built = build(source)
    if built.dim != target.dim:
        raise UserError(
            f"The source {name_of(source)} has {built.dim} dimensions and the target has {target.dim}.",
            f"Choose a source in {target.dim}D, or leave it out to begin from noise.",
        )
    return built


def are_gaussians(source: TargetSpec | None, target: TargetSpec) -> bool:
    """Whether both ends of a run are Gaussians, so that its flow may have a closed form; None is noise."""
    return all(_is_gaussian(end) for end in (source, target) if end is not None)


def _is_gaussian(spec: TargetSpec) -> bool:
    if spec.key not in TARGETS or not issubclass(TARGETS.get(spec.key), HasMixture):
        return False
    built = build(spec)
    return isinstance(built, HasMixture) and len(built.mixture().weights) == 1


def name_of(source: TargetSpec | None) -> str:
    """What people call a source."""
    return StandardNormal.label if source is None else source.name or source.key


def offer_of_spec(source: TargetSpec | None) -> SourceNeed:
    """The same of a source that is not built (None: noise).

    Raises:
        UserError: there is no such target.
    """
    if source is None:
        return "normal"
    return "density" if issubclass(TARGETS.get(source.key), HasMixture) else "samples"


def offer_of(source: Target) -> SourceNeed:
    """The most that a source meets of what methods ask for; see core.sources."""
    if isinstance(source, StandardNormal):
        return "normal"
    return "density" if isinstance(source, HasMixture) else "samples"
