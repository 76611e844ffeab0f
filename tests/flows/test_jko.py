import math
from collections import Counter

import numpy as np
import pytest
import torch

from flowviz.core.errors import ParameterError
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import _jko_samples
from flowviz.flows._block import push
from flowviz.flows.closed_forms import entropy, jko_step, kl, optimal_map, wasserstein_squared
from flowviz.flows.jko import JkoFlow
from tests.flows.jko_helpers import NOISE, SHIFTED, SQUEEZED, TILTED, cloud, laid_out, run, small


@pytest.mark.parametrize(
    ("start", "h", "within"),
    [(TILTED, 0.5, 0.01), (TILTED, 10.0, 0.01), (SHIFTED, 0.5, 0.01), (SQUEEZED, 0.25, 0.01), (SQUEEZED, 2.0, 0.01)],
)
def test_a_trained_block_is_the_jko_step_of_a_gaussian(start, h, within):
    flow = JkoFlow.create(
        {"blocks": 1, "h0": h, "h_max": 100.0, "width": 32, "learning_rate": 1e-2, "pool": 50000}, cloud(start)
    )
    run(flow, Budget(steps=600 if h == 10 else 350))  # a large step begins with a stiff field
    exact = jko_step(start, h)
    x = laid_out(start).numpy()
    moved = flow.transport(torch.from_numpy(x), [1.0, 0.0], Solver("rk4", 20)).paths[-1].numpy()
    scale = np.abs(exact.cov).max()
    assert np.abs(np.cov(moved.T, bias=True) - exact.cov).max() < within * scale
    assert np.abs(moved.mean(0) - exact.mean).max() < 0.02
    by_hand = exact.mean + (x - start.mean) @ optimal_map(start, exact).T
    assert np.mean(np.sum((moved - by_hand) ** 2, 1)) < 4e-3 * max(1.0, wasserstein_squared(start, exact))
    info = flow.blocks()[0]
    assert info.w2_squared == pytest.approx(wasserstein_squared(start, exact), rel=0.03, abs=0.01)
    # The objective itself is KL(rho || N(0,I)) + W2^2 / 2h + entropy of the start - d/2 log 2 pi.
    least = kl(exact, NOISE) + wasserstein_squared(start, exact) / (2 * h) + entropy(start) - math.log(2 * math.pi)
    assert info.losses["loss"] == pytest.approx(least, abs=0.15)


def test_the_mean_nll_stays_above_the_entropy_and_comes_near_it():
    flow = JkoFlow.create({"blocks": 4, "width": 32, "learning_rate": 1e-2, "pool": 20000}, cloud(SQUEEZED))
    run(flow, Budget(steps=800))
    nll = -flow.log_density(cloud(SQUEEZED, seed=9).sample(20000).double())
    error = float(nll.std()) / len(nll) ** 0.5
    assert float(nll.mean()) > entropy(SQUEEZED) - 3 * error
    assert float(nll.mean()) < entropy(SQUEEZED) + 0.05


def test_the_loss_is_the_sum_of_its_three_parts_and_the_phase_names_the_block():
    infos = run(small(), Budget(steps=9))
    for info in infos:
        parts = [float(info.losses[name]) for name in ("potential", "divergence", "transport")]
        assert float(info.losses["loss"]) == pytest.approx(sum(parts), rel=1e-5)
    assert [info.phase for info in infos] == [f"block {k} of 3" for k in (1, 1, 1, 2, 2, 2, 3, 3, 3)]


def test_blocks_fill_equal_shares_of_flow_time_and_follow_the_step_schedule():
    flow = small(blocks=4, h0=0.25, rho=2.0, h_max=0.9)
    infos = flow.blocks()
    assert [info.step_size for info in infos] == [0.25, 0.5, 0.9, 0.9]
    assert [(info.t_start, info.t_end) for info in infos] == [(0.75, 1.0), (0.5, 0.75), (0.25, 0.5), (0.0, 0.25)]
    assert {info.status for info in infos} == {"waiting"}
    flow.plan(Budget(steps=8))
    for _ in range(3):
        flow.step(0.0)
    assert [info.status for info in flow.blocks()] == ["trained", "training", "waiting", "waiting"]
    assert flow.blocks()[0].w2_squared > 0
    assert flow.blocks()[2].w2_squared is None


def test_the_default_schedule_is_that_of_the_published_runs():
    steps = [info.step_size for info in JkoFlow.create({}, cloud(NOISE)).blocks()]
    assert steps == pytest.approx([0.25, 0.35, 0.49, 0.69, 0.96, 1.34, 1.88, 2.64], abs=0.005)


