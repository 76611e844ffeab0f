"""What the theory says about JKO steps, asked of trained blocks, and the figures and samples that the answers need."""

import math

import numpy as np
import pytest
import torch

from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import Problem, _jko_samples
from flowviz.flows._block import push
from flowviz.flows._divergence import velocity
from flowviz.flows._jko_samples import HeldOut, Pool, blurred
from flowviz.flows._jko_start import flow_matching_start, scaled
from flowviz.flows._nets import VelocityNet
from flowviz.flows.closed_forms import Gaussian, entropy, jko_step, kl, ornstein_uhlenbeck
from flowviz.flows.jko import JkoFlow
from tests.flows.jko_helpers import NOISE, SHIFTED, SMALL, SQUEEZED, cloud, laid_out, run, small


@pytest.fixture(scope="module")
def chain():
    """Four trained blocks from a narrow tilted Gaussian to noise."""
    params = {"blocks": 4, "width": 32, "h0": 0.4, "pool": 20000, "clock": "equal"}
    flow = JkoFlow.create(params, cloud(SQUEEZED))
    run(flow, Budget(steps=1000))
    return flow


def figures_on(flow, x):
    """The figures of all blocks on these data (n, 2)."""
    held = HeldOut(flow._net, lambda n: x, len(x))
    return [held.figures(flow._blocks[:k], block) for k, block in enumerate(flow._blocks)]


def test_a_chain_of_trained_blocks_stays_under_the_envelope_of_the_theory(chain):
    # KL(p_k || q) <= KL(p_(k-1) || q) / (1 + h_k)^2 for a 1-log-concave q: Xu, Cheng & Xie, arXiv 2310.17582.
    figures = figures_on(chain, laid_out(SQUEEZED))
    before = figures[0].nll_before - entropy(SQUEEZED)
    assert before == pytest.approx(kl(SQUEEZED, NOISE), abs=1e-9)
    exact = SQUEEZED
    for one, info in zip(figures, chain.blocks(), strict=True):
        after, exact = one.nll - entropy(SQUEEZED), jko_step(exact, info.step_size)
        assert 0 <= after <= before / (1 + info.step_size) ** 2 + 0.004
        assert after == pytest.approx(kl(exact, NOISE), abs=0.01)
        before = after


def test_each_block_lowers_kl_by_at_least_its_transport_cost(chain):
    # A JKO step beats standing still: KL(p_k) + W2^2(p_(k-1), p_k) / 2h <= KL(p_(k-1)).
    for one, info in zip(figures_on(chain, laid_out(SQUEEZED)), chain.blocks(), strict=True):
        assert one.nll + one.w2_squared / (2 * info.step_size) <= one.nll_before + 0.002


def test_excess_likelihood_of_the_data_is_kl_on_the_side_of_noise(chain):
    # KL(p || F^-1 # q) = KL(F # p || q) for an invertible F. The block cut after k maps a Gaussian nearly to a
    # Gaussian, whose KL to noise follows from its mean and covariance.
    x, cuts = laid_out(SQUEEZED), [info.t_start for info in chain.blocks()]
    behind = chain.transport(x, [1.0, *cuts], Solver("rk4", 80)).paths[1:].numpy()
    for one, z in zip(figures_on(chain, x), behind, strict=True):
        assert one.nll - entropy(SQUEEZED) == pytest.approx(kl(Gaussian(z.mean(0), np.cov(z.T)), NOISE), abs=2e-3)


def test_the_likelihood_of_a_block_is_that_of_the_chain_cut_after_it(chain):
    infos, data = chain.blocks(), chain._held._data
    assert infos[0].nll_before == pytest.approx(float(0.5 * data.square().sum(1).mean()) + math.log(2 * math.pi))
    assert [info.nll_before for info in infos[1:]] == [info.nll for info in infos[:-1]]
    converged = -float(chain.log_density(data, 1.0, Solver("rk4", 80)).mean())
    assert infos[-1].nll == pytest.approx(converged, abs=1e-4)


def test_likelihoods_are_the_same_after_a_stop_between_or_within_blocks():
    flow = small(torch.float64)
    flow.plan(Budget(steps=60))
    for _ in range(45):
        flow.step(0.0)
    held = flow._held
    while held.catch_up(flow._blocks[:2]):
        pass
    late = HeldOut(flow._net, lambda n: held._data, len(held._data))
    assert late.figures(flow._blocks[:1], flow._blocks[1]) == flow._blocks[1].figures


