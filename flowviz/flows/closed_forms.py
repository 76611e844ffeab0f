"""Exact answers for Gaussians: JKO steps, the Ornstein-Uhlenbeck process, Wasserstein-2, KL. numpy, float64.

What the flows are held against, in tests and wherever a picture shows the truth beside the trained flow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowviz.core.spec import Array


class Gaussian(NamedTuple):
    """N(mean, cov): mean (d,), cov (d, d)."""

    mean: Array
    cov: Array

    @classmethod
    def standard(cls, dim: int) -> Gaussian:
        """N(0, I)."""
        return cls(np.zeros(dim), np.eye(dim))


def root(matrix: Array) -> Array:
    """The symmetric square root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)


def jko_step(start: Gaussian, h: float, target: Gaussian | None = None) -> Gaussian:
    """One JKO step of size h for KL(. || target), target N(0, I) unless given.

    argmin over rho of KL(rho || N(b, A^-1)) + W2^2(start, rho) / (2h). With B = I + hA and
    S = B^(-1/2) Sigma B^(-1/2): m' = B^-1 (m + h A b), Sigma' = B^(-1/2) (S + 2hI + (S^2 + 4hS)^(1/2)) / 2 B^(-1/2).
    Step: Jordan, Kinderlehrer & Otto 1998 (SIAM J. Math. Anal. 29), equation 12. For Gaussians its optimal map back
    is M = I + h (A - Sigma'^-1), and the formula above is the solution of Sigma = M Sigma' M; A and Sigma need not
    commute.

    Args:
        start: the Gaussian before the step.
        h: step size, positive.
        target: the Gaussian that the flow tends to.
    """
    dim = len(start.mean)
    target = Gaussian.standard(dim) if target is None else target
    precision = np.linalg.inv(target.cov)
    b = np.eye(dim) + h * precision
    half = np.linalg.inv(root(b))
    s = half @ start.cov @ half
    s = (s + s.T) / 2
    inner = 0.5 * (s + 2 * h * np.eye(dim) + root(s @ s + 4 * h * s))
    return Gaussian(np.linalg.solve(b, start.mean + h * precision @ target.mean), half @ inner @ half)


def ornstein_uhlenbeck(start: Gaussian, t: float, target: Gaussian | None = None) -> Gaussian:
    """The law at time t of dX = -A (X - b) dt + sqrt(2) dW, started from a Gaussian; it tends to N(b, A^-1).

    m_t = b + e^(-At) (m - b), Sigma_t = e^(-At) Sigma e^(-At) + A^-1 (I - e^(-2At)): Risken 1996 (The Fokker-Planck
    Equation), section 6.5. It is the Wasserstein gradient flow of KL(. || N(b, A^-1)), the limit of JKO steps
    (Jordan, Kinderlehrer & Otto 1998, theorem 5.1).

    Args:
        start: the Gaussian at time 0.
        t: time, not negative.
        target: the stationary law N(b, A^-1), N(0, I) unless given.
    """
    target = Gaussian.standard(len(start.mean)) if target is None else target
    values, vectors = np.linalg.eigh(np.linalg.inv(target.cov))
    decay = (vectors * np.exp(-values * t)) @ vectors.T
    gained = (vectors * (-np.expm1(-2 * values * t) / values)) @ vectors.T
    return Gaussian(target.mean + decay @ (start.mean - target.mean), decay @ start.cov @ decay + gained)


def wasserstein_squared(p: Gaussian, q: Gaussian) -> float:
    """W2^2 of two Gaussians (Bures-Wasserstein: Dowson & Landau 1982, J. Multivariate Analysis 12)."""
    half = root(p.cov)
    cross = root(half @ q.cov @ half)
    return float(np.sum((p.mean - q.mean) ** 2) + np.trace(p.cov + q.cov - 2 * cross))


def optimal_map(p: Gaussian, q: Gaussian) -> Array:
    """The matrix T of the optimal map x -> m_q + T (x - m_p) from p to q (d, d)."""
    half = root(p.cov)
    back = np.linalg.inv(half)
    return np.asarray(back @ root(half @ q.cov @ half) @ back)


def kl(p: Gaussian, q: Gaussian) -> float:
    """KL(p || q) in nats."""
    inverse = np.linalg.inv(q.cov)
    shift = q.mean - p.mean
    logs = np.linalg.slogdet(q.cov)[1] - np.linalg.slogdet(p.cov)[1]
    return float(0.5 * (np.trace(inverse @ p.cov) + shift @ inverse @ shift - len(shift) + logs))


def entropy(p: Gaussian) -> float:
    """Differential entropy in nats."""
    return float(0.5 * (len(p.mean) * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(p.cov)[1]))
