"""Flow matching: paths, couplings and times against closed forms, SciPy and POT; what it learns of Gaussians."""

import math
import warnings

import numpy as np
import ot
import pytest
import torch
from scipy import stats

from flowviz.core.params import fields_of
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, HasCoupling, Problem, Source
from flowviz.flows._coupling import Pairs, Reused, entropic, exact, sinkhorn
from flowviz.flows._interpolants import BETA, INTERPOLANTS, LOGIT_NORMAL, UNIFORM, draw_times

MATCHING = [key for key, cls in FLOWS.items() if issubclass(cls, HasCoupling)]
S = 2.0


SMALL = {"width": 32, "waves": 32, "batch_size": 256, "learning_rate": 1e-2}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def gaussian_problem(dim=2, source=None):
    draw = generator(1)
    return Problem(dim, lambda n: 1 + S * torch.randn(n, dim, generator=draw), source=source)


def trained(key, steps=350, problem=None, **params):
    flow = FLOWS.get(key).create({**SMALL, **params}, problem or gaussian_problem())
    flow.plan(Budget(steps=steps))
    losses = []
    while flow.progress < 1:
        losses.append(float(flow.step(0.0).losses["loss"]))
    return flow, float(np.mean(losses[-100:]))


@pytest.mark.parametrize("name", INTERPOLANTS)
def test_a_path_leads_from_the_source_to_the_data_with_the_slope_it_says(name):
    path = INTERPOLANTS[name]
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    a, b = path.coefficients(ends)
    assert a.tolist() == pytest.approx([1, 0]) and b.tolist() == pytest.approx([0, 1])
    t = torch.linspace(0.01, 0.99, 30, dtype=torch.float64, requires_grad=True)
    for value, slope in zip(path.coefficients(t), path.slopes(t), strict=True):
        (numeric,) = torch.autograd.grad(value.sum(), t, retain_graph=True)
        assert slope.detach().numpy() == pytest.approx(numeric.numpy(), abs=1e-9)


@pytest.mark.parametrize("name", ["trigonometric", "variance preserving"])
def test_the_curved_paths_keep_the_variance(name):
    a, b = INTERPOLANTS[name].coefficients(torch.linspace(0, 1, 50, dtype=torch.float64))
    assert (a**2 + b**2).numpy() == pytest.approx(1)


@pytest.mark.parametrize(
    ("how", "shape", "law"),
    [
        (UNIFORM, 1.0, stats.uniform()),
        (BETA, 0.5, stats.beta(0.5, 0.5)),
        (BETA, 3.0, stats.beta(3, 3)),
        (LOGIT_NORMAL, 1.5, None),
    ],
)
def test_times_follow_their_law(how, shape, law):
    t = draw_times(5000, how, shape, 0.0, generator(), torch.zeros(1, dtype=torch.float64)).numpy()
    if law is None:
        t, law = np.log(t / (1 - t)), stats.norm(0, shape)
    assert stats.kstest(t, law.cdf).statistic < 1e-3  # far below chance: they are spread evenly over the quantiles


def test_an_exact_coupling_costs_what_the_network_simplex_says():
    x0, x1 = torch.randn(60, 3, generator=generator()), 1 + 2 * torch.randn(60, 3, generator=generator(1))
    pairs = exact(x0, x1, 60)
    cost = ot.emd2([], [], ot.dist(x0.double().numpy(), x1.double().numpy()))
    assert float(pairs.cost()) == pytest.approx(cost, rel=1e-5)
    assert torch.equal(pairs.x0, x0)
    assert sorted(map(tuple, pairs.x1.tolist())) == sorted(map(tuple, x1.tolist()))
    in_blocks = float(exact(x0, x1, 20).cost())
    assert cost < in_blocks < float(Pairs(x0, x1).cost())


@pytest.mark.parametrize("eps", [0.3, 2.0])
def test_an_entropic_plan_is_that_of_pot(eps):
    rng = np.random.default_rng(0)
    cost = ot.dist(rng.standard_normal((40, 2)), 1 + rng.standard_normal((40, 2)))
    plan = sinkhorn(cost, eps)
    reference = ot.sinkhorn([], [], cost, eps, numItermax=5000, stopThr=1e-12)
    assert np.abs(plan - reference).max() < 2e-3 / 40
    assert plan.sum(axis=1) == pytest.approx(1 / 40)


def test_hardly_any_entropy_leaves_the_cheapest_assignment():
    rng = np.random.default_rng(0)
    cost = ot.dist(rng.standard_normal((30, 2)), rng.standard_normal((30, 2)))
    assert (sinkhorn(cost, 1e-5) * cost).sum() == pytest.approx(ot.emd2([], [], cost))


def test_entropic_pairs_of_gaussians_cost_what_their_closed_form_says():
    # Janati et al. 2020 (arXiv 2006.02572), theorem 1, in one dimension: the plan's cross covariance is
    # (sqrt(4 a b + sg^4) - sg^2) / 2 with eps = 2 sg^2.
    a, b, sg2 = 1.0, S**2, 0.8
    x0, x1 = torch.randn(2000, 1, generator=generator()), S * torch.randn(2000, 1, generator=generator(1))
    cost = float(entropic(x0, x1, 500, 2 * sg2, generator(2)).cost())
    cross = (math.sqrt(4 * a * b + sg2**2) - sg2) / 2
    assert cost == pytest.approx(a + b - 2 * cross, abs=0.2)


def test_points_that_are_no_numbers_do_not_stop_a_coupling():
    broken = torch.full((8, 2), math.nan)
    assert len(exact(broken, torch.zeros(8, 2), 4).x0) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(entropic(torch.zeros(8, 2), broken, 4, 0.1, generator()).x1) == 8


def test_every_pair_serves_in_four_batches():
    made = iter(range(1000))

    def make(n):
        x = torch.tensor([[float(next(made))] for _ in range(n)])
        return Pairs(x, x)

    pool = Reused(make)
    seen = torch.cat([pool.take(8).x0 for _ in range(20)]).flatten().int().bincount()
    assert (seen[6:38] == 4).all()
    assert len(pool.take(13).x0) == 13


@pytest.mark.parametrize("key", ["flow_matching", "ot_cfm"])
def test_a_flow_begins_from_samples_of_any_source(key):
    draw = generator(2)
    begin = Source(lambda n: torch.rand(n, 2, generator=draw) * 2 - 4, None, "a square")
    flow, _ = trained(key, 250, gaussian_problem(source=begin), **({"block": 32} if key == "ot_cfm" else {}))
    y = flow.transport(begin.sample(2000), [0.0, 1.0]).paths[-1]
    assert y.mean(0).tolist() == pytest.approx([1, 1], abs=0.3)
    assert y.std(0).tolist() == pytest.approx([S, S], abs=0.35)


def test_the_pairs_of_training_can_be_asked_for():
    x0, x1 = torch.randn(64, 2, generator=generator()), torch.randn(64, 2, generator=generator(1))
    for key in MATCHING:
        flow = FLOWS.get(key).create({"width": 8}, gaussian_problem())
        first, second = (flow.coupling(x0, x1, 3) for _ in range(2))
        assert torch.equal(first[0], x0) and torch.equal(first[1], second[1])


def test_each_interpolant_trains():
    for name in INTERPOLANTS:
        _, loss = trained("flow_matching", 12, interpolant=name, sigma=0.1, times=LOGIT_NORMAL)
        assert math.isfinite(loss)
    assert "interpolant" in {field.name for field in fields_of(FLOWS.get("ot_cfm").Params)}
