import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from flowviz.core.control import Control
from flowviz.core.events import (
    TERMINAL,
    Cancelled,
    ChangeRefused,
    Failed,
    Finished,
    FloorsReady,
    FrameReady,
    Losses,
    MetricsReady,
    Paused,
    Resumed,
    Started,
)
from flowviz.core.spec import Budget, FlowSpec, Recording, TargetSpec
from flowviz.engine._losses import LossBatch
from flowviz.engine._sampling import POOL, PooledSampler, stream
from flowviz.engine.record import FIRST_LOOKS, Pace
from flowviz.engine.run import Run, run


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def frames(events):
    return [event.frame for event in of(events, FrameReady)]


def losses(events):
    return {int(step): value for e in of(events, Losses) for step, value in zip(e.steps, e.values["loss"], strict=True)}


@pytest.mark.parametrize("key", ["cnf", "jko"])
def test_a_run_starts_shows_itself_at_once_and_ends_once(small, key):
    events = list(run(small(key, params={"width": 8, "batch_size": 32})))
    assert isinstance(events[0], Started) and isinstance(events[1], FrameReady)
    assert events[1].frame.step == 0
    assert len(of(events, TERMINAL)) == 1 and isinstance(events[-1], Finished)
    assert sorted(losses(events)) == [1, 2, 3, 4]
    assert frames(events)[-1].step == 4 == events[-1].step
    travel = {"npe", "straightness", "energy", "least_energy", "nfe"}
    truth = {"moments_w2", "exact_w2", "exact_moments_w2", *(f"exact_{name}" for name in travel - {"nfe"})}
    measured = set(frames(events)[-1].metrics)
    assert measured == {"nll", "w2", "sliced_w2", "inversion_error"} | travel | truth, "the target is a Gaussian"
    assert set(of(events, FloorsReady)[-1].floors) == {"w2", "sliced_w2", "moments_w2"}
    assert events[0].entropy is not None and events[0].parameters > 0 and "CPU" in events[0].device


def test_frames_hold_the_same_particles_and_cannot_be_written_to(scripted):
    shown = frames(run(scripted()))
    assert all(np.array_equal(frame.paths[0], shown[0].paths[0]) for frame in shown)
    assert shown[0].paths.shape == (5, 40, 2) and shown[0].paths.dtype == np.float32
    assert np.all(np.diff(shown[0].times) > 0) and shown[0].times[0] == 0 and shown[0].times[-1] == 1
    assert not any(a.flags.writeable for f in shown for a in (f.paths, f.times, *f.weights.values()))
    assert [f.step for f in shown] == sorted(f.step for f in shown)


@pytest.mark.parametrize("key", ["cnf", "jko"])
def test_the_same_spec_gives_the_same_numbers_however_often_one_looks(small, key):
    params = {"width": 8, "batch_size": 32}
    seldom = replace(
        small(key, Budget(steps=8), params, seed=3),
        recording=Recording(40, 5, min_gap_s=1e6, duty=0.01, metric_points=30),
    )
    often = replace(seldom, recording=replace(seldom.recording, min_gap_s=0.0, duty=1.0))  # at every step
    first, second, third = (list(run(spec)) for spec in (often, seldom, often))
    assert len(frames(first)) > len(frames(second))
    assert losses(first) == losses(second) == losses(third)
    for name, array in frames(first)[-1].weights.items():
        assert np.array_equal(array, frames(second)[-1].weights[name])
    assert np.array_equal(frames(first)[-1].paths, frames(second)[-1].paths)
    assert frames(first)[-1].metrics == frames(second)[-1].metrics
    assert of(first, FloorsReady) == of(second, FloorsReady)


def test_another_seed_gives_other_numbers(scripted):
    assert losses(run(scripted())) != losses(run(replace(scripted(), seed=1)))


def test_a_further_stretch_goes_on_with_the_same_flow(scripted):
    whole = Run(scripted(20))
    events = list(whole.stretch(Control())) + list(whole.stretch(Control(), Budget(steps=5)))
    assert [event.step for event in of(events, Finished)] == [20, 25]
    assert [event.step for event in of(events, Started)] == [0, 20]
    assert of(events, Started)[1].floors, "floors are known by then"
    together = list(run(scripted(25)))
    assert losses(events) == losses(together)


def test_a_run_goes_on_from_weights(scripted):
    first = frames(run(scripted(20)))[-1]
    events = list(run(scripted(5), weights=first.weights, step=20))
    assert frames(events)[0].step == 20
    assert np.array_equal(frames(events)[0].paths, first.paths)
    assert events[-1].step == 25


