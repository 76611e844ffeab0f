"""Surfaces made of triangles, and the space that they enclose: uniform draws, and which points lie inside."""

from __future__ import annotations

import math

import numpy as np

from flowviz.core.spec import Array
from flowviz.targets._gaussians import pick

_PAIRS = 2_000_000  # pairs of a point and a triangle that are looked at together
_MOST_BINS = 256
_ASIDE = np.array([1.0e-9, 1.618e-9])  # share of the size by which upright lines pass beside vertices and edges
_TRIAL = 60_000  # draws that check the volume


class Surface:
    """Draws from triangles, evenly or by weights of their vertices.

    Args:
        corners: (m, 3, 3): the triangles' vertices; at least one has an area.
        weights: (m, 3) non-negative density at the vertices, in between linear; None for an even density.
    """

    def __init__(self, corners: Array, weights: Array | None = None) -> None:
        self._corners = corners
        self._weights = weights
        shares = areas(corners) * (1.0 if weights is None else weights.mean(axis=1))
        self._edges = np.cumsum(shares / shares.sum())

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws (n, 3).

        Places in a triangle are Dirichlet(1, 1, 1); a density that is linear with values w at the vertices is
        the mixture of the three Dirichlets with one 2 in place of a 1, in the shares w.
        """
        chosen = np.minimum(np.searchsorted(self._edges, rng.random(n) * self._edges[-1], side="right"), self._last)
        shares = rng.standard_exponential((n, 3))
        if self._weights is not None:
            cumulative = np.cumsum(self._weights[chosen], axis=1)
            corner = (rng.random(n)[:, None] * cumulative[:, -1:] >= cumulative[:, :2]).sum(axis=1)
            shares[np.arange(n), corner] += rng.standard_exponential(n)
        shares /= shares.sum(axis=1, keepdims=True)
        return np.einsum("ni,nij->nj", shares, self._corners[chosen])

    @property
    def _last(self) -> int:
        return len(self._edges) - 1


def areas(corners: Array) -> Array:
    """Areas (m,) of triangles (m, 3, 3)."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray(0.5 * np.linalg.norm(across, axis=1))