# Samples


def counting(net, block, x):
    return x + block


def test_pool_samples_come_from_behind_all_blocks_and_only_from_there(monkeypatch):
    monkeypatch.setattr(_jko_samples, "push", counting)
    pool = Pool(VelocityNet(2, 4), lambda n: torch.zeros(n, 2), 5000, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    for depth in (1, 2, 5):
        for _ in range(8):
            assert torch.equal(pool.take(300, [1.0] * depth, generator), torch.full((300, 2), float(depth)))


def test_a_pool_that_was_seen_often_is_replaced_piece_by_piece(monkeypatch):
    monkeypatch.setattr(_jko_samples, "push", counting)
    draws = iter(range(1000))
    pool = Pool(VelocityNet(2, 4), lambda n: torch.full((n, 2), 100.0 * next(draws)), 4096, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    seen = [set(pool.take(4096, [1.0], generator)[:, 0].tolist()) for _ in range(30)]
    assert seen[2] == seen[19] == {1.0, 101.0}
    assert seen[-1] == {201.0, 301.0}
    assert {201.0, 101.0} in seen


def test_blurring_is_the_ornstein_uhlenbeck_process():
    x = laid_out(SQUEEZED, 40000)
    y = blurred(x, 0.3, torch.Generator().manual_seed(2)).numpy()
    exact = ornstein_uhlenbeck(SQUEEZED, 0.3)
    assert y.mean(0) == pytest.approx(exact.mean, abs=0.01)
    assert np.cov(y.T) == pytest.approx(exact.cov, abs=0.015)
    assert blurred(x, 0.0, torch.Generator()) is x


def test_only_data_whose_points_repeat_are_blurred_unless_all_are_wanted_so():
    points = torch.randn(50, 2, generator=torch.Generator().manual_seed(3))
    draw = torch.Generator().manual_seed(4)
    raw = Problem(2, lambda n: points[torch.randint(50, (n,), generator=draw)])
    seen = JkoFlow.create(SMALL, raw)._data(2000)
    assert len(torch.unique(seen, dim=0)) == 2000
    spread = torch.cdist(seen, points).min(1).values.square().mean() / 2
    assert float(spread) == pytest.approx(2 * 0.001, rel=0.3)
    assert len(torch.unique(JkoFlow.create(SMALL | {"noising": 0.0}, raw)._data(2000), dim=0)) <= 50

    def first(**params):
        return JkoFlow.create(SMALL | params, Problem(2, lambda n: torch.linspace(0, 1, 2 * n).reshape(n, 2)))._data(90)

    assert torch.equal(first(), torch.linspace(0, 1, 180).reshape(90, 2))
    assert not torch.equal(first(noising_when="always"), first())


# Starts


def test_scaled_weights_are_the_scaled_field():
    for hidden in (2, 3):
        net = VelocityNet(2, 8, hidden=hidden)
        flat = net.initial(torch.Generator().manual_seed(0), torch.float64)
        x = torch.randn(30, 2, dtype=torch.float64)
        ours, whole = (velocity(x, net.at(w, [0.0])[0]) for w in (scaled(net, flat, 0.3), flat))
        assert torch.allclose(ours, 0.3 * whole, atol=1e-14)


def test_a_flow_matching_start_moves_the_mean_as_the_jko_step_does():
    problem, net = cloud(SHIFTED), VelocityNet(2, 32)
    generator = torch.Generator().manual_seed(0)
    flat = net.initial(generator, torch.float32)
    fitted = flow_matching_start(net, flat, 0.5, problem.sample, generator)
    x = problem.sample(4000)
    block = _jko_samples.Block.starting_from(fitted, 0.5, 4)
    assert push(net, block, x).mean(0).tolist() == pytest.approx(jko_step(SHIFTED, 0.5).mean.tolist(), abs=0.15)


@pytest.mark.parametrize("start", ["warm", "flow matching", "fresh"])
def test_blocks_begin_as_chosen(start):
    flow = small(start=start)
    flow.plan(Budget(steps=60))
    while flow._trained < 1:
        flow.step(0.0)
    begun = flow._start(1, flow._step_size(1))
    assert torch.equal(begun, flow._blocks[0].average) == (start == "warm")
    assert torch.isfinite(begun).all()