def test_nan_ends_the_run_with_a_sentence_and_the_last_good_frame_stays(scripted):
    events = list(run(scripted(20, bad_step=7)))
    failed = events[-1]
    assert isinstance(failed, Failed) and len(of(events, TERMINAL)) == 1
    assert "step 7" in failed.message and "learning rate" in failed.hint and "RunError" in failed.details
    assert max(losses(events)) == 6 and max(frame.step for frame in frames(events)) <= 6
    assert all(np.isfinite(frame.paths).all() for frame in frames(events))


@pytest.mark.parametrize(
    ("failure", "words"),
    [("memory", "memory of the device is full"), ("lost", "device was lost"), ("error", "division by zero"),
     ("paths", "Particles left")],
)  # fmt: skip
def test_whatever_happens_is_said_in_a_sentence(scripted, failure, words):
    events = list(run(scripted(20, bad_step=7, failure=failure)))
    assert words in events[-1].message and events[-1].hint
    assert isinstance(events[-1], Failed) and len(of(events, TERMINAL)) == 1


def test_a_failed_run_can_be_trained_on_from_its_last_frame(scripted):
    broken = Run(scripted(20, bad_step=7, failure="error"))
    last = frames(broken.stretch(Control()))[-1]
    events = list(broken.stretch(Control(), Budget(steps=3)))
    assert isinstance(events[-1], Finished)
    assert events[0].step == last.step and events[-1].step == last.step + 3


@pytest.mark.parametrize(
    "change",
    [{"target": TargetSpec("nothing")}, {"flow": FlowSpec("nothing")}, {"device": "abacus"},
     {"metrics": ("nothing",)}, {"flow": FlowSpec("cnf", {"width": -1})}],
)  # fmt: skip
def test_a_spec_that_makes_no_run_fails_with_a_hint(small, change):
    events = list(run(replace(small(), **change)))
    assert len(events) == 1 and isinstance(events[0], Failed) and events[0].hint


def test_a_stopped_run_ends_with_its_last_frame_and_metrics(scripted):
    control = Control()
    events = []
    for event in run(scripted(1_000_000), control):
        events.append(event)
        if len(frames(events)) == 3:
            control.cancel()
    end = events[-1]
    assert isinstance(end, Cancelled) and len(of(events, TERMINAL)) == 1
    assert frames(events)[-1].step == end.step and "w2" in frames(events)[-1].metrics


def test_a_run_that_makes_way_for_another_ends_without_ceremony(scripted):
    control = Control()
    control.cancel(quick=True)
    events = list(run(scripted(), control))
    assert [type(event) for event in events] == [Started, FrameReady, Cancelled]


def test_pause_shows_where_it_stands_and_single_steps_are_single(scripted):
    control = Control()
    control.step_once()
    events, pauses = [], 0
    for event in run(scripted(10), control):
        events.append(event)
        if isinstance(event, Paused):
            pauses += 1
            if pauses < 3:
                control.step_once()
            else:
                control.resume()
    kinds = [type(event) for event in events if isinstance(event, (Paused, Resumed, Finished))]
    assert kinds == [Paused, Paused, Paused, Resumed, Finished]
    assert [event.step for event in of(events, Paused)] == [1, 2, 3]
    assert {1, 2, 3} <= {frame.step for frame in frames(events)}
    for paused in of(events, Paused):
        before = events[: events.index(paused)]
        assert max(losses(before)) == paused.step == frames(before)[-1].step


def test_a_change_while_paused_is_applied_without_a_step(scripted):
    control = Control()
    control.pause()
    whole = Run(scripted(3))
    events = []
    for event in whole.stretch(control):
        events.append(event)
        if isinstance(event, Paused) and not of(events, ChangeRefused):
            control.change("rate", 0.5)
            control.change("bad_step", 3)
        if isinstance(event, ChangeRefused):
            assert event.name == "bad_step" and event.hint
            control.resume()
    assert whole._flow.rates == [0.5, 0.5, 0.5]
    assert len(of(events, Paused)) == 1 and not losses(events[: events.index(of(events, ChangeRefused)[0])])


def test_seconds_count_training_only(scripted):
    spec = replace(scripted(), budget=Budget(seconds=0.05), recording=Recording(4000, 60, 0.0, 1.0, 200))
    events = list(run(spec))
    assert isinstance(events[-1], Finished) and 0.05 <= events[-1].seconds < 0.2


