"""The exact paths of flows between two Gaussians: laws, velocities, energy. numpy, float64.

A method whose exact flow is known there gives a GaussianPath; what it has learnt is held against that, in pictures,
in figures and in tests. On Gaussians all these fields are affine: v(x, t) = drift + slope (x - mean).
"""

from __future__ import annotations

import bisect
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from flowviz.core.spec import Array
from flowviz.flows.closed_forms import Gaussian, jko_step, optimal_map, wasserstein_squared

NODES, STEPS = 16, 24
"""Gauss-Legendre nodes and Runge-Kutta steps for each smooth piece of a path."""
_NEAR = 1e-6


class Passing(NamedTuple):
    """A moment of a path: the law of x_t, and the velocity drift + slope (x - mean) there; slope is (d, d)."""

    law: Gaussian
    drift: Array
    slope: Array

    @property
    def energy(self) -> float:
        """E|v|^2."""
        return float(self.drift @ self.drift + np.trace(self.slope @ self.law.cov @ self.slope.T))


@dataclass(frozen=True, slots=True)
class GaussianPath:
    """Laws and velocities at flow times t in [0, 1].

    Attributes:
        at: t -> Passing.
        edges: flow times between its smooth pieces, from 0 to 1.
    """

    at: Callable[[float], Passing]
    edges: tuple[float, ...] = (0.0, 1.0)

    def energy(self) -> float:
        """E int |v|^2 dt, by a Gauss-Legendre rule on each piece."""
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        total = 0.0
        for low, high in itertools.pairwise(self.edges):
            half = (high - low) / 2
            total += half * sum(w * self.at(low + half * (1 + s)).energy for s, w in zip(nodes, weights, strict=True))
        return total

    def map(self) -> Array:
        """The matrix M (d, d) of the flow x_0 -> mean_1 + M (x_0 - mean_0): dM/dt = slope M."""
        m = np.eye(len(self.at(0.5).drift))
        for low, high in itertools.pairwise(self.edges):
            h = (high - low) / STEPS
            for i in range(STEPS):
                # at a joint the piece that is being crossed counts
                places = np.clip([low + (i + s) * h for s in (0, 0.5, 1)], low + _NEAR * h, high - _NEAR * h)
                a, b, c = (self.at(float(t)).slope for t in places)
                k1 = a @ m
                k2 = b @ (m + h / 2 * k1)
                k3 = b @ (m + h / 2 * k2)
                m = m + h / 6 * (k1 + 2 * k2 + 2 * k3 + c @ (m + h * k3))
        return np.asarray(m)

    def moved(self) -> float:
        """E|x_1 - x_0|^2."""
        begin, end, turn = self.at(0.0).law, self.at(1.0).law, self.map() - np.eye(len(self.at(0.5).drift))
        return float(np.sum((end.mean - begin.mean) ** 2) + np.trace(turn @ begin.cov @ turn.T))

    def figures(self) -> dict[str, float]:
        """Read-outs as of particles (see engine._travel): "energy", "least_energy", "npe", "straightness"."""
        energy, least = self.energy(), wasserstein_squared(self.at(0.0).law, self.at(1.0).law)
        result = {"energy": energy, "least_energy": max(0.0, least)}
        if energy > _NEAR:
            result["straightness"] = self.moved() / energy
        if least > _NEAR:
            result["npe"] = max(0.0, energy - least) / least
        return result


class HasGaussianPath(ABC):
    """A flow whose exact path between two Gaussians is known."""

    @abstractmethod
    def gaussian_path(self, source: Gaussian, target: Gaussian, backwards: bool = False) -> GaussianPath | None:
        """What training tends to with the present parameters, or None where they have no closed form.

        Args:
            source, target: the law at t = 0, and that of the data.
            backwards: whether the path of the data back to noise is wanted, not that of the source to the data; they
                differ where the exact flow does not carry one law all the way to the other.
        """


class Coefficients(NamedTuple):
    """Of x_t = a x0 + b x1 + s z: a, b and their slopes, s^2 and s s'."""

    a: float
    b: float
    da: float
    db: float
    noise: float = 0.0
    noise_slope: float = 0.0


def regressed(
    source: Gaussian, target: Gaussian, cross: Array, coefficients: Callable[[float], Coefficients]
) -> GaussianPath:
    """The path of x_t = a x0 + b x1 + s z with the field E[d/dt x_t | x_t].

    Lipman et al. 2023 (arXiv 2210.02747), equation 8; all is Gaussian, so that the field is drift +
    Cov(x_t', x_t) Cov(x_t)^-1 (x - mean).

    Args:
        source, target: the laws of x0 and x1.
        cross: Cov(x0, x1) (d, d): 0 for independent pairs.
        coefficients: t -> Coefficients; where a slope is infinite at 0 or 1 it is asked for next to it.
    """
    eye = np.eye(len(source.mean))

    def at(t: float) -> Passing:
        a, b, da, db, noise, noise_slope = coefficients(min(max(t, _NEAR), 1 - _NEAR))
        cov = a * a * source.cov + b * b * target.cov + a * b * (cross + cross.T) + noise * eye
        both = a * da * source.cov + b * db * target.cov + da * b * cross + db * a * cross.T + noise_slope * eye
        law = Gaussian(a * source.mean + b * target.mean, (cov + cov.T) / 2)
        return Passing(law, da * source.mean + db * target.mean, np.linalg.solve(law.cov, both.T).T)

    return GaussianPath(at)


