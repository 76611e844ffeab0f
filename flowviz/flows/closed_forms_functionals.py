"""JKO steps of other functionals than KL on Gaussians, exactly, beside the gradient flows that they follow.

A step of size h minimises F(rho) + W2^2(start, rho) / (2h) (Jordan, Kinderlehrer & Otto 1998, SIAM J. Math. Anal. 29,
equation 12); the flow is its limit of small steps (Ambrosio, Gigli & Savare 2008, Gradient Flows, chapter 11).
"""

from __future__ import annotations

import numpy as np

from flowviz.core.spec import Array
from flowviz.flows.closed_forms import Gaussian, root


def entropy_step(start: Gaussian, h: float) -> Gaussian:
    """F = int rho log rho: Sigma' = (Sigma + 2hI + (Sigma^2 + 4h Sigma)^(1/2)) / 2; the mean stays."""
    eye = np.eye(len(start.mean))
    return Gaussian(start.mean, (start.cov + 2 * h * eye + root(start.cov @ start.cov + 4 * h * start.cov)) / 2)


def entropy_flow(start: Gaussian, t: float) -> Gaussian:
    """Of F = int rho log rho: the heat equation, Sigma_t = Sigma + 2tI."""
    return Gaussian(start.mean, start.cov + 2 * t * np.eye(len(start.mean)))


def potential_step(start: Gaussian, h: float, precision: Array) -> Gaussian:
    """F = E[x'Ax] / 2: every point moves on its own, x' = (I + hA)^-1 x (an implicit Euler step).

    Args:
        start: the Gaussian before the step.
        h: step size, positive.
        precision: A (d, d), symmetric, with I + hA positive definite.
    """
    moved = np.linalg.inv(np.eye(len(start.mean)) + h * precision)
    return Gaussian(moved @ start.mean, moved @ start.cov @ moved.T)


def interaction_step(start: Gaussian, h: float) -> Gaussian:
    """F = E|x - y|^2 / 4 over independent pairs: the mean stays, deviations shrink by 1 / (1 + h)."""
    return Gaussian(start.mean, start.cov / (1 + h) ** 2)


def interaction_flow(start: Gaussian, t: float) -> Gaussian:
    """Of F = E|x - y|^2 / 4: the mean stays, deviations shrink by e^-t."""
    return Gaussian(start.mean, start.cov * np.exp(-2 * t))


def tempered(start: Gaussian, end: Gaussian, share: float) -> Gaussian:
    """The normalised product start^(1 - share) end^share: precisions mix linearly, means by precision.

    The path of annealed sampling (Neal 2001, Statistics and Computing 11, equation 3).
    """
    first, last = (1 - share) * np.linalg.inv(start.cov), share * np.linalg.inv(end.cov)
    cov = np.linalg.inv(first + last)
    return Gaussian(cov @ (first @ start.mean + last @ end.mean), cov)
