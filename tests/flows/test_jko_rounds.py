import math

import numpy as np
import pytest
import torch

from flowviz.core.block_edits import Equalise, Refine
from flowviz.core.errors import UserError
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import Problem
from flowviz.flows._block import push_with_gain
from flowviz.flows._jko_schedule import LEAST_SHARE, edges_of, equalised, overlaps, shares_of, step_size
from flowviz.flows.jko import JkoFlow
from tests.flows.jko_helpers import SHIFTED, SMALL, cloud, run, small

X = torch.randn(40, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
TIMES = [0.0, 0.21, 0.5, 0.83, 1.0]


def trained(**params):
    flow = small(torch.float64, **params)
    run(flow, Budget(steps=60))
    return flow


def outlook(flow, steps=48):
    """What a flow does to points: paths, log-density and velocity."""
    solver = Solver("rk4", steps)
    return flow.transport(X, TIMES, solver).paths, flow.log_density(X, 1.0, solver), flow.velocity(X, 0.4)


# The times


def test_steps_grow_to_their_cap_without_leaving_the_range_of_numbers():
    assert [step_size(k, 0.25, 2.0, 0.9) for k in range(4)] == [0.25, 0.5, 0.9, 0.9]
    assert step_size(5000, 0.25, 4.0, 3.0) == 3.0


STEPS, DISTANCES = [0.25, 0.5, 1.0, 2.0], [1.0, 0.4, 0.1, 0.02]


def test_retimed_all_the_way_every_block_covers_the_same_distance():
    new = equalised(STEPS, DISTANCES, 1.0)
    covered = np.array(overlaps(STEPS, new)) @ DISTANCES
    assert sum(new) == pytest.approx(sum(STEPS))
    assert covered == pytest.approx(np.full(4, np.mean(DISTANCES)))


def test_retiming_goes_its_share_of_the_way_and_leaves_equal_distances_alone():
    half, whole = equalised(STEPS, DISTANCES, 0.5), equalised(STEPS, DISTANCES, 1.0)
    assert half == pytest.approx((np.array(STEPS) + whole) / 2)
    assert equalised(STEPS, [0.3] * 4, 0.7) == pytest.approx(STEPS)


def test_a_retimed_chain_covers_all_of_the_old_one():
    rows = np.array(overlaps(STEPS, equalised(STEPS, DISTANCES, 0.8)))
    assert rows.sum(0) == pytest.approx(np.ones(4))
    assert np.all(rows >= 0)
    assert np.array(overlaps(STEPS, STEPS)) == pytest.approx(np.eye(4))


def test_a_block_that_stands_still_keeps_a_time_of_its_own():
    for distances in ([1.0, 0.0, 0.0, 0.0], [0.0] * 4):
        new = equalised(STEPS, distances, 0.9)
        assert min(new) > 0
        assert sum(new) == pytest.approx(sum(STEPS))


def test_flow_time_goes_by_distance_with_a_part_for_everyone():
    shares = shares_of([3.0, 1.0, 0.0])
    assert np.mean(shares) == pytest.approx(1)
    assert min(shares) == pytest.approx(LEAST_SHARE)
    assert shares[0] - shares[2] == pytest.approx(3 * (shares[1] - shares[2]))
    assert shares_of([0.0, 0.0]) == [1.0, 1.0]
    assert edges_of([2.0, 1.0, 1.0]) == [1.0, 0.5, 0.25, 0.0]


# Refinement


def test_a_refined_chain_is_the_same_flow_to_the_last_digits():
    flow = trained()
    before, steps = outlook(flow), [info.step_size for info in flow.blocks()]
    flow.edit(Refine())
    after = outlook(flow)
    assert [info.step_size for info in flow.blocks()] == [h / 2 for h in steps for _ in range(2)]
    for ours, theirs in zip(after, before, strict=True):
        assert float((ours - theirs).abs().max()) < 1e-13
    # Other steps in between: the same up to the solver's error.
    assert float((outlook(flow, 96)[0] - before[0]).abs().max()) < 1e-6


def test_refined_blocks_are_trained_again_one_after_another():
    flow = trained()
    flow.edit(Refine())
    assert [info.status for info in flow.blocks()] == ["waiting"] * 6
    phases = [info.phase for info in run(flow, Budget(steps=60))]
    assert list(dict.fromkeys(phases)) == [f"block {k} of 6 again" for k in range(1, 7)]
    assert [info.status for info in flow.blocks()] == ["trained"] * 6


# Re-timing


def test_retiming_brings_the_distances_nearer_to_each_other_and_stays_near_the_flow():
    flow = JkoFlow.create(SMALL | {"blocks": 4, "width": 32, "batch_size": 256, "rho": 1.0}, cloud(SHIFTED))
    run(flow, Budget(steps=400))
    x = cloud(SHIFTED, seed=3).sample(2000).double()
    first = [math.sqrt(info.w2_squared) for info in flow.blocks()]
    before = flow.transport(x, [1.0, 0.0]).paths[-1]
    flow.edit(Equalise(1.0))
    after = flow.transport(x, [1.0, 0.0]).paths[-1]
    moved = float((before - x).square().sum(1).mean())
    assert float((after - before).square().sum(1).mean()) < 0.01 * moved
    run(flow, Budget(steps=400))
    second = [math.sqrt(info.w2_squared) for info in flow.blocks()]
    assert max(first) / min(first) > 1.6
    assert max(second) / min(second) < 1.25
    assert [info.step_size for info in flow.blocks()] == sorted(info.step_size for info in flow.blocks())


# Rounds within one budget


def test_rounds_share_one_budget_and_progress_never_falls():
    flow = small(blocks=2, reparametrise=1, refine=1)
    flow.plan(Budget(steps=100))
    phases, seen = [], [0.0]
    while flow.progress < 1:
        phases.append(flow.step(0.0).phase)
        seen.append(flow.progress)
    assert seen == sorted(seen)
    counts = {phase: phases.count(phase) for phase in dict.fromkeys(phases)}
    # Two new blocks, two re-timed, four halves; what is trained again gets half as long.
    assert counts == {
        "block 1 of 2": 20, "block 2 of 2": 20, "block 1 of 2 again": 10, "block 2 of 2 again": 10,
        "block 1 of 4 again": 10, "block 2 of 4 again": 10, "block 3 of 4 again": 10, "block 4 of 4 again": 10,
    }  # fmt: skip
    assert [info.status for info in flow.blocks()] == ["trained"] * 4


def test_a_round_wished_for_after_the_end_is_done_instead_of_adding_blocks():
    flow = small(steps_per_block=10)
    run(flow, Budget())
    flow.change("refine", 1)
    assert len(run(flow, Budget())) == 6 * 5
    assert len(flow.blocks()) == 6
    run(flow, Budget())
    assert len(flow.blocks()) == 7


@pytest.mark.parametrize("stop", [3, 24, 47, 53, 75])
def test_training_goes_on_from_weights_in_the_midst_of_every_phase(stop):
    params = {"blocks": 2, "reparametrise": 1, "refine": 1, "steps_per_block": 20}
    flow = small(torch.float64, **params)
    flow.plan(Budget())
    for _ in range(stop):
        flow.step(0.0)
    other = small(torch.float64, **params)
    other.load(flow.weights())
    assert other.blocks() == flow.blocks()
    for ours, theirs in zip(outlook(other), outlook(flow), strict=True):
        assert torch.equal(ours, theirs)
    assert len(run(other, Budget())) == 100 - stop
    assert [info.status for info in other.blocks()] == ["trained"] * 4
    assert other.weights()["rounds"].tolist() == [1, 1]


def test_blocks_that_were_never_trained_cannot_be_changed():
    flow = small()
    flow.plan(Budget(steps=30))
    for _ in range(15):
        flow.step(0.0)
    for edit in (Refine(), Equalise()):
        with pytest.raises(UserError, match="1 of 3 blocks"):
            flow.edit(edit)


def test_a_chain_that_is_being_trained_again_can_be_changed_at_once():
    flow = trained()
    flow.edit(Refine())
    flow.plan(Budget(steps=60))
    for _ in range(15):
        flow.step(0.0)
    before = outlook(flow)
    flow.edit(Refine())
    assert len(flow.blocks()) == 12
    for ours, theirs in zip(outlook(flow), before, strict=True):
        assert float((ours - theirs).abs().max()) < 1e-12
    flow.edit(Equalise())
    run(flow, Budget(steps=48))
    assert [info.status for info in flow.blocks()] == ["trained"] * 12


def test_weights_without_likelihoods_shares_and_rounds_are_taken_too():
    flow = trained(clock="equal")
    old = {name: a for name, a in flow.weights().items() if name not in ("likelihoods", "shares", "rounds")}
    other = small(torch.float64)
    other.load(old)
    assert torch.equal(outlook(other)[0], outlook(flow)[0])
    assert [info.nll for info in other.blocks()] == [None] * 3


# The stopping rule and the free block


def test_no_block_is_begun_after_one_that_stood_still():
    problem = Problem(2, lambda n: torch.randn(n, 2, generator=torch.Generator().manual_seed(1)))  # noise already
    flow = JkoFlow.create(SMALL | {"blocks": 6, "stop_ratio": 0.05, "learning_rate": 1e-3}, problem)
    infos = run(flow, Budget(steps=120))
    assert len(infos) == 20
    assert [info.status for info in flow.blocks()] == ["trained"]
    assert flow.blocks()[0].stop_ratio < 0.05
    free = JkoFlow.create(SMALL | {"blocks": 6, "stop_ratio": 0.05, "learning_rate": 1e-3, "free_block": True}, problem)
    run(free, Budget(steps=120))
    assert [info.is_free for info in free.blocks()] == [False, True]


def test_the_stop_ratio_is_the_squared_move_over_the_squared_size():
    flow = trained()
    info, data = flow.blocks()[0], flow._held._data
    after, _ = push_with_gain(flow._net, flow._blocks[0], data)
    moved = (after - data).square().sum(1).mean()
    assert info.w2_squared == pytest.approx(float(moved))
    assert info.stop_ratio == pytest.approx(float(moved / after.square().sum(1).mean()))


def test_the_free_block_pays_nothing_for_transport_and_comes_last():
    flow = JkoFlow.create(
        {"width": 32, "blocks": 2, "h0": 0.3, "h_max": 0.3, "free_block": True, "pool": 8192}, cloud(SHIFTED)
    )
    assert [info.is_free for info in flow.blocks()] == [False, True]
    infos = run(flow, Budget(steps=500))
    assert float(infos[-1].losses["transport"]) == 0
    kept, free = flow.blocks()
    assert math.isinf(free.step_size)
    assert free.nll == pytest.approx(math.log(2 * math.pi * math.e), abs=0.05)
    assert kept.nll > free.nll + 1
    flow.edit(Refine())
    assert [info.is_free for info in flow.blocks()] == [False, False, True]


# The clock


def test_the_clock_is_equal_while_blocks_wait_and_goes_by_distance_when_all_are_trained():
    flow = small(blocks=4)
    flow.plan(Budget(steps=60))
    while flow.progress < 1:
        assert [info.t_end for info in flow.blocks()] == [1.0, 0.75, 0.5, 0.25]
        flow.step(0.0)
    infos = flow.blocks()
    lengths = [info.t_end - info.t_start for info in infos]
    assert lengths == pytest.approx([share / 4 for share in shares_of([math.sqrt(i.w2_squared) for i in infos])])
    flow.change("clock", "equal")
    assert [info.t_end for info in flow.blocks()] == [1.0, 0.75, 0.5, 0.25]


def test_the_path_passes_a_blocks_times_where_the_block_begins_and_ends():
    flow = trained()
    x = X
    for info, block in zip(flow.blocks(), flow._blocks, strict=True):
        there = flow.transport(X, [1.0, info.t_end, info.t_start]).paths  # by each block's own solver, as below
        assert torch.allclose(there[1], x, atol=1e-5)
        x = push_with_gain(flow._net, block, x)[0]
        assert torch.allclose(there[2], x, atol=1e-5)