def bridge_cross(source: Gaussian, target: Gaussian, sigma: float) -> Array:
    """Cov(x0, x1) of the entropic plan with cost |x0 - x1|^2 and weight 2 sigma^2, that of the Schroedinger bridge.

    C = (S0^(1/2) (4 S0^(1/2) S1 S0^(1/2) + sigma^4 I)^(1/2) S0^(-1/2) - sigma^2 I) / 2: Bunne, Hsieh, Cuturi & Krause
    2023 (arXiv 2202.05722), theorem 1. With sigma = 0 it is the cross-covariance of the optimal map.
    """
    values, vectors = np.linalg.eigh(source.cov)
    half, back = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
    inner, turn = np.linalg.eigh(4 * half @ target.cov @ half + sigma**4 * np.eye(len(values)))
    middle = (turn * np.sqrt(inner)) @ turn.T
    return np.asarray((half @ middle @ back - sigma**2 * np.eye(len(values))) / 2)


class Leg(NamedTuple):
    """One affine map x -> end + matrix (x - begin) from noise towards data, gone straight and at even speed."""

    begin: Array
    matrix: Array
    end: Array


def leg_back(before: Gaussian, after: Gaussian) -> Leg:
    """The inverse of the optimal map that a step from `before` (data's side) to `after` has taken."""
    return Leg(after.mean, optimal_map(after, before), before.mean)


def along(start: Gaussian, legs: Sequence[Leg], edges: Sequence[float]) -> GaussianPath:
    """The path of a law through legs, each filling the flow time between two edges: x_s = (1 - s) x + s T(x).

    Displacement interpolation (McCann 1997, Advances in Mathematics 128) where the matrices are symmetric.

    Args:
        start: the law at t = 0.
        legs: in the order of flow time.
        edges: flow times (legs + 1,), from 0 to 1.
    """
    eye, laws = np.eye(len(start.mean)), [start]
    for leg in legs:
        mean = leg.end + leg.matrix @ (laws[-1].mean - leg.begin)
        laws.append(Gaussian(mean, leg.matrix @ laws[-1].cov @ leg.matrix.T))

    def at(t: float) -> Passing:
        k = min(max(bisect.bisect_right(edges, t) - 1, 0), len(legs) - 1)
        span = edges[k + 1] - edges[k]
        s = min(max((t - edges[k]) / span, 0.0), 1.0)
        turn, leg = legs[k].matrix - eye, legs[k]
        now = eye + s * turn
        far = leg.end + leg.matrix @ (laws[k].mean - leg.begin) - laws[k].mean
        law = Gaussian(laws[k].mean + s * far, now @ laws[k].cov @ now.T)
        return Passing(law, far / span, np.linalg.solve(now.T, turn.T).T / span)

    return GaussianPath(at, tuple(edges))


def proximal(source: Gaussian, target: Gaussian, h: float, backwards: bool) -> GaussianPath:
    """The path of the flow that minimises KL(data carried back || source) + E int |v|^2 dt / (2h).

    It is one JKO step of size h from the data (Jordan, Kinderlehrer & Otto 1998, SIAM J. Math. Anal. 29, equation 12),
    gone along its straight lines (Benamou & Brenier 2000, Numerische Mathematik 84).
    """
    after = jko_step(target, h, source)
    return along(after if backwards else source, [leg_back(target, after)], (0.0, 1.0))


def joined(pieces: Sequence[GaussianPath], edges: Sequence[float]) -> GaussianPath:
    """Paths one after another in the order of flow time, each filling the flow time between two edges."""

    def at(t: float) -> Passing:
        k = min(max(bisect.bisect_right(edges, t) - 1, 0), len(pieces) - 1)
        span = edges[k + 1] - edges[k]
        law, drift, slope = pieces[k].at(min(max((t - edges[k]) / span, 0.0), 1.0))
        return Passing(law, drift / span, slope / span)

    return GaussianPath(at, tuple(edges))


def turned(path: GaussianPath) -> GaussianPath:
    """The same path from its end to its beginning."""

    def at(t: float) -> Passing:
        law, drift, slope = path.at(1 - t)
        return Passing(law, -drift, -slope)

    return GaussianPath(at, tuple(1 - edge for edge in reversed(path.edges)))
