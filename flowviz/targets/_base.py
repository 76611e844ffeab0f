"""What a target is: something one can sample, and whose log-density may be known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.registry import Registry
from flowviz.core.spec import Array, TargetSpec


@dataclass(frozen=True, slots=True)
class Frame:
    """The affine map between the shared frame, in which flows learn, and the data's own units.

    data units = shift + scale * shared, axis by axis.

    Attributes:
        shift: (d,) float64.
        scale: (d,) float64, positive.
    """

    shift: Array
    scale: Array

    @classmethod
    def identity(cls, dim: int) -> Frame:
        """The frame of targets that are defined in the shared frame."""
        return cls(np.zeros(dim), np.ones(dim))

    def to_data(self, x: Array) -> Array:
        """(n, d) from the shared frame to the data's own units."""
        return np.asarray(self.shift + self.scale * np.asarray(x, dtype=np.float64))

    def to_shared(self, x: Array) -> Array:
        """(n, d) from the data's own units to the shared frame."""
        return np.asarray((np.asarray(x, dtype=np.float64) - self.shift) / self.scale)

    @property
    def log_volume(self) -> float:
        """log of the volume of one unit cell of the shared frame in data units: log-density in data
        units = log-density in the shared frame - log_volume; entropies and NLLs gain it."""
        return float(np.sum(np.log(self.scale)))


class Target(ABC):
    """A distribution to learn, in the shared frame (most of its mass within [-4, 4]^d).

    Class attributes:
        label: its name for people.
        summary: one sentence.
        Params: frozen dataclass of declared parameters.
        is_preset: whether it stands in the gallery of presets (no data of its own).
        dims: the dimensions that targets of this class can have.
    """

    label: ClassVar[str]
    summary: ClassVar[str]
    Params: ClassVar[type]
    is_preset: ClassVar[bool] = True
    dims: ClassVar[tuple[int, ...]] = (2,)

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: TargetSpec) -> Target:
        """The target that the spec describes.

        Raises:
            UserError: parameters or data do not make a distribution.
        """

    @classmethod
    def dim_of(cls, spec: TargetSpec) -> int:
        """Dimension of the target that a spec of this class describes, without building it."""
        return cls.dims[0]

    @property
    @abstractmethod
    def dim(self) -> int:
        """Dimension d."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws (n, d) float64."""

    @abstractmethod
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper corner (d,), (d,) of a box that holds practically all of the mass."""

    @property
    def frame(self) -> Frame:
        """The way back to the data's own units."""
        return Frame.identity(self.dim)


class HasLogDensity(ABC):
    """A target whose density is known."""

    @abstractmethod
    def log_density(self, x: Array) -> Array:
        """Natural log-density (n,) float64 at points (n, d) of the shared frame; -inf outside the support."""

    @abstractmethod
    def entropy(self) -> float:
        """Differential entropy in nats in the shared frame, the least possible NLL."""


class HasMixture(ABC):
    """A target that is a sum of Gaussians, exactly or by a quadrature whose error lies far below 1e-6.

    Such a density is positive and smooth everywhere, and flows can compute and differentiate it in torch: as a
    source it serves methods that learn through its logarithm.
    """

    @abstractmethod
    def mixture(self) -> GaussianMixture:
        """Its components, in the shared frame."""


TARGETS: Registry[Target] = Registry("target", "flowviz.targets")


def dim_of(spec: TargetSpec) -> int:
    """The dimension of the target that a spec describes, without building it.

    Raises:
        UserError: unknown key.
    """
    return TARGETS.get(spec.key).dim_of(spec)


def build(spec: TargetSpec) -> Target:
    """The target that a spec describes.

    Raises:
        UserError: unknown key, bad parameters, or data that make no distribution.
    """
    target: Any = TARGETS.get(spec.key)
    return target.from_spec(spec)
