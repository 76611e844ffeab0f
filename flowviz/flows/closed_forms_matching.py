"""What flow matching with independent pairs of two Gaussian mixtures can reach: its exact field, energy and floor.

numpy, float64. Given the components i of x0 and j of x1 everything about x_t = a x0 + b x1 is Gaussian, so that the
field E[a' x0 + b' x1 | x_t] is a mixture of linear ones (Lipman et al. 2023, arXiv 2210.02747, equation 8).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array
from flowviz.flows._interpolants import INTERPOLANTS, LINEAR

AT_ONCE = 4_000_000


class Reach(NamedTuple):
    """The least loss and where it comes from.

    kinetic: E int |v|^2 dt of the exact field; floor: E int |a' x0 + b' x1 - v|^2 dt, the loss that no field goes
    below. Their sum is E int |a' x0 + b' x1|^2 dt.
    """

    kinetic: float
    floor: float


def marginal_velocity(
    x: Array, t: float, source: GaussianMixture, target: GaussianMixture, interpolant: str = LINEAR
) -> Array:
    """The exact field (n, d) at points x (n, d) and time t in (0, 1)."""
    place, path = torch.tensor(t, dtype=torch.float64), INTERPOLANTS[interpolant]
    a, b = (float(value) for value in path.coefficients(place))
    da, db = (float(value) for value in path.slopes(place))
    means = a * source.means[:, None] + b * target.means
    speeds = da * source.means[:, None] + db * target.means
    covariances = a * a * source.covariances[:, None] + b * b * target.covariances
    slopes = (a * da * source.covariances[:, None] + b * db * target.covariances) @ np.linalg.inv(covariances)
    heights = np.log(source.weights)[:, None] + np.log(target.weights) - 0.5 * np.linalg.slogdet(covariances)[1]
    dim = x.shape[1]
    pairs = (means.reshape(-1, dim), speeds.reshape(-1, dim), heights.ravel())
    square = (np.linalg.inv(covariances).reshape(-1, dim, dim), slopes.reshape(-1, dim, dim))
    rows = max(1, AT_ONCE // (len(pairs[2]) * dim))
    parts = [_mixed(x[i : i + rows], *pairs, *square) for i in range(0, len(x), rows)]
    return np.concatenate(parts) if parts else np.zeros_like(x)


def _mixed(x: Array, means: Array, speeds: Array, heights: Array, precisions: Array, slopes: Array) -> Array:
    offset = x[:, None] - means
    logs = heights - 0.5 * np.einsum("npi,pij,npj->np", offset, precisions, offset)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return np.asarray(shares @ speeds + np.einsum("np,pij,npj->ni", shares, slopes, offset))


def reach(
    pairs: tuple[Array, Array], source: GaussianMixture, target: GaussianMixture, times: int = 12, name: str = LINEAR
) -> Reach:
    """Energy and floor, with the mean over pairs that were drawn and a Gauss-Legendre rule over time.

    Args:
        pairs: x0, x1 (n, d), independent draws of the two mixtures.
        source, target: the mixtures.
        times: nodes of the rule.
        name: the interpolant.
    """
    x0, x1 = pairs
    nodes, weights = np.polynomial.legendre.leggauss(times)
    kinetic = whole = 0.0
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        place, path = torch.tensor(t, dtype=torch.float64), INTERPOLANTS[name]
        (a, b), (da, db) = path.coefficients(place), path.slopes(place)
        v = marginal_velocity(float(a) * x0 + float(b) * x1, float(t), source, target, name)
        kinetic += weight * float(np.mean(np.sum(v**2, axis=1)))
        whole += weight * float(np.mean(np.sum((float(da) * x0 + float(db) * x1) ** 2, axis=1)))
    return Reach(kinetic, whole - kinetic)
