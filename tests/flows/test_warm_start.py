"""A start by flow matching, of every method that is trained by likelihood at once."""

import pytest
import torch

from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, HasStart, Problem

KEYS = [key for key, cls in FLOWS.items() if issubclass(cls, HasStart)]
STARTED = {"width": 16, "batch_size": 128, "start": "flow matching"}


def fresh(key, **params):
    generator = torch.Generator().manual_seed(0)

    def sample(n):
        side = (torch.rand(n, 1, generator=generator) < 0.5).float() * 3 - 1.5
        return 0.4 * torch.randn(n, 2, generator=generator) + side

    return FLOWS.get(key).create(STARTED | params, Problem(2, sample))


def run(flow, steps):
    flow.plan(Budget(steps=steps))
    infos = []
    while flow.progress < 1:
        infos.append(flow.step(0.01 * len(infos)))
    return infos


def test_a_potential_and_a_field_that_pays_for_its_jacobian_can_start_so_too():
    assert KEYS == ["cnf", "ot_flow", "rnode"]


@pytest.mark.parametrize("key", KEYS)
def test_the_fit_lowers_the_nll_without_a_solver_and_says_so(key):
    flow = fresh(key, start_steps=120)
    infos = run(flow, 122)
    assert all(set(info.losses) == {"matching"} for info in infos[:120])
    assert infos[119].phase == "flow matching 120 of 120"
    assert "loss" in infos[120].losses
    start = flow.start_info()
    assert start.steps == 120 and start.seconds == pytest.approx(1.2)
    assert start.nll < start.nll_before - 0.2
    assert infos[121].phase == f"flow matching took the NLL from {start.nll_before:.2f} to {start.nll:.2f} in 1.2 s"


@pytest.mark.parametrize("key", KEYS)
def test_a_start_is_not_done_again_by_a_loaded_flow_which_remembers_it(key):
    flow, other = fresh(key, start_steps=5), fresh(key, start_steps=5)
    run(flow, 6)
    other.load(flow.weights())
    assert other.start_info() == flow.start_info()
    assert "loss" in run(other, 1)[0].losses


def test_without_a_start_there_is_nothing_to_tell():
    flow = fresh("cnf", start="fresh")
    assert "loss" in run(flow, 1)[0].losses and flow.start_info() is None
