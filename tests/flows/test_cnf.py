import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows._training import FlatAdam, Stream, learning_rate
from flowviz.flows.closed_forms import Gaussian, entropy
from flowviz.flows.cnf import CnfFlow


def mixture(seed=0):
    generator = torch.Generator().manual_seed(seed)

    def sample(n):
        side = (torch.rand(n, 1, generator=generator) < 0.5).float() * 3 - 1.5
        return 0.4 * torch.randn(n, 2, generator=generator) + side

    return sample


def trained(steps, **params):
    flow = CnfFlow.create({"width": 32, "batch_size": 256, **params}, Problem(2, mixture()))
    flow.plan(Budget(steps=steps))
    while flow.progress < 1:
        flow.step(0.0)
    return flow


@pytest.fixture(scope="module")
def flow():
    return trained(250)


def test_maximum_likelihood_comes_near_the_entropy_and_not_below_it(flow):
    x = mixture(9)(20000).double()
    nll = -flow.log_density(x)
    # Two components eight standard deviations apart: the entropy of one and log 2.
    least = entropy(Gaussian(np.zeros(2), 0.16 * np.eye(2))) + math.log(2)
    error = float(nll.std()) / len(nll) ** 0.5
    assert least - 3 * error < float(nll.mean()) < least + 0.08


def test_the_reported_density_is_that_of_the_converged_solver(flow):
    x = mixture(9)(5000).double()
    own, fine = (flow.log_density(x, solver=solver).mean() for solver in (Solver(), Solver("rk4", 100)))
    assert float(own) == pytest.approx(float(fine), abs=1e-3)


def test_the_solver_takes_more_steps_when_its_error_grows_and_none_when_told_not_to():
    eager = trained(60, solver="euler", solver_steps=2, learning_rate=2e-2)
    assert eager.weights()["steps"][1] > 2
    fixed = trained(60, solver="euler", solver_steps=2, learning_rate=2e-2, solver_error=0.0)
    assert fixed.weights()["steps"][1] == 2


def test_training_turns_back_and_takes_care_when_the_field_outruns_the_solver():
    flow = CnfFlow.create({"width": 32, "batch_size": 256, "solver_steps": 2}, Problem(2, mixture()))
    flow.plan(Budget(steps=60))
    for _ in range(21):
        flow.step(0.0)
    good = flow._guard._good[0].clone()
    with torch.no_grad():
        flow._flat.mul_(4.0)
    for _ in range(20):
        flow.step(0.0)
    assert flow._guard.caution == 0.5
    assert float((flow._flat.detach() - good).norm() / good.norm()) < 0.1


def test_the_energy_weight_shortens_the_paths():
    def energy(flow):
        z = torch.randn(2000, 2, generator=torch.Generator().manual_seed(1))
        paths = flow.transport(z, [0.0, 1.0]).paths
        return float((paths[1] - paths[0]).square().sum(1).mean())

    assert energy(trained(80, energy=5.0)) < 0.8 * energy(trained(80, energy=0.0))


def test_the_first_step_comes_without_the_slow_imports():
    code = """
import sys, time, torch
from flowviz.flows import FLOWS, Problem
for key in ("cnf", "jko"):
    flow = FLOWS.get(key).create({}, Problem(2, lambda n: torch.randn(n, 2)))
    flow.step(0.0)
assert not {"torch._dynamo", "torchdiffeq", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_flat_adam_is_adam():
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(7, generator=generator, dtype=torch.float64)
    flat, reference = start.clone(), torch.nn.Parameter(start.clone())
    adam = FlatAdam(flat, flat.clone(), betas=(0.9, 0.99))
    judge = torch.optim.Adam([reference], lr=0.01, betas=(0.9, 0.99))
    for _ in range(20):
        gradient = torch.randn(7, generator=generator, dtype=torch.float64)
        adam.update(gradient, 0.01, 1e9, 0.0)
        reference.grad = gradient
        judge.step()
    assert torch.allclose(flat, reference.detach(), atol=1e-9)


def test_gradients_are_clipped_to_their_norm_and_bad_ones_left_out():
    flat = torch.zeros(4)
    adam = FlatAdam(flat, flat.clone())
    adam.update(torch.full((4,), float("nan")), 0.1, 1.0, 0.9)
    assert torch.equal(flat, torch.zeros(4))
    adam.update(torch.tensor([1e30, 0.0, 0.0, 0.0]), 0.1, 1.0, 0.9)
    assert torch.isfinite(flat).all()


def test_the_learning_rate_warms_up_and_falls_to_a_hundredth():
    assert learning_rate(1.0, 0.0, 0) == pytest.approx(1 / 30)
    assert learning_rate(1.0, 0.0, 100) == 1.0
    assert learning_rate(1.0, 0.5, 100) == pytest.approx(0.505)
    assert learning_rate(1.0, 1.0, 100) == pytest.approx(0.01)


def test_a_stream_serves_every_draw_once_and_in_order():
    drawn = torch.arange(100.0)[:, None]
    at = 0

    def sample(n):
        nonlocal at
        at += n
        return drawn[at - n : at]

    stream = Stream(sample, piece=10)
    assert torch.cat([stream.take(5) for _ in range(4)]).equal(drawn[:20])
    assert len(stream.take(30)) == 30
