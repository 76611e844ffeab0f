"""What the presets share: parameters checked once, a dimension, entropy by quadrature and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.params import from_mapping
from flowviz.core.spec import Array, TargetSpec
from flowviz.targets._base import HasLogDensity, HasMixture, Target
from flowviz.targets._gaussians import GaussianCloud, isotropic


class Preset(Target):
    """A target of the gallery: nothing but declared parameters.

    Args:
        params: an instance of the class's `Params`.

    Raises:
        UserError: the parameters do not go together.
    """

    def __init__(self, params: Any) -> None:
        self.params = params

    @classmethod
    def from_spec(cls, spec: TargetSpec) -> Self:
        return cls(from_mapping(cls.Params, spec.params))

    @property
    def dim(self) -> int:
        return self.dims[0]


class CloudPreset(Preset, HasLogDensity):
    """A preset whose density is a (fine) sum of Gaussians.

    Curves with Gaussian noise are of this kind: the sum is then a Gauss-Legendre quadrature over the
    curve's parameter, so fine that its error lies far below 1e-6.
    """

    def __init__(self, params: Any) -> None:
        super().__init__(params)
        self._cloud = self.cloud()
        self._entropy: float | None = None

    def cloud(self) -> GaussianCloud:
        """The density as a sum of Gaussians."""
        raise NotImplementedError

    def bounds(self) -> tuple[Array, Array]:
        return self._cloud.bounds()

    def log_density(self, x: Array) -> Array:
        return self._cloud.log_density(x)

    def entropy(self) -> float:
        """Entropy in nats by a grid quadrature whose error is below 1e-4."""
        if self._entropy is None:
            self._entropy = self._cloud.entropy()
        return self._entropy


class MixturePreset(CloudPreset, HasMixture):
    """A cloud whose components are not smeared over squares."""

    def mixture(self) -> GaussianMixture:
        return isotropic(self._cloud.weights, self._cloud.centres, self._cloud.sds)


def entropy_on_grid(log_density: Callable[[Array], Array], low: Array, high: Array, spacing: float) -> float:
    """-int p log p over a box, by the trapezoid rule, which is spectrally accurate for a smooth p that
    vanishes at the box's edges.

    Args:
        log_density: (n, 2) -> (n,).
        low, high: corners (2,) of the box.
        spacing: at most about half the width of the density's finest feature.
    """
    xs = np.arange(low[0], high[0] + spacing, spacing)
    ys = np.arange(low[1], high[1] + spacing, spacing)
    total = mass = 0.0
    rows = max(1, 65536 // len(xs))
    for start in range(0, len(ys), rows):
        grid = np.stack(np.meshgrid(xs, ys[start : start + rows]), axis=-1).reshape(-1, 2)
        logs = log_density(grid)
        density = np.exp(logs)
        mass += float(density.sum())
        total -= float(np.sum(density[density > 0] * logs[density > 0]))
    return total / mass + np.log(mass * spacing**2)


def gauss_legendre(low: float, high: float, panels: int, order: int = 8) -> tuple[Array, Array]:
    """Nodes and weights (panels * order,) of the composite Gauss-Legendre rule on [low, high]."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[:-1, None] + edges[1:, None]) / 2
    return (middle + half * nodes).ravel(), (half * weights).ravel()
