"""The least loss of flow matching between sums of Gaussians: what no field can learn, however long it trains."""

from __future__ import annotations

import numpy as np
import torch

from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Array
from flowviz.flows._interpolants import INTERPOLANTS

_TIMES, _POINTS = 64, 512


def matching_floor(source: GaussianMixture, target: GaussianMixture, interpolant: str, sigma: float) -> float:
    """int_0^1 E tr Cov(u | x_t) dt for independent pairs, x_t = a x0 + b x1 + sigma z and u = a' x0 + b' x1.

    The regression loss E|v(x_t, t) - u|^2 is least for v = E[u | x_t], and this is what is left then (Lipman et al.
    2023, arXiv 2210.02747, theorem 2). For sums of Gaussians u given x_t is a sum of Gaussians in closed form. The
    mean over x_t is taken over draws with a fixed seed, the one over t by the midpoint rule; between two single
    Gaussians the covariance does not depend on x_t, and only the rule's error remains.

    Args:
        source, target: the densities of x0 and x1.
        interpolant: key of INTERPOLANTS.
        sigma: noise level of the paths.
    """
    path = INTERPOLANTS[interpolant]
    t = torch.linspace(0, 1, _TIMES + 1, dtype=torch.float64)
    t = path.margin + (1 - 2 * path.margin) * (t[:-1] + t[1:]) / 2
    coefficients = [value.numpy() for value in (*path.coefficients(t), *path.slopes(t))]
    rng = np.random.default_rng(0)
    return float(np.mean([_left_at(source, target, sigma, at, rng) for at in np.stack(coefficients, axis=1)]))


def _left_at(
    source: GaussianMixture, target: GaussianMixture, sigma: float, at: Array, rng: np.random.Generator
) -> float:
    """E tr Cov(u | x_t) where the coefficients (a, b, a', b') are `at`, over draws of x_t."""
    a, b, da, db = at
    weights = np.outer(source.weights, target.weights).ravel()
    i, j = (index.ravel() for index in np.indices((len(source.weights), len(target.weights))))
    dim = source.means.shape[1]
    mean_x, mean_u = (p * source.means[i] + q * target.means[j] for p, q in ((a, b), (da, db)))
    s, t = source.covariances[i], target.covariances[j]
    cov_x = a * a * s + b * b * t + sigma**2 * np.eye(dim)
    cov_xu, cov_u = a * da * s + b * db * t, da * da * s + db * db * t
    gain = np.swapaxes(np.linalg.solve(cov_x, cov_xu), 1, 2)
    left = np.trace(cov_u - gain @ cov_xu, axis1=1, axis2=2)
    if len(weights) == 1:
        return float(left[0])
    which = rng.choice(len(weights), _POINTS, p=weights)
    noise = rng.standard_normal((_POINTS, dim, 1))
    x = mean_x[which] + (np.linalg.cholesky(cov_x[which]) @ noise)[:, :, 0]
    share = _shares(weights, mean_x, cov_x, x)
    # u given x and the component has the mean shift + gain x; its square is a quadratic in x, so that one matrix
    # product gathers all moments over thousands of components.
    shift = mean_u - (gain @ mean_x[:, :, None])[:, :, 0]
    squares = left + np.square(shift).sum(axis=1)
    slopes = 2 * (shift[:, None] @ gain)[:, 0]
    bends = (np.swapaxes(gain, 1, 2) @ gain).reshape(-1, dim * dim)
    terms = share @ np.concatenate([squares[:, None], slopes, bends, shift, gain.reshape(-1, dim * dim)], axis=1)
    square, slope, bend, start, turn = np.split(terms, np.cumsum([1, dim, dim * dim, dim]), axis=1)
    mean = start + (turn.reshape(-1, dim, dim) @ x[:, :, None])[:, :, 0]
    total = square[:, 0] + (slope * x).sum(axis=1) + (bend * _products(x)).sum(axis=1)
    return float((total - np.square(mean).sum(axis=1)).mean())


def _products(x: Array) -> Array:
    """All products of two coordinates of points (n, d): (n, d^2)."""
    return np.asarray((x[:, :, None] * x[:, None]).reshape(len(x), -1))


def _shares(weights: Array, means: Array, covariances: Array, x: Array) -> Array:
    """(n, k) posterior weights of Gaussians at points (n, d); their logarithms are quadratic in x."""
    precisions = np.linalg.inv(covariances)
    pulls = (precisions @ means[:, :, None])[:, :, 0]
    heights = np.log(weights) - 0.5 * (np.linalg.slogdet(covariances)[1] + (pulls * means).sum(axis=1))
    logs = heights + x @ pulls.T - 0.5 * _products(x) @ precisions.reshape(len(weights), -1).T
    logs -= logs.max(axis=1, keepdims=True)
    share = np.exp(logs)
    return np.asarray(share / share.sum(axis=1, keepdims=True))
