"""Round trips and convergence of whole flows: each solver has its order, there and back."""

import math
from itertools import pairwise

import pytest
import torch

from flowviz.core.solver import Solver
from tests.mathematics._random_flow import random_cnf

Z = torch.randn(200, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
ORDERS = {"euler": 1, "midpoint": 2, "rk4": 4}
FINE = Solver("rk4", 400)


@pytest.fixture(scope="module")
def flow():
    return random_cnf(2, strength=1.0)


@pytest.fixture(scope="module")
def exact(flow):
    """Positions at t = 1 and log-densities of Z, converged."""
    return flow.transport(Z, [0.0, 1.0], FINE).paths[-1], flow.log_density(Z, solver=FINE)


@pytest.mark.parametrize("name", ORDERS)
def test_a_round_trip_misses_by_the_order_of_the_solver_or_less(flow, name):
    misses = []
    for steps in (16, 32, 64):
        solver = Solver(name, steps)
        there = flow.transport(Z, [0.0, 1.0], solver).paths[-1]
        misses.append(float((flow.transport(there, [1.0, 0.0], solver).paths[-1] - Z).norm(dim=1).mean()))
    for coarse, fine in pairwise(misses):
        assert math.log2(coarse / fine) > ORDERS[name] - 0.25


@pytest.mark.parametrize("name", ORDERS)
def test_positions_and_log_densities_converge_with_the_order_of_the_solver(flow, exact, name):
    errors = []
    for steps in (32, 64, 128):
        solver = Solver(name, steps)
        computed = flow.transport(Z, [0.0, 1.0], solver).paths[-1], flow.log_density(Z, solver=solver)
        errors.append([float((a - b).abs().mean()) for a, b in zip(computed, exact, strict=True)])
    for coarse, fine in pairwise(errors):
        for a, b in zip(coarse, fine, strict=True):
            assert math.log2(a / b) == pytest.approx(ORDERS[name], abs=0.35)


def test_dopri5_errs_in_proportion_to_its_tolerance_and_does_more_for_a_smaller_one(flow, exact):
    errors, work = [], []
    for tolerance in (1e-4, 1e-6, 1e-8):
        moved = flow.transport(Z, [0.0, 1.0], Solver("dopri5", tolerance=tolerance))
        errors.append(float((moved.paths[-1] - exact[0]).abs().mean()))
        assert errors[-1] < 20 * tolerance
        work.append(moved.nfe)
    assert errors[0] > 10 * errors[1] > 100 * errors[2]
    assert work[0] < work[1] < work[2]


def test_moving_in_two_parts_is_moving_at_once(flow, exact):
    halfway = flow.transport(Z, [0.0, 0.4], Solver("rk4", 100)).paths[-1]
    assert torch.allclose(flow.transport(halfway, [0.4, 1.0], Solver("rk4", 100)).paths[-1], exact[0], atol=1e-7)
