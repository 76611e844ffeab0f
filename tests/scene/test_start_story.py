"""What a start by flow matching saved: said only where a run from nothing was made to compare with."""

import numpy as np

from flowviz.core.frames import Frame, StartInfo
from flowviz.core.records import RunEntry, RunFile
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.scene.start_story import cold_runs, words

START = StartInfo(400, 2.1, 4.3, 2.71)


def spec(target="rings", seed=0, budget=None, **params):
    return RunSpec(TargetSpec(target), FlowSpec("cnf", {"width": 64, **params}), budget or Budget(seconds=30), seed)


def frames(last_step, seconds, start=None):
    times, paths = np.linspace(0, 1, 3), np.zeros((3, 2, 2), np.float32)
    return tuple(Frame(step, wall, "", times, paths, start=start) for step, wall in ((0, 0.0), (last_step, seconds)))


def entry(number, made, measured, last_step=1000, seconds=20.0):
    record = RunFile(made, frames(last_step, seconds), metrics={"nll": np.array(measured, float)})
    return RunEntry(number, f"Run {number}", record=record)


WARM = spec(start="flow matching", start_steps=400)
MEASURED = np.array([[450.0, 2.7], [900.0, 2.6]])
COLD = entry(3, spec(seed=5, start="fresh", start_steps=400), [[100, 4.0], [250, 2.9], [500, 2.70], [1000, 2.6]])


def said(entries, start=START, made=WARM):
    return words(made, MEASURED, frames(900, 18.0, start), entries)


def test_the_saving_is_the_time_that_the_run_from_nothing_took_to_the_same_nll():
    assert said([COLD]) == (
        "Started from a flow-matching fit of 2.1 s (400 steps) at NLL 2.71; "
        "Run 3, from nothing, took 10.0 s (500 steps) to that: 7.9 s saved."
    )


def test_a_loss_is_called_a_loss():
    quick = entry(3, COLD.record.spec, [[10, 2.5]])
    assert said([quick]).endswith("took 0.2 s (10 steps) to that: 1.9 s lost.")


def test_nothing_is_claimed_that_was_not_measured():
    assert said([]).endswith("at NLL 2.71. Train the same with a fresh start to see what that saves.")
    slow = entry(3, COLD.record.spec, [[100, 4.0], [1000, 2.9]])
    assert said([slow]).endswith("Run 3, from nothing, never came to that.")
    assert said([COLD], made=spec(start="fresh")) == ""


def test_only_runs_of_the_same_making_are_compared_with():
    others = [
        entry(1, spec(target="rose"), [[1, 1]]),
        entry(2, spec(width=32), [[1, 1]]),
        entry(4, WARM, [[1, 1]]),
        entry(5, spec(budget=Budget(seconds=10)), [[1, 1]]),
    ]
    assert cold_runs(WARM, [*others, COLD]) == (COLD,)


def test_blocks_that_start_from_fits_are_compared_at_an_nll_that_both_came_to():
    made = spec(start="flow matching")
    cold = entry(2, spec(start="warm"), [[500, 2.65], [1000, 2.55]])
    assert said([cold], start=None, made=made) == (
        "With flow-matching fits before its blocks NLL 2.60 took 18.0 s; Run 2, without, 20.0 s: 2.0 s saved."
    )
