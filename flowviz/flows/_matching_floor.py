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
    pairs = [(i, j) for i in range(len(source.weights)) for j in range(len(target.weights))]
    dim = source.means.shape[1]
    blur = sigma**2 * np.eye(dim)
    mean_x = np.array([a * source.means[i] + b * target.means[j] for i, j in pairs])
    mean_u = np.array([da * source.means[i] + db * target.means[j] for i, j in pairs])
    s, q = (np.array([m.covariances[k[side]] for k in pairs]) for side, m in ((0, source), (1, target)))
    cov_x, cov_xu, cov_u = a * a * s + b * b * q + blur, a * da * s + b * db * q, da * da * s + db * db * q
    gain = np.swapaxes(np.linalg.solve(cov_x, cov_xu), 1, 2)
    left = np.trace(cov_u - gain @ cov_xu, axis1=1, axis2=2)
    if len(pairs) == 1:
        return float(left[0])
    which = rng.choice(len(pairs), _POINTS, p=weights)
    roots = np.linalg.cholesky(cov_x)
    x = mean_x[which] + np.einsum("nij,nj->ni", roots[which], rng.standard_normal((_POINTS, dim)))
    offset = x[:, None] - mean_x
    share = _shares(weights, roots, offset)
    u = mean_u + np.einsum("kij,nkj->nki", gain, offset)
    mean = np.einsum("nk,nki->ni", share, u)
    spread = np.square(u - mean[:, None]).sum(axis=2)
    return float((share * (left + spread)).sum(axis=1).mean())


def _shares(weights: Array, roots: Array, offset: Array) -> Array:
    """(n, k) posterior weights of the components at points with these offsets (n, k, d) from their means."""
    z = np.einsum("kij,nkj->nki", np.linalg.inv(roots), offset)
    logs = np.log(weights) - np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1) - 0.5 * np.square(z).sum(axis=2)
    logs -= logs.max(axis=1, keepdims=True)
    share = np.exp(logs)
    return np.asarray(share / share.sum(axis=1, keepdims=True))
