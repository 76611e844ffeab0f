"""One block of a trained JKO flow is dropped, split, trained anew or given another step; the rest follows."""

import numpy as np
import pytest
import torch

from flowviz.core.block_edits import Add, Drop, Retime, Retrain, Split, edit_name
from flowviz.core.control import Control
from flowviz.core.errors import UserError
from flowviz.core.events import Finished, FrameReady, MetricsReady
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine.run import Run
from flowviz.flows._block import push
from flowviz.flows._jko_edits import reach
from tests.flows.jko_helpers import run, small

X = torch.randn(40, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


@pytest.fixture(scope="module")
def weights():
    """Those of three trained blocks."""
    flow = small(torch.float64)
    run(flow, Budget(steps=60))
    return flow.weights()


@pytest.fixture
def flow(weights):
    made = small(torch.float64)
    made.load(weights)
    return made


def through(flow, count):
    """Points pushed through the first blocks."""
    x = X
    for block in flow._blocks[:count]:
        x = push(flow._net, block, x)
    return x


def steps_and_states(flow):
    return [(round(info.step_size, 9), info.status) for info in flow.blocks()]


def test_a_split_block_is_the_same_flow_in_two_halves_and_is_trained_on_with_those_behind_it(flow):
    before = flow.transport(X, [1.0, 0.6, 0.0], Solver("rk4", 48)).paths
    assert flow.edit(Split(1)) is True
    h = [0.25, 0.175, 0.175, 0.49]
    assert steps_and_states(flow) == list(zip(h, ["trained", "waiting", "waiting", "waiting"], strict=True))
    after = flow.transport(X, [1.0, 0.6, 0.0], Solver("rk4", 64)).paths
    assert float((after[-1] - before[-1]).abs().max()) < 1e-6
    phases = [info.phase for info in run(flow, Budget(steps=30))]
    assert list(dict.fromkeys(phases)) == [f"block {k} of 4 again" for k in (2, 3, 4)]
    assert [info.status for info in flow.blocks()] == ["trained"] * 4


def test_a_dropped_block_is_gone_and_those_before_it_are_untouched(flow):
    kept = [flow._blocks[0].average.clone(), flow._blocks[2].average.clone()]
    assert flow.edit(Drop(1)) is True
    assert steps_and_states(flow) == [(0.25, "trained"), (0.49, "waiting")]
    assert all(torch.equal(a.average, b) for a, b in zip(flow._blocks, kept, strict=True))
    run(flow, Budget(steps=20))
    assert torch.equal(flow._blocks[0].average, kept[0]) and not torch.equal(flow._blocks[1].average, kept[1])


def test_dropping_the_last_block_leaves_nothing_to_train(flow):
    before = through(flow, 2)
    assert flow.edit(Drop(2)) is False
    assert steps_and_states(flow) == [(0.25, "trained"), (0.35, "trained")]
    assert torch.equal(through(flow, 2), before)


def test_a_block_is_trained_anew_from_the_one_before_it(flow):
    first = flow._blocks[0].average.clone()
    assert flow.edit(Retrain(1)) is True
    assert torch.equal(flow._blocks[1].average, first), "its own weights are forgotten"
    assert [status for _, status in steps_and_states(flow)] == ["trained", "training", "waiting"]
    phases = [info.phase for info in run(flow, Budget(steps=30))]
    assert list(dict.fromkeys(phases)) == ["block 2 of 3", "block 3 of 3 again"]


def test_a_block_with_another_step_begins_scaled_to_the_way_that_the_step_goes(flow):
    field = flow._net.at(flow._blocks[1].average, [0.0])[0]
    flow.edit(Retime(1, 0.7))
    assert [h for h, _ in steps_and_states(flow)] == [0.25, 0.7, 0.49]
    from flowviz.flows._divergence import velocity

    scaled = velocity(X, flow._net.at(flow._blocks[1].average, [0.0])[0])
    expected = velocity(X, field) * (reach(0.7) / reach(0.35))
    assert torch.allclose(scaled, expected, rtol=1e-10)
    assert reach(1.0) == 0.5, "the mean of N(m, I) goes half of the way to 0: m / (1 + h)"


def test_a_block_is_added_behind_the_last(flow):
    assert flow.edit(Add()) is True
    assert steps_and_states(flow)[-1] == (0.686, "waiting")


def test_what_cannot_be_done_is_said_and_changes_nothing(flow):
    before = steps_and_states(flow)
    with pytest.raises(UserError, match="Block 4 is not trained"):
        flow.edit(Drop(3))
    assert steps_and_states(flow) == before
    alone = small(torch.float64, blocks=1, free_block=True)
    run(alone, Budget(steps=5))
    for edit in (Split(0), Retime(0, 1.0)):
        with pytest.raises(UserError, match="free block has no JKO step"):
            alone.edit(edit)
    with pytest.raises(UserError, match="needs a block"):
        alone.edit(Drop(0))
    assert edit_name(Retime(2, 0.5)) == "Re-time block 3 to h = 0.5" and edit_name(Drop(0)) == "Drop block 1"


def test_a_run_whose_edit_leaves_nothing_to_train_is_measured_and_ends(weights):
    params = {"width": 16, "batch_size": 64, "pool": 512, "blocks": 3}
    spec = RunSpec(TargetSpec("gaussian"), FlowSpec("jko", params), Budget(steps=50), device="cpu",
                   recording=Recording(20, 3, metric_points=20), metrics=("sliced_w2",))  # fmt: skip
    events = list(Run(spec, weights, 60).stretch(Control(), None, Drop(2)))
    frames = [event.frame for event in events if isinstance(event, FrameReady)]
    assert [len(frame.blocks) for frame in frames] == [2] * len(frames) and frames[-1].step == 60
    assert any(isinstance(event, MetricsReady) for event in events)
    assert isinstance(events[-1], Finished) and events[-1].step == 60
    assert np.isfinite(frames[-1].paths).all()
