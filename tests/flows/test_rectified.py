"""Rectified flow: every round keeps both ends and straightens what lies between."""

import numpy as np
import pytest
import torch

from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows.rectified_flow import RectifiedFlow

PARAMS = {"width": 32, "waves": 16, "learning_rate": 1e-2, "batch_size": 256}


def two_heaps(seed=1):
    draw = torch.Generator().manual_seed(seed)

    def sample(n):
        side = torch.where(torch.rand(n, 1, generator=draw) < 0.5, -2.0, 2.0)
        return 0.4 * torch.randn(n, 2, generator=draw) + torch.cat([side, side.new_zeros(n, 1)], dim=1)

    return sample


def straightness(flow):
    """E int |v - (z1 - z0)|^2 dt = E int |v|^2 dt - E|z1 - z0|^2 (Liu, Gong & Liu 2023, equation 8)."""
    z = torch.randn(1000, 2, generator=torch.Generator().manual_seed(9))
    times = torch.linspace(0, 1, 33)
    paths = flow.transport(z, times.tolist()).paths
    speeds = [flow.velocity(x, float(t)).square().sum(1).mean() for x, t in zip(paths, times, strict=True)]
    return float(torch.trapezoid(torch.stack(speeds), times) - (paths[-1] - paths[0]).square().sum(1).mean())


@pytest.fixture(scope="module")
def trained():
    """The flow after each of three rounds, by its phase, and the phases."""
    flow = RectifiedFlow.create({**PARAMS, "reflows": 2}, Problem(2, two_heaps()))
    flow.plan(Budget(steps=750))
    ends, phases, before = [], [], None
    while flow.progress < 1:
        weights = flow.weights()
        phase = flow.step(0.0).phase
        phases.append(phase)
        if before is not None and phase != before[0]:
            ends.append(before[1])
        before = (phase, weights)
    return [*ends, flow.weights()], phases, flow


def test_a_budget_is_shared_by_the_rounds(trained):
    _, phases, flow = trained
    assert [phases.count(f"round {k} of 3") for k in (1, 2, 3)] == [250, 250, 250]
    assert {"round/0", "round/1"} <= flow.weights().keys()


def test_paths_straighten_round_by_round_and_still_end_at_the_data(trained):
    ends, _, _ = trained
    bends = []
    for weights in ends:
        flow = RectifiedFlow.create({**PARAMS, "reflows": 2}, Problem(2, two_heaps()))
        flow.load(weights)
        bends.append(straightness(flow))
        y = flow.transport(torch.randn(4000, 2, generator=torch.Generator().manual_seed(3)), [0.0, 1.0]).paths[-1]
        assert float(y[:, 0].abs().mean()) == pytest.approx(2, abs=0.25)
        assert float((y[:, 0] > 0).float().mean()) == pytest.approx(0.5, abs=0.08)
    assert bends[1] < 0.3 * bends[0]
    assert bends[2] < 0.3 * bends[0]


def test_a_round_more_begins_from_the_flow_that_was(trained):
    _, _, flow = trained
    more = RectifiedFlow.create({**PARAMS, "reflows": 2}, Problem(2, two_heaps()))
    more.load(flow.weights())
    more.change("reflows", 3)
    more.plan(Budget(steps=3))
    phases = []
    while more.progress < 1:
        phases.append(more.step(0.0).phase)
    assert phases == ["round 4 of 4"] * 3
    assert np.array_equal(more.weights()["round/2"], flow.weights()["average"])


def test_every_round_says_how_straight_its_paths_are_and_how_few_steps_do(trained):
    _, _, flow = trained
    first, second, third = flow.rounds()
    assert [done.step for done in (first, second, third)] == [250, 500, 750]
    assert first.straightness < 0.9 < second.straightness < 1.001
    assert first.energy > 1.2 * second.energy
    assert first.euler_steps > second.euler_steps and second.miss < 0.4 * first.miss
    assert all(done.w2 < 0.5 for done in flow.rounds())


def test_the_figures_of_a_round_are_those_of_its_paths(trained):
    ends, _, flow = trained
    first = RectifiedFlow.create({**PARAMS, "reflows": 2}, Problem(2, two_heaps()))
    first.load(ends[0])
    z, times = flow._looked_at.x0, torch.linspace(0, 1, 41)
    paths = first.transport(z, times.tolist()).paths
    energy = float((paths.diff(dim=0).square().sum(2) * 40).sum(0).mean())
    assert flow.rounds()[0].energy == pytest.approx(energy, rel=0.02)
    euler = first.transport(z, [0.0, 1.0], Solver("euler", 1)).paths[-1]
    assert flow.rounds()[0].miss == pytest.approx(float((euler - paths[-1]).norm(dim=1).mean()), rel=0.02)


def test_rounds_come_back_with_the_weights(trained):
    _, _, flow = trained
    other = RectifiedFlow.create({**PARAMS, "reflows": 2}, Problem(2, two_heaps()))
    other.load(flow.weights())
    assert other.rounds() == flow.rounds()
