"""The training solvers as lists of stages: what they integrate exactly, and how their error falls."""

import math

import pytest
import torch

from flowviz.flows._fused import fused_solve
from flowviz.flows._nets import VelocityNet
from flowviz.flows._schemes import scheme

ORDERS = {"euler": 1, "midpoint": 2, "rk4": 4, "gauss": 3}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_weights_add_up_to_the_way_and_times_lie_on_it_in_order(name, steps):
    plan = scheme(name, steps)
    stages = [stage for step in plan.steps for stage in step]
    assert math.fsum(stage.weight for stage in stages) == pytest.approx(1, abs=1e-14)
    assert len(plan.steps) == steps and sorted(set(plan.times)) == list(plan.times)
    assert {stage.node for stage in stages} == set(range(len(plan.times)))
    assert all(stage.first + len(stage.reads) <= number for number, stage in enumerate(stages))


def test_gauss_steps_integrate_polynomials_of_degree_five_exactly():
    plan = scheme("gauss", 3)
    for degree in range(6):
        total = sum(s.weight * plan.times[s.node] ** degree for step in plan.steps for s in step)
        assert total == pytest.approx(1 / (degree + 1), abs=1e-14)


def test_gauss_stages_sit_where_a_quadratic_velocity_takes_them_once_there_is_a_step_before():
    plan = scheme("gauss", 4)
    times = [plan.times[stage.node] for step in plan.steps for stage in step]
    for number, step in enumerate(plan.steps[1:], start=1):
        for stage in step:
            read = sum(r * times[stage.first + i] for i, r in enumerate(stage.reads))
            end, start = plan.times[stage.node], number / 4
            assert read == pytest.approx((end**2 - start**2) / 2, abs=1e-14)


def test_gauss_needs_one_evaluation_more_than_three_a_step_and_throws_none_of_them_away():
    assert (scheme("gauss", 4).evaluations, scheme("gauss", 4).divergences) == (13, 12)
    assert (scheme("midpoint", 4).evaluations, scheme("midpoint", 4).divergences) == (8, 4)


@pytest.mark.parametrize("name", ORDERS)
def test_the_error_of_points_divergence_and_energy_falls_with_the_order_of_the_solver(name):
    net = VelocityNet(2, 8, 1)
    generator = torch.Generator().manual_seed(3)
    flat = net.initial(generator, torch.float64, output_scale=1.0, sharpness=1.0)
    x = torch.randn(20, 2, generator=generator, dtype=torch.float64)

    def solved(solver, steps):
        end, rates, energy = fused_solve(net, flat, x, 1.0, 0.0, steps, solver, with_energy=True)
        return end, rates, energy

    truth = solved("rk4", 400)
    gaps = [[float((a - b).abs().max()) for a, b in zip(solved(name, n), truth, strict=True)] for n in (16, 32, 64)]
    for coarse, _, fine in zip(*gaps, strict=True):
        assert math.log2(coarse / fine) / 2 == pytest.approx(ORDERS[name], abs=0.25)