def open_edges(faces: Array) -> int:
    """How many edges do not lie between exactly two triangles (m, 3); 0 for a closed surface."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(np.int64)
    _, counts = np.unique(edges[:, 0] * (int(faces.max()) + 1) + edges[:, 1], return_counts=True)
    return int((counts != 2).sum())


def merged(vertices: Array, faces: Array) -> Array:
    """The faces (k, 3) with equal vertices named alike (STL lists each triangle by itself), flat ones left out."""
    _, same = np.unique(vertices, axis=0, return_inverse=True)
    named = same.reshape(-1)[faces]
    distinct = (named[:, 0] != named[:, 1]) & (named[:, 1] != named[:, 2]) & (named[:, 2] != named[:, 0])
    return np.asarray(named[distinct])


class Solid:
    """The space enclosed by a closed surface: where an upright line has crossed it an odd number of times.

    The (x, y) plane is cut into bins that know which triangles lie above or below them, so that a point is
    compared with few triangles, and a draw comes from few boxes.

    Args:
        corners: (m, 3, 3): the triangles of a closed surface.
    """

    def __init__(self, corners: Array) -> None:
        self._corners = corners
        flat = corners.reshape(-1, 3)
        self._low, self._high = flat.min(axis=0), flat.max(axis=0)
        self._bins = int(np.clip(math.sqrt(len(corners)), 4, _MOST_BINS))
        self._size = (self._high - self._low)[:2] / self._bins
        self._make_bins()
        self.volume = self._measured()

    def _make_bins(self) -> None:
        low = self._bin_of(self._corners[:, :, :2].min(axis=1))
        wide, tall = (self._bin_of(self._corners[:, :, :2].max(axis=1)) - low + 1).T
        owner = np.repeat(np.arange(len(low)), wide * tall)
        index = np.arange(len(owner)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
        bins = (low[owner, 0] + index % wide[owner]) * self._bins + low[owner, 1] + index // wide[owner]
        order = np.argsort(bins, kind="stable")
        self._triangles = owner[order]
        self._counts = np.bincount(bins, minlength=self._bins**2)
        self._starts = np.cumsum(self._counts) - self._counts
        bottom, top = np.full(self._bins**2, np.inf), np.full(self._bins**2, -np.inf)
        np.minimum.at(bottom, bins, self._corners[owner, :, 2].min(axis=1))
        np.maximum.at(top, bins, self._corners[owner, :, 2].max(axis=1))
        self._filled = np.flatnonzero(self._counts)
        self._bottom, self._height = bottom[self._filled], (top - bottom)[self._filled]

    def _bin_of(self, xy: Array) -> Array:
        return np.clip(np.floor((xy - self._low[:2]) / self._size), 0, self._bins - 1).astype(np.int64)

    def _measured(self) -> float:
        """The volume: the divergence theorem's where the triangles are turned alike and trial draws agree, else
        that of the draws (a cavity whose triangles are turned outwards counts as space for the theorem)."""
        signed = np.einsum("ni,ni->n", self._corners[:, 0], np.cross(self._corners[:, 1], self._corners[:, 2]))
        exact = abs(float(signed.sum())) / 6
        inside = self.contains(self._candidates(_TRIAL, np.random.default_rng(0)))
        boxes = float(self._height.sum() * np.prod(self._size))
        share, deviation = float(inside.mean()), float(inside.std()) / math.sqrt(_TRIAL)
        return exact if abs(exact / boxes - share) <= 5 * deviation + 1e-9 else boxes * share

    def contains(self, x: Array) -> Array:
        """(n,) bool: which of the points (n, 3) lie inside."""
        inside = np.all((x >= self._low) & (x <= self._high), axis=1)
        where = np.flatnonzero(inside)
        bins = self._bin_of(x[where, :2]) @ np.array([self._bins, 1])
        ends = np.cumsum(self._counts[bins])
        start = 0
        while start < len(where):
            before = ends[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(ends, before + _PAIRS, side="right")))
            inside[where[start:end]] = self._crossings(x[where[start:end]], bins[start:end]) % 2 == 1
            start = end
        return inside

    def _crossings(self, x: Array, bins: Array) -> Array:
        """How often the line upwards from each point (n, 3) in its bin (n,) meets the surface."""
        counts = self._counts[bins]
        owner = np.repeat(np.arange(len(x)), counts)
        index = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        corners = self._corners[self._triangles[self._starts[bins][owner] + index]]
        beside = x[owner, :2] + _ASIDE * (self._high - self._low)[:2]
        a, b, c = (corners[:, i, :2] - beside for i in range(3))
        opposite = np.stack([_cross(b, c), _cross(c, a), _cross(a, b)], axis=1)
        hit = np.all(opposite > 0, axis=1) | np.all(opposite < 0, axis=1)
        weights = opposite[hit]
        height = np.sum(weights * corners[hit, :, 2], axis=1) / weights.sum(axis=1)
        above = owner[hit][height > x[owner[hit], 2]]
        return np.bincount(above, minlength=len(x))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """n independent draws (n, 3), uniform in the space enclosed."""
        parts, have = [np.zeros((0, 3))], 0
        while have < n:
            tried = self._candidates(int(1.2 * (n - have) / self._yield) + 16, rng)
            parts.append(tried[self.contains(tried)])
            have += len(parts[-1])
        return np.concatenate(parts)[:n]

    @property
    def _yield(self) -> float:
        return max(self.volume / float(self._height.sum() * np.prod(self._size)), 1e-3)

    def _candidates(self, n: int, rng: np.random.Generator) -> Array:
        """n uniform draws (n, 3) from the boxes between the lowest and highest triangle of each bin."""
        chosen = pick(self._height, n, rng)
        x = rng.random((n, 3))
        x[:, :2] = self._low[:2] + self._size * (x[:, :2] + np.stack(np.divmod(self._filled[chosen], self._bins), 1))
        x[:, 2] = self._bottom[chosen] + self._height[chosen] * x[:, 2]
        return x


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
