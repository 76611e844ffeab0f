"""Density ratios estimated from samples against those of Gaussians in closed form."""

import numpy as np
import pytest
import torch

from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, Problem, Source

MEAN, SD = torch.tensor([1.2, -0.6], dtype=torch.float64), 0.7


def exact(x):
    """log N(x; MEAN, SD^2 I) - log N(x; 0, I)."""
    return 0.5 * x.square().sum(1) - 0.5 * ((x - MEAN) / SD).square().sum(1) - 2 * np.log(SD)


def problem(seed=0):
    generator = torch.Generator().manual_seed(seed)
    draws = lambda n: torch.randn(n, 2, generator=generator, dtype=torch.float64)  # noqa: E731
    source = Source(draws, density=None, name="a sample")
    return Problem(2, lambda n: draws(n) * SD + MEAN, dtype=torch.float64, source=source)


@pytest.fixture(scope="module")
def flow():
    params = {"width": 32, "hidden_layers": 2, "batch_size": 512}
    made = FLOWS.get("density_ratio").create(params, problem())
    made.plan(Budget(steps=300))
    while made.progress < 1:
        made.step(0.0)
    return made


def test_the_ratio_from_samples_alone_is_that_of_the_gaussians(flow):
    z = torch.randn(1000, 2, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    x = torch.cat([z, z * SD + MEAN])
    error = (flow.log_ratio(x) - exact(x)).abs()
    assert float(error.mean()) < 0.2 * float(exact(x).abs().mean())  # an estimate of zero would miss by all of it
    assert float(error[1000:].mean()) < 0.3


def test_it_is_negative_where_the_source_is_likelier_and_positive_where_the_target_is(flow):
    places = torch.tensor([[-1.0, 0.5], [1.2, -0.6]], dtype=torch.float64)
    source, target = flow.log_ratio(places).tolist()
    assert source < -1 and target > 1


def test_loaded_weights_give_the_same_ratio(flow):
    other = FLOWS.get("density_ratio").create({"width": 32, "hidden_layers": 2}, problem(5))
    other.load(flow.weights())
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert torch.equal(other.log_ratio(x), flow.log_ratio(x))