def test_untrained_blocks_are_the_identity():
    flow = small()
    flow.plan(Budget(steps=30))
    for _ in range(10):
        flow.step(0.0)
    x = torch.randn(20, 2)
    paths = flow.transport(x, [0.0, 0.3, 2 / 3, 1.0])
    assert torch.equal(paths.paths[2], x)
    assert not torch.equal(paths.paths[3], x)
    assert torch.equal(flow.velocity(x, 0.5), torch.zeros(20, 2))
    assert flow.transport(x, [0.0, 0.6]).nfe == 0


def test_more_blocks_leave_the_earlier_ones_bit_identical():
    flow = small()
    run(flow, Budget(steps=30))
    before = flow.weights()
    flow.change("blocks", 5)
    run(flow, Budget(steps=20))
    after = flow.weights()
    assert len(flow.blocks()) == 5
    assert all(after[f"block/{k}"] is before[f"block/{k}"] for k in range(3))


def test_a_stretch_after_the_last_block_adds_one():
    flow = small(steps_per_block=7)
    run(flow, Budget(steps=30))
    assert len(run(flow, Budget())) == 7
    assert [info.status for info in flow.blocks()] == ["trained"] * 4
    assert len(run(flow, Budget(seconds=0.05))) >= 5
    assert len(flow.blocks()) == 5
    run(flow, Budget(steps=14))
    assert len(flow.blocks()) == 7


def test_a_stop_in_the_middle_of_a_block_goes_on_where_it_stood():
    flow = small(steps_per_block=20)
    flow.plan(Budget())
    for _ in range(27):
        flow.step(0.0)
    kept = flow.weights()
    assert kept["training"].shape == kept["block/1"].shape
    other = small(steps_per_block=20)
    other.load(kept)
    assert [info.status for info in other.blocks()] == ["trained", "training", "waiting"]
    infos = run(other, Budget())
    assert len(infos) == 13 + 20
    assert infos[0].phase == "block 2 of 3"
    assert {info.status for info in other.blocks()} == {"trained"}
    assert np.array_equal(other.weights()["block/0"], kept["block/0"])


def test_blocks_can_be_added_while_training_but_not_taken_from_under_it():
    flow = small(steps_per_block=10)
    flow.plan(Budget())
    for _ in range(15):
        flow.step(0.0)
    flow.change("blocks", 4)
    while flow.progress < 1:
        flow.step(0.0)
    assert [info.status for info in flow.blocks()] == ["trained"] * 4
    with pytest.raises(ParameterError, match="have begun"):
        flow.change("blocks", 2)


def test_the_budget_is_shared_equally_among_the_blocks():
    phases = [info.phase for info in run(small(), Budget(seconds=0.6))]
    counts = [phases.count(f"block {k} of 3") for k in (1, 2, 3)]
    assert max(counts) - min(counts) <= 3


def test_memory_in_training_is_one_vector_for_each_trained_block_and_samples_of_one_size():
    flow = small(blocks=2, pool=4096)
    run(flow, Budget(steps=20))
    samples = flow._pool.nbytes + flow._held.nbytes
    assert flow._pool.nbytes == 4096 * 2 * 4
    flow.change("blocks", 9)
    run(flow, Budget(steps=70))
    assert flow._pool.nbytes + flow._held.nbytes == samples
    assert [block.nbytes for block in flow._blocks] == [flow._net.size * 4] * 9


def test_the_pool_goes_through_every_block_once(monkeypatch):
    pushed = Counter()

    def counted(net, block, x):
        pushed[id(block)] += len(x)
        return push(net, block, x)

    monkeypatch.setattr(_jko_samples, "push", counted)
    flow = small(blocks=4, pool=5000)
    run(flow, Budget(steps=40))
    assert [pushed[id(block)] for block in flow._blocks] == [5000, 5000, 5000, 0]


def test_no_step_pushes_more_than_one_piece_of_the_pool_once_a_batch_is_there(monkeypatch):
    sizes = []
    monkeypatch.setattr(_jko_samples, "push", lambda net, block, x: sizes.append(len(x)) or push(net, block, x))
    flow = small(blocks=3, pool=20000)
    flow.plan(Budget(steps=60))
    while flow.progress < 1:
        sizes.clear()
        flow.step(0.0)
        assert sum(sizes) <= 2 * _jko_samples.PIECE