def test_losses_carry_every_term_and_split_at_phases(scripted):
    events = of(list(run(scripted(20, terms="changing"))), Losses)
    assert {event.phase for event in events} == {"", "late"}
    assert all(event.steps[-1] <= 5 for event in events if event.phase == "")
    late = np.concatenate([event.values["extra"] for event in events if event.phase == "late"])
    assert np.all(late == 1) and len(late) == 15
    assert events[-1].progress == 1.0 and events[-1].steps_per_second > 0


def test_a_loss_batch_stops_at_the_first_step_that_is_not_finite():
    from flowviz.core.frames import StepInfo

    batch = LossBatch()
    for step, value in enumerate((1.0, 2.0, float("inf"), 3.0), start=1):
        batch.add(step, StepInfo({"loss": torch.tensor(value)}))
    steps, values, bad = batch.read()
    assert steps == [1, 2] and values["loss"].tolist() == [1, 2] and bad == 3
    assert batch.phase is None


def test_recording_keeps_to_its_share_of_the_time():
    pace, now, looking = Pace(0.01, 0.1, 0.5), 0.0, 0.0
    for _ in range(20_000):
        if pace.due(now):
            pace.looked(now, now + 0.02)
            now, looking = now + 0.02, looking + 0.02
        now += 0.001
    assert looking / now <= 0.1 + FIRST_LOOKS * 0.02 / now


def test_one_slow_look_is_not_followed_by_a_long_time_without_any():
    pace, now, gaps = Pace(0.0, 0.1), 0.0, []
    for lasted in (0.01, 0.01, 0.01, 0.5, 0.01, 0.01, 0.01):
        pace.looked(now, now + lasted)
        begin = now = now + lasted
        while not pace.due(now):
            now += 0.001
        gaps.append(now - begin)
    assert max(gaps) < 0.1


def test_the_sampler_hands_out_fresh_points_that_depend_on_the_seed_only():
    def draw(n, rng):
        return rng.standard_normal((n, 2))

    def sampler():
        return PooledSampler(draw, stream(5, "batches"), torch.device("cpu"))

    a, b = sampler(), sampler()
    sizes = [100, 3000, 7, POOL, 512]
    first, second = [a(n) for n in sizes], [b(n) for n in sizes]
    assert [len(x) for x in first] == sizes
    assert all(torch.equal(x, y) for x, y in zip(first, second, strict=True))
    everything = torch.cat(first)
    assert len(torch.unique(everything, dim=0)) == len(everything)


def test_random_streams_are_independent():
    values = [stream(1, name, step).random() for name, step in itertools.product(("batches", "floors"), (0, 1))]
    assert len(set(values)) == 4


def test_metrics_are_reported_while_training_for_steps_that_have_a_frame(scripted):
    control, events = Control(), []
    for event in run(scripted(10_000_000), control):
        events.append(event)
        if len(of(events, MetricsReady)) == 3:
            control.cancel()
    steps = [event.step for event in of(events, MetricsReady)]
    assert steps == sorted(set(steps)) and set(steps) <= {frame.step for frame in frames(events)}
    assert frames(events)[-1].metrics == of(events, MetricsReady)[-1].values


def test_the_nll_uses_the_targets_own_density_to_lower_its_noise(small):
    # The scripted flow is not needed: an untrained flow is N(0, I), whose cross entropy has a closed form.
    events = list(run(small("jko", Budget(steps=1), {"blocks": 1, "width": 4, "learning_rate": 1e-6})))
    params = {"mean_x": 1.0, "mean_y": 0.5, "sd_x": 1.2, "sd_y": 0.6}
    moments = sum(params[k] ** 2 for k in params)
    exact = np.log(2 * np.pi) + moments / 2
    assert frames(events)[-1].metrics["nll"] == pytest.approx(exact, abs=0.8)


def test_a_run_asked_to_pauses_exactly_when_its_block_is_done(small):
    control = Control()
    control.pause_after_block(True)
    spec = small("jko", Budget(steps=12), {"width": 4, "batch_size": 32, "blocks": 3})
    events = []
    for event in run(spec, control):
        events.append(event)
        if isinstance(event, Paused):
            control.resume()
    assert [event.step for event in of(events, Paused)] == [4], "once: it was asked for once"
    shown = next(frame for frame in frames(events) if frame.step == 4)
    assert [block.status for block in shown.blocks] == ["trained", "waiting", "waiting"]
    assert isinstance(events[-1], Finished) and events[-1].step == 12


def test_pausing_after_the_block_can_be_taken_back(small):
    control = Control()
    control.pause_after_block(True)
    control.pause_after_block(False)
    spec = small("jko", Budget(steps=6), {"width": 4, "batch_size": 32, "blocks": 2})
    assert not of(run(spec, control), Paused)
