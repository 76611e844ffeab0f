"""Sums of isotropic Gaussians in two or three dimensions: exact log-density, quick entropy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array

_CHUNK = 4_000_000  # numbers in one block of the (points, components) table: 32 MB
_SMALL = 200_000  # tables smaller than this are not worth tiling
_NEGLIGIBLE = 30.0  # terms smaller than exp(-30) of the leading one are left out of a tile
_TILES = {2: 40, 3: 16}  # tiles along the longer side, by dimension
_UNSEEN = 9.0  # standard deviations beyond which a component adds less than 1e-17 of its height
_REACH = 5.5  # standard deviations that count as holding all of a Gaussian
_CELLS = 2.5  # grid cells per standard deviation in the entropy's quadrature


@dataclass(frozen=True, slots=True)
class GaussianCloud:
    """sum_m weights[m] N(centres[m], sds[m]^2 I), each optionally smeared over a square.

    Attributes:
        centres: (m, d).
        weights: (m,), summing to 1.
        sds: (m,), positive.
        box: side of a square [0, box]^d over which every component is smeared evenly as well
            (the uniform part of the noise of FFJORD's two spirals); 0 for none.
    """

    centres: Array
    weights: Array
    sds: Array
    box: float = 0.0

    @property
    def dim(self) -> int:
        """Dimension d."""
        return int(self.centres.shape[1])

    def bounds(self) -> tuple[Array, Array]:
        """Corners (d,), (d,) of a box with all but about 1e-7 of the mass."""
        margin = _REACH * self.sds[:, None]
        return (self.centres - margin).min(axis=0), (self.centres + margin).max(axis=0) + self.box

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n draws (n, d)."""
        chosen = pick(self.weights, n, rng)
        x = self.centres[chosen] + self.sds[chosen, None] * rng.standard_normal((n, self.dim))
        return x + self.box * rng.random((n, self.dim)) if self.box else x

    def log_density(self, x: Array) -> Array:
        """Natural log-density (n,) at x (n, d)."""
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        if len(x) * len(self.weights) < _SMALL:
            return self._all(x)
        result = np.full(len(x), -np.inf)  # of infinitely far points, and of those that are no numbers
        finite = np.isfinite(x).all(axis=1)
        result[finite] = self._tiled(x if finite.all() else x[finite])
        return result

    def _all(self, x: Array) -> Array:
        rows = max(1, _CHUNK // len(self.weights))
        parts = [self._block(x[start : start + rows]) for start in range(0, len(x), rows)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _tiled(self, x: Array) -> Array:
        """The same, tile by tile, with only the components that can matter there: those whose largest term
        in the tile is at least exp(-30) of the smallest value that the leading term can take."""
        low, high = x.min(axis=0), x.max(axis=0)
        side = max(2 * float(np.median(self.sds)), float((high - low).max()) / _TILES[self.dim])
        cells = np.floor((x - low) / side).astype(np.int64)
        tiles, owner = np.unique(cells @ 64 ** np.arange(self.dim), return_inverse=True)
        order = np.argsort(owner, kind="stable")
        ends = np.cumsum(np.bincount(owner, minlength=len(tiles)))
        heights = np.log(self.weights) - self.dim * np.log(self.sds)
        result = np.empty(len(x))
        for end, start in zip(ends, np.concatenate([[0], ends[:-1]]), strict=True):
            mine = order[start:end]
            points = x[mine]
            keep = self._matter(points.min(axis=0), points.max(axis=0), heights)
            part = GaussianCloud(self.centres[keep], self.weights[keep], self.sds[keep], self.box)
            result[mine] = part._all(points)
        return result

    def _matter(self, low: Array, high: Array, heights: Array) -> Array:
        """Which components (m,) bool can matter in the box [low, high]."""
        below, above = low - self.centres - self.box, high - self.centres
        nearest = np.sum(np.maximum(np.maximum(below, -above), 0.0) ** 2, axis=1)
        farthest = np.sum(np.maximum(np.abs(below), np.abs(above + self.box)) ** 2, axis=1)
        variance = 2 * self.sds**2
        return np.asarray(heights - nearest / variance >= np.max(heights - farthest / variance) - _NEGLIGIBLE)

    def _block(self, x: Array) -> Array:
        if self.box:
            return self._box_block(x)
        exponent = -0.5 * _square_distances(x, self.centres) / self.sds**2
        exponent += np.log(self.weights) - self.dim * (0.5 * math.log(2 * math.pi) + np.log(self.sds))
        return log_sum_exp(exponent)

    def _box_block(self, x: Array) -> Array:
        kernels = [self._axis_kernel(x[:, axis], axis) for axis in range(self.dim)]
        density = math.prod(kernels[1:], start=kernels[0]) @ self.weights
        with np.errstate(divide="ignore"):
            result = np.log(density)
        far = density < 1e-280  # underflow: the same in logarithms, which is ten times slower
        if far.any():
            result[far] = self._box_logs(x[far])
        return result

    def _box_logs(self, x: Array) -> Array:
        from scipy.special import log_ndtr

        total = np.log(self.weights)[None, :] - self.dim * math.log(self.box)
        for axis in range(self.dim):
            upper = (x[:, axis, None] - self.centres[None, :, axis]) / self.sds
            lower = upper - self.box / self.sds
            flip = lower > 0  # the tail that keeps its digits
            high, low = np.where(flip, -lower, upper), np.where(flip, -upper, lower)
            logs = log_ndtr(high)
            with np.errstate(divide="ignore"):
                total = total + logs + np.log(-np.expm1(np.minimum(log_ndtr(low) - logs, -1e-300)))
        return log_sum_exp(total)

    def _axis_kernel(self, values: Array, axis: int) -> Array:
        """(k, m): the components' one-dimensional densities at k values of one coordinate."""
        z = (values[:, None] - self.centres[None, :, axis]) / self.sds
        if not self.box:
            return np.exp(-0.5 * z * z) / (math.sqrt(2 * math.pi) * self.sds)
        from scipy.special import ndtr

        upper, lower = z, z - self.box / self.sds
        flip = lower > 0
        return (ndtr(np.where(flip, -lower, upper)) - ndtr(np.where(flip, -upper, lower))) / self.box

    def entropy(self) -> float:
        """-int p log p in nats, by the trapezoid rule on a grid finer than the narrowest component.

        The components are products of one-dimensional densities, so that a whole plane of the grid is one
        matrix product; the error is below 1e-5 (checked against half the spacing in the tests).
        """
        low, high = self.bounds()
        spacing = float(self.sds.min()) / _CELLS
        axes = [np.arange(low[axis], high[axis] + spacing, spacing) for axis in range(self.dim)]
        kernels = [self._axis_kernel(axes[axis], axis) for axis in (0, 1)]
        total = mass = 0.0
        for kept, weights in self._layers(axes[2:]):
            columns = (kernels[0][:, kept] * weights).T
            rows = max(1, _CHUNK // max(len(axes[0]), len(kept)))
            for start in range(0, len(axes[1]), rows):
                density = kernels[1][start : start + rows, kept] @ columns
                density = density[density > 1e-300]
                mass += float(density.sum())
                total -= float(density @ np.log(density))
        return total / mass + math.log(mass * spacing**self.dim)

    def _layers(self, heights: list[Array]) -> Iterator[tuple[Array, Array]]:
        """The components that matter in every plane of the grid, and their weights there; in two dimensions
        (no heights) there is one plane with all of them."""
        if not heights:
            yield np.arange(len(self.weights)), self.weights
            return
        for z, kernel in zip(heights[0], self._axis_kernel(heights[0], 2), strict=True):
            near = np.abs(z - self.centres[:, 2] - self.box / 2) < _UNSEEN * self.sds + self.box / 2
            kept = np.flatnonzero(near)
            if len(kept):
                yield kept, self.weights[kept] * kernel[kept]


def isotropic(weights: Array, centres: Array, sds: Array) -> GaussianMixture:
    """sum_m weights[m] N(centres[m], sds[m]^2 I)."""
    return GaussianMixture(weights, centres, sds[:, None, None] ** 2 * np.eye(centres.shape[1]))


def log_sum_exp(exponent: Array) -> Array:
    """log sum exp over the last axis (n, m) -> (n,); overwrites its argument."""
    top = exponent.max(axis=1)
    top[~np.isfinite(top)] = 0.0
    exponent -= top[:, None]
    np.exp(exponent, out=exponent)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(exponent.sum(axis=1)))


def pick(weights: Array, n: int, rng: np.random.Generator) -> Array:
    """n indices (n,), index m with probability weights[m] / sum(weights)."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(n) * edges[-1], side="right"), len(edges) - 1)


def well_spaced(n: int, draw: Callable[[int], Array]) -> Array:
    """n points (n, d), each the best of 20 candidates, farthest from those before (Mitchell's best-candidate
    sampling).

    Args:
        n: how many.
        draw: n -> (n, d), the candidates.
    """
    centres = draw(0)
    for _ in range(n):
        candidates = draw(20)
        if len(centres):
            gaps = np.linalg.norm(candidates[:, None] - centres[None], axis=2).min(axis=1)
            candidates = candidates[[int(np.argmax(gaps))]]
        centres = np.concatenate([centres, candidates[:1]])
    return centres


def _square_distances(x: Array, centres: Array) -> Array:
    """(n, m) squared distances, as a matrix product for speed (error about 1e-14 of the squares)."""
    table = x @ (-2.0 * centres.T)
    table += np.sum(x * x, axis=1)[:, None] + np.sum(centres * centres, axis=1)
    return np.maximum(table, 0.0, out=table)
