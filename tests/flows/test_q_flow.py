"""Q-flow between Gaussians, where the shortest way is known."""

import torch

from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem

WEIGHT = 0.3
MEAN = torch.tensor([1.0, -0.5], dtype=torch.float64)


def fitted(start, steps=240):
    generator = torch.Generator().manual_seed(0)

    def sample(n):
        return torch.randn(n, 2, generator=generator, dtype=torch.float64) + MEAN

    params = {
        "width": 16,
        "batch_size": 128,
        "waves": 32,
        "solver_steps": 4,
        "transport": WEIGHT,
        "start": start,
    }
    flow = FLOWS.get("q_flow").create(params, Problem(2, sample, dtype=torch.float64))
    flow.plan(Budget(steps=steps))
    phases = []
    while flow.progress < 1:
        phases.append(flow.step(0.0).phase)
    return flow, phases


def test_the_classifiers_travel_with_the_weights_and_older_weights_without_them_still_load():
    flow, _ = fitted(0.4, steps=40)
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    other, _ = fitted(1.0, steps=1)
    other.load(flow.weights())
    assert torch.equal(other.log_ratio(x), flow.log_ratio(x))
    older = {name: array for name, array in flow.weights().items() if "classifier" not in name}
    other, _ = fitted(1.0, steps=1)
    other.load(older)
    assert torch.equal(other.transport(x, [0.0, 1.0]).paths, flow.transport(x, [0.0, 1.0]).paths)


def test_its_log_ratio_says_where_the_data_are_likelier_than_what_the_flow_makes():
    flow, _ = fitted(0.4, steps=140)  # the flow stops short of the data, at MEAN / (1 + 2 WEIGHT)
    beyond, short = flow.log_ratio(torch.stack([2 * MEAN, -MEAN])).tolist()
    assert beyond > 0 > short
