"""A run that a person steered is made again from its script, number by number."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.block_edits import Add, Drop, Equalise, Refine, Retime, Retrain, Split
from flowviz.core.control import Control
from flowviz.core.course import Change, Stretch, until
from flowviz.core.course_json import course_from_json, course_to_json
from flowviz.core.course_log import noted
from flowviz.core.events import Changed, Failed, Finished, FrameReady, Losses, Paused, Started
from flowviz.core.recipe import recipe_of, repeatable
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine.run import Run

RECORDING = Recording(particles=20, n_times=3, min_gap_s=0.0, duty=1.0, metric_points=20)


class Steered:
    """A run under a person's hand: its course is noted from what it says, as the window and the command line do."""

    def __init__(self, flow, params, source=None):
        self.spec = RunSpec(
            TargetSpec("rings"), FlowSpec(flow, params), Budget(steps=6), 3, "cpu", RECORDING, ("sliced_w2",), source
        )
        self.run, self.course, self.frame = Run(self.spec, threads=1), (), None

    def train(self, budget=None, edit=None, wishes=(), early=None):
        """One stretch; a wish (event, step, method of Control, values) is done when the run says that of that step."""
        control = Control()
        for name, value in (early or {}).items():
            control.change(name, value)
        for event in self.run.stretch(control, budget, edit):
            assert not isinstance(event, Failed), event.message
            self.course = noted(self.course, event)
            self.frame = event.frame if isinstance(event, FrameReady) else self.frame
            for kind, step, wish, *values in wishes:
                if isinstance(event, kind) and step == getattr(getattr(event, "frame", event), "step", None):
                    getattr(control, wish)(*values)

    def lose_the_engine(self):
        """Go on from the last frame in a new flow, as after a crash or an undo."""
        self.run = Run(self.spec, self.frame.weights, self.frame.step, self.frame.wall_s, threads=1)


def every_way_of_steering():
    """A JKO flow under all that a window can do to it, from a source that is not noise's default seed."""
    steered = Steered("jko", {"width": 8, "batch_size": 16, "blocks": 2, "pool": 256})
    steered.train(wishes=[(FrameReady, 2, "change", "learning_rate", 0.02)])
    steered.train(Budget(steps=8), Split(0))
    steered.train(Budget(steps=9), early={"batch_size": 24}, wishes=[(FrameReady, steered.run.step + 4, "cancel")])
    steered.lose_the_engine()
    steered.train(Budget(steps=6), Retime(1, 0.7))
    steered.train(Budget(steps=4), Add())
    return steered


@pytest.fixture(scope="module")
def steered():
    return every_way_of_steering()


def script_of(steered):
    course, notes = repeatable(steered.course, steered.frame.step)
    return recipe_of(steered.spec, "A run", "", {"averaging": 0.99, "learning_rate": 0.006}, course, notes).script


def test_the_script_in_a_process_of_its_own_repeats_what_a_person_did(steered, tmp_path):
    script = script_of(steered)
    assert "edit=Split(index=0)" in script and "is_anew=True" in script and "not" not in script.split('"""')[1]
    (tmp_path / "script.py").write_text(
        f"{script}\nnp_save = __import__('numpy').save\nnp_save('samples.npy', samples)\n"
    )
    # The numbers of threads are those of the run in this process.
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{steered.frame.step} steps: ")
    assert np.array_equal(np.load(tmp_path / "samples.npy"), steered.frame.paths[-1])


def repeated(steered):
    """The names of its script after it has run here."""
    names = {}
    exec(compile(script_of(steered), "script.py", "exec"), names)  # what we have just written ourselves
    return names


def test_a_run_that_nobody_touched_has_a_short_script(steered):
    course = (Stretch(0, 6, Budget(steps=6), is_whole=True, params=steered.spec.flow.params),)
    script = recipe_of(steered.spec, "A run", "", {}, course).script
    assert "run(spec)" in script and "Stretch" not in script and "budget=Budget(steps=6)" in script


