"""Gaussian data and short runs for the tests of the JKO flow."""

import numpy as np
import torch

from flowviz.flows import Problem
from flowviz.flows.closed_forms import Gaussian
from flowviz.flows.jko import JkoFlow

SMALL = {"width": 16, "batch_size": 64, "pool": 512, "blocks": 3}
NOISE = Gaussian.standard(2)
TILTED = Gaussian(np.zeros(2), np.array([[7.0, 5.0], [5.0, 7.0]]))
SHIFTED = Gaussian(np.array([3.0, 3.0]), np.eye(2))
SQUEEZED = Gaussian(np.array([-1.0, 0.5]), np.array([[0.3, -0.2], [-0.2, 0.5]]))


def cloud(gaussian, seed=0, dtype=torch.float32):
    """The problem of learning a Gaussian."""
    generator = torch.Generator().manual_seed(seed)
    factor = torch.from_numpy(np.linalg.cholesky(gaussian.cov)).to(dtype)
    mean = torch.from_numpy(gaussian.mean).to(dtype)
    return Problem(2, lambda n: torch.randn(n, 2, generator=generator, dtype=dtype) @ factor.t() + mean, dtype=dtype)


def laid_out(gaussian, n=20000):
    """Points (n, 2) whose own mean and covariance are exactly the Gaussian's: what is left is the flow's error."""
    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64).numpy()
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T, bias=True))).T
    return torch.from_numpy(z @ np.linalg.cholesky(gaussian.cov).T + gaussian.mean)


def run(flow, budget):
    """A stretch of training at a hundredth of a second a step."""
    flow.plan(budget)
    infos = []
    while flow.progress < 1:
        infos.append(flow.step(0.01 * len(infos)))
    return infos


def small(dtype=torch.float32, **params):
    """A small flow to learn a shifted Gaussian."""
    return JkoFlow.create(SMALL | params, cloud(Gaussian(np.ones(2), np.eye(2) * 0.25), dtype=dtype))
