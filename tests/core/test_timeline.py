import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowviz.core.frames import Frame
from flowviz.core.timeline import KEPT_PATHS, Timeline


def frame(step, n=10, weights=None):
    return Frame(step, 0.0, "", np.linspace(0, 1, 2), np.zeros((2, n, 2), np.float32), weights=weights or {})


def test_frames_are_found_by_the_nearest_step_and_the_older_one_of_two():
    timeline = Timeline()
    for step in (0, 10, 20):
        timeline.append(frame(step))
    assert [timeline.nearest(step).step for step in (-5, 4, 5, 6, 15, 99)] == [0, 0, 0, 10, 10, 20]
    assert Timeline().nearest(3) is None


def test_a_frame_of_the_same_step_replaces_the_older_one():
    timeline = Timeline()
    timeline.append(frame(0))
    newer = frame(0)
    timeline.append(newer)
    assert timeline.frames == (newer,) and timeline.last is newer


def test_an_older_frame_is_refused():
    timeline = Timeline()
    timeline.append(frame(5))
    with pytest.raises(ValueError, match="after step 5"):
        timeline.append(frame(4))


def test_an_array_shared_by_frames_counts_once():
    shared = np.zeros(1000)
    timeline = Timeline()
    timeline.append(frame(0, weights={"w": shared}))
    alone = timeline.nbytes
    timeline.append(frame(1, weights={"w": shared}))
    assert timeline.nbytes - alone < shared.nbytes


@settings(deadline=None)
@given(st.integers(5, 300))
def test_thinning_keeps_the_first_the_last_and_the_budget(count):
    budget = 20 * frame(0).nbytes
    timeline = Timeline(budget)
    for step in range(count):
        timeline.append(frame(step))
    assert timeline.steps[0] == 0 and timeline.last.step == count - 1
    assert timeline.nbytes <= budget
    assert timeline.steps == sorted(set(timeline.steps))
    gaps = np.diff(timeline.steps)
    assert not len(gaps) or gaps.max() <= max(2, count / 4)


def test_frames_with_weights_lose_paths_before_any_is_dropped():
    whole = frame(0, n=1000, weights={"w": np.zeros(10)}).nbytes
    timeline = Timeline(20 * whole)
    for step in range(100):
        timeline.append(frame(step, n=1000, weights={"w": np.full(10, step)}))
    assert timeline.nbytes <= 20 * whole
    assert len(timeline) == 100, "a checkpoint was dropped while paths could go"
    assert {f.paths.shape[1] for f in timeline.frames} == {1000, KEPT_PATHS}
    assert [f.weights["w"][0] for f in timeline.frames] == list(range(100))
    assert timeline.frames[0].paths.shape[1] == timeline.last.paths.shape[1] == 1000
    for step in range(100, 2000):
        timeline.append(frame(step, n=1000, weights={"w": np.full(10, step)}))
    assert timeline.nbytes <= 20 * whole
    assert timeline.steps[0] == 0 and np.diff(timeline.steps).max() < 200