def test_what_is_changed_while_a_run_waits_or_is_over_holds_when_it_goes_on():
    source = TargetSpec("eight_gaussians")
    steered = Steered("rectified_flow", {"width": 8, "batch_size": 16, "reflows": 1, "learning_rate": 0.01}, source)
    change = (Paused, 4, "change", "learning_rate", 0.05)
    steered.train(wishes=[(FrameReady, 4, "pause"), change, (Changed, 4, "cancel")])
    assert steered.course[0].late == {"learning_rate": 0.05}
    steered.train(Budget(steps=3), early={"batch_size": 32})
    assert np.array_equal(repeated(steered)["samples"], steered.frame.paths[-1])
    steered.course = (replace(steered.course[0], changes=()), steered.course[1])
    assert not np.array_equal(repeated(steered)["samples"], steered.frame.paths[-1]), "the late change matters"


def test_a_run_against_the_clock_is_repeated_at_its_pace_and_the_script_says_that_it_is_not_equal():
    steered = Steered("cnf", {"width": 8, "batch_size": 16})
    steered.train(Budget(seconds=0.05))
    assert steered.course[0].pace[0] == (0, 0.0) and len(steered.course[0].pace) > 1
    assert "clock" in script_of(steered).split('"""')[1]
    names = repeated(steered)
    assert names["frames"][-1].step == steered.frame.step
    assert np.abs(names["samples"] - steered.frame.paths[-1]).max() < 0.1


def test_where_the_beginning_is_not_known_the_script_says_so_and_trains_as_long():
    steered = Steered("cnf", {"width": 8, "batch_size": 16})
    steered.train()
    steered.lose_the_engine()
    steered.course = ()
    steered.train(Budget(steps=2))
    assert "first 6 steps" in script_of(steered).split('"""')[1]
    assert repeated(steered)["frames"][-1].step == 8
    assert repeatable((), 5)[0] == (Stretch(0, 5, Budget(steps=5), is_whole=True),)


def test_what_came_after_the_weights_that_a_run_goes_on_from_is_no_part_of_its_course():
    spec, course = RunSpec(TargetSpec("rings"), FlowSpec("cnf")), ()
    anew = Stretch(8, 8, Budget(steps=5), is_anew=True)
    for event in (Started(spec, "", 1), Changed(3, "a", 1.0), Losses(np.array([10]), {}, "", 1.0, 0.5),
                  Changed(9, "a", 2.0), Started(spec, "", 1, 8, stretch=anew), Finished(13, 1.0)):  # fmt: skip
        course = noted(course, event)
    assert course == (Stretch(0, 8, changes=(Change(3, "a", 1.0),)), replace(anew, end=13, is_whole=True))
    assert [s.end for s in until(course, 10)] == [8, 10] and not until(course, 10)[1].is_whole
    assert [s.end for s in until(course, 4)] == [4]


@pytest.mark.parametrize("edit", [Refine(), Equalise(0.25), Add(), Drop(1), Retrain(0), Split(2), Retime(1, 0.5), None])
def test_a_course_is_the_same_after_json(edit):
    stretch = Stretch(2, 9, Budget(None, 1.5), edit, {"a": True}, (Change(3, "b", "x"),), True, True, {"c": 1},
                      ((2, 0.0), (9, 1.25)))  # fmt: skip
    assert course_from_json(course_to_json((stretch,))) == (stretch,)


@pytest.mark.parametrize("wrong", [
    {"begin": -1}, {"end": 1}, {"budget": [None, "soon"]}, {"edit": {"kind": "eval", "index": 1}},
    {"edit": {"kind": "Drop"}}, {"changes": [[1, "a", []]]}, {"early": {"a": None}},
    {"pace": [[3, 1.0], [2, 2.0]]}, {"params": {"a": float("inf")}},
])  # fmt: skip
def test_a_course_that_makes_no_sense_is_refused(wrong):
    (document,) = course_to_json((Stretch(2, 9),))
    with pytest.raises((KeyError, TypeError, ValueError)):
        course_from_json([{**document, **wrong}])
