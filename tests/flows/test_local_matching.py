"""Local flow matching against the Ornstein-Uhlenbeck process that it follows."""

import math

import numpy as np
import pytest
import torch

from flowviz.core.block_edits import Add, Split
from flowviz.core.errors import UserError
from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows.closed_forms import Gaussian, ornstein_uhlenbeck
from flowviz.flows.local_flow_matching import INDEPENDENT, LocalFlowMatching

START = Gaussian(np.array([1.0, -1.0]), np.diag([4.0, 0.25]))
PARAMS = {"width": 32, "waves": 32, "batch_size": 512, "pool": 8192}


def problem():
    draw = torch.Generator().manual_seed(77)
    mean, sd = torch.tensor([1.0, -1.0]), torch.tensor([2.0, 0.5])
    return Problem(2, lambda n: mean + sd * torch.randn(n, 2, generator=draw))


def trained(steps, **params):
    flow = LocalFlowMatching.create({**PARAMS, **params}, problem())
    flow.plan(Budget(steps=steps))
    while flow.progress < 1:
        flow.step(0.0)
    return flow


@pytest.mark.parametrize("coupling", ["dependent", INDEPENDENT])
def test_the_far_end_of_a_local_problem_is_the_process(coupling):
    flow = LocalFlowMatching.create({**PARAMS, "coupling": coupling}, problem())
    x = problem().sample(40_000)
    y = flow._noised(x, 0.4).numpy()
    exact = ornstein_uhlenbeck(START, 0.4)
    assert y.mean(axis=0) == pytest.approx(exact.mean, abs=0.05)
    assert np.cov(y.T) == pytest.approx(exact.cov, abs=0.08)
    cross = np.cov(x.numpy()[:, 0], y[:, 0])[0, 1]
    assert cross == pytest.approx(4 * math.exp(-0.4) if coupling == "dependent" else 0, abs=0.1)


def test_trained_on_the_last_block_goes_on():
    flow = trained(20, blocks=2)
    kept = flow.weights()["block/0"]
    flow.plan(Budget(steps=5))
    phases = []
    while flow.progress < 1:
        phases.append(flow.step(0.0).phase)
    assert phases == ["block 2 of 2"] * 5
    assert np.array_equal(flow.weights()["block/0"], kept)


def test_one_more_block_goes_before_the_free_one_which_is_trained_again():
    flow = trained(30, blocks=3)
    before = flow.weights()
    assert flow.edit(Add())
    assert [block.status for block in flow.blocks()] == ["trained", "trained", "training", "waiting"]
    assert [block.is_free for block in flow.blocks()] == [False, False, False, True]
    flow.plan(Budget(steps=12))
    phases = []
    while flow.progress < 1:
        phases.append(flow.step(0.0).phase)
    assert phases == ["block 3 of 4"] * 6 + ["block 4 of 4"] * 6
    assert all(block.status == "trained" and block.kind == "process" for block in flow.blocks())
    gammas = [math.log1p(block.step_size) for block in flow.blocks()[:3]]
    assert gammas == pytest.approx([0.025 * 1.25**k for k in range(3)])
    after = flow.weights()
    assert all(np.array_equal(after[f"block/{k}"], before[f"block/{k}"]) for k in (0, 1))
    other = LocalFlowMatching.create({**PARAMS, "blocks": 3}, problem())
    other.load(after)
    x = problem().sample(20)
    assert torch.equal(other.transport(x, [1.0, 0.0]).paths, flow.transport(x, [1.0, 0.0]).paths)


def test_without_a_free_block_one_more_is_the_last():
    flow = trained(10, blocks=2, free_block=False)
    assert flow.edit(Add())
    flow.plan(Budget(steps=5))
    while flow.progress < 1:
        assert flow.step(0.0).phase == "block 3 of 3"


def test_a_stretch_of_the_process_has_no_other_edits():
    flow = trained(10, blocks=2)
    with pytest.raises(UserError, match="no JKO step"):
        flow.edit(Split(0))
    part = LocalFlowMatching.create({**PARAMS, "blocks": 3}, problem())
    with pytest.raises(UserError, match="Only 0 of 3"):
        part.edit(Add())
