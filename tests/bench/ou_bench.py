"""The Ornstein-Uhlenbeck anchor in space: how far a JKO flow is from the process at t = 0.9.

Mokrov et al. 2021 (arXiv 2106.00736, figure 4 and released results): 18 JKO steps of h = 0.05 from N(0, I) towards a
random N(b, Sigma) (eigenvalues of Sigma in [1, 2], b standard normal), symmetric KL to the exact law at t = 0.9, mean
over 15 runs; in 3D their input-convex networks reach 0.0046.

Two figures. "Exact" is the closed form of the steps in just that setting: what is left is their discretisation. The
"trained" one is flowviz's JKO flow, whose steps tend to N(0, I): the same pair of Gaussians, with the ends exchanged.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows.closed_forms import Gaussian, jko_step, kl, ornstein_uhlenbeck
from flowviz.flows.jko import JkoFlow
from tests.bench._measure import Measurement

DIM, BLOCKS, TIME = 3, 18, 0.9
PUBLISHED = 0.0046
RUNS, TRAINED_RUNS = 15, 3
STEPS_PER_BLOCK = 120
LOOKED_AT = 8192


def random_gaussian(seed: int, dim: int = DIM) -> Gaussian:
    """Mokrov's random targets: a standard normal mean, and a covariance with random axes and eigenvalues in [1, 2]."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(dim, dim)))
    return Gaussian(rng.standard_normal(dim), (axes * (1 + rng.random(dim))) @ axes.T)


def symmetric_kl(p: Gaussian, q: Gaussian) -> float:
    """KL(p || q) + KL(q || p)."""
    return kl(p, q) + kl(q, p)


def exact_chain(seed: int) -> float:
    """Symmetric KL of 18 exact steps from N(0, I) to a random Gaussian's process."""
    target, law = random_gaussian(seed), Gaussian.standard(DIM)
    for _ in range(BLOCKS):
        law = jko_step(law, TIME / BLOCKS, target)
    return symmetric_kl(law, ornstein_uhlenbeck(Gaussian.standard(DIM), TIME, target))


def train(seed: int, blocks: int = BLOCKS, steps_per_block: int = STEPS_PER_BLOCK) -> tuple[JkoFlow, Gaussian]:
    """A JKO flow from a random Gaussian towards N(0, I) for the time 0.9, and that Gaussian."""
    start = random_gaussian(seed)
    generator = torch.Generator().manual_seed(seed)
    root, mean = (torch.from_numpy(a).float() for a in (np.linalg.cholesky(start.cov), start.mean))
    problem = Problem(DIM, lambda n: torch.randn(n, DIM, generator=generator) @ root.T + mean, seed=seed)
    schedule = {"blocks": blocks, "h0": TIME / blocks, "rho": 1.0, "clock": "equal"}
    params = {**schedule, "width": 32, "learning_rate": 0.005}
    flow = JkoFlow.create(params, problem)
    flow.plan(Budget(steps=blocks * steps_per_block))
    count = 0
    while flow.progress < 1:
        flow.step(0.01 * count)
        count += 1
    return flow, start


def trained_distance(flow: JkoFlow, start: Gaussian, n: int = LOOKED_AT) -> float:
    """Symmetric KL between the chain's law and the process's, by n draws of each and their exact densities."""
    law = ornstein_uhlenbeck(start, TIME)
    rng, solver = np.random.default_rng(1), Solver("rk4", 4 * len(flow.blocks()))
    x = torch.from_numpy(rng.multivariate_normal(start.mean, start.cov, n))
    z = flow.transport(x, [1.0, 0.0], solver).paths[-1]
    forward = _log_law(flow, start, x, z, solver) - _log(law, z)
    z = torch.from_numpy(rng.multivariate_normal(law.mean, law.cov, n))
    x = flow.transport(z, [0.0, 1.0], solver).paths[-1]
    backward = _log(law, z) - _log_law(flow, start, x, z, solver)
    return float(forward.mean() + backward.mean())


def _log_law(flow: JkoFlow, start: Gaussian, x: torch.Tensor, z: torch.Tensor, solver: Solver) -> torch.Tensor:
    """Log-density (n,) at z (n, d) of the chain's law: of x (n, d) at the start, less what the volume has gained."""
    gained = flow.log_density(x, 1.0, solver) - _log(Gaussian.standard(DIM), z)
    return _log(start, x) - gained


def _log(law: Gaussian, x: torch.Tensor) -> torch.Tensor:
    mean, covariance = torch.from_numpy(law.mean), torch.from_numpy(law.cov)
    return torch.distributions.MultivariateNormal(mean, covariance).log_prob(x.double())


def measure() -> list[Measurement]:
    """Both figures, and what training one flow takes."""
    exact = float(np.mean([exact_chain(seed) for seed in range(RUNS)]))
    begin = time.process_time()
    trained = [trained_distance(*train(seed)) for seed in range(TRAINED_RUNS)]
    spent = (time.process_time() - begin) / TRAINED_RUNS
    what = "symmetric KL to the Ornstein-Uhlenbeck law at t = 0.9 in 3D"
    return [
        Measurement(f"{what}: exact steps, {RUNS} runs (published 0.0046)", exact, "nats", PUBLISHED, "lower"),
        Measurement(f"{what}: trained JKO flow, mean of {TRAINED_RUNS}", float(np.mean(trained)), "nats", PUBLISHED,
                    "lower"),
        Measurement("CPU time of one such JKO flow, 18 blocks", spent, "s"),
    ]  # fmt: skip
