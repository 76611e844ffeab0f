"""Local flow matching against the Ornstein-Uhlenbeck process that it follows."""

import itertools
import math

import numpy as np
import pytest
import torch

from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows._block import push
from flowviz.flows.closed_forms import Gaussian, ornstein_uhlenbeck
from flowviz.flows.local_flow_matching import INDEPENDENT, LocalFlowMatching

START = Gaussian(np.array([1.0, -1.0]), np.diag([4.0, 0.25]))
PARAMS = {"width": 32, "hidden_layers": 2, "batch_size": 512, "pool": 8192}


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


@pytest.fixture(scope="module")
def flow():
    return trained(600, blocks=4, gamma0=0.3, growth=1.0)


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


def test_every_block_moves_a_gaussian_as_the_process_does(flow):
    x, law = problem().sample(8000), START
    for block in flow._stand.blocks[:3]:
        x, law = push(flow._net, block, x), ornstein_uhlenbeck(law, 0.3)
        assert x.mean(0).tolist() == pytest.approx(law.mean, abs=0.12)
        assert np.cov(x.numpy().T) == pytest.approx(law.cov, abs=0.3)


def test_the_free_block_goes_all_the_way_to_noise(flow):
    blocks = flow.blocks()
    assert [block.is_free for block in blocks] == [False, False, False, True]
    assert [block.step_size for block in blocks[:3]] == pytest.approx([math.expm1(0.3)] * 3)
    z = flow.transport(problem().sample(8000), [1.0, 0.0]).paths[-1].numpy()
    assert z.mean(axis=0) == pytest.approx([0, 0], abs=0.15)
    assert np.cov(z.T) == pytest.approx(np.eye(2), abs=0.25)


def test_the_likelihood_improves_block_by_block(flow):
    nll = [flow.blocks()[0].nll_before, *(block.nll for block in flow.blocks())]
    assert all(later < earlier + 0.02 for earlier, later in itertools.pairwise(nll))
    entropy = 1 + math.log(2 * math.pi) + 0.5 * math.log(4.0 * 0.25)
    assert nll[-1] == pytest.approx(entropy, abs=0.15)


def test_trained_on_the_last_block_goes_on():
    flow = trained(20, blocks=2)
    kept = flow.weights()["block/0"]
    flow.plan(Budget(steps=5))
    phases = []
    while flow.progress < 1:
        phases.append(flow.step(0.0).phase)
    assert phases == ["block 2 of 2"] * 5
    assert np.array_equal(flow.weights()["block/0"], kept)
