"""Edits of blocks on the real engine: done, undone and done again, with every figure as it was."""

from dataclasses import replace

import numpy as np
import pytest
from scripted import NoStudio, destroy, until

from flowviz.core.block_edits import Add, Drop, Refine, Retime, Retrain, Split, edit_name
from flowviz.core.queries import DensityQuery
from flowviz.core.spec import Budget, Recording
from flowviz.engine.process import ProcessBackend
from flowviz.gui.main_window import MainWindow
from flowviz.gui.theme.theme import Theme

PARAMS = {"width": 8, "batch_size": 32, "blocks": 3, "steps_per_block": 4, "pool": 256}
RECORDING = Recording(particles=60, n_times=5, metric_points=20)
EDITS = {Add(): 4, Drop(1): 2, Retrain(1): 3, Split(0): 4, Retime(1, 0.4): 3, Refine(): 6}


@pytest.fixture(scope="module")
def real(qapp):
    """A window on the real engine, in whose process a small JKO flow of three blocks is trained."""
    window = MainWindow(ProcessBackend(), NoStudio(), Theme(qapp, "dark"))
    window.presenter._fine._timer.timeout.disconnect()  # distances of many points are another test's matter
    window.show()
    until(lambda: window.engine.ready is not None and not window.target_panel.is_busy(), 60)
    window.draft.set_method("jko")
    for name, value in PARAMS.items():
        window.draft.set_param(name, value)
    spec = replace(window.draft.spec(), recording=RECORDING, metrics=("sliced_w2",))
    window.draft.spec = lambda: spec
    window.run_controller.restart()
    window.playback.play(False)
    until(lambda: window.run.status == "finished", 60)
    yield window
    destroy(window)


def figures(window):
    """What a person reads of every block, and the density that the worker makes of the weights."""
    return [(block.nll, block.w2_squared, block.step_size) for block in window.run.blocks]


def density(window):
    """Log-density of the flow on the stage, asked of the worker."""
    answers = []
    window.pump.batch.connect(answers.extend)
    query = DensityQuery((-3.0, 3.0, -3.0, 3.0), 12)
    number = window.backend.ask(window.run.spec, window.run.timeline.last.weights, query)
    until(lambda: any(getattr(answer, "request", None) == number for answer in answers))
    window.pump.batch.disconnect(answers.extend)
    return next(a for a in answers if getattr(a, "request", None) == number).arrays["log_density"]


@pytest.mark.parametrize("edit", EDITS, ids=edit_name)
def test_an_edit_is_undone_and_done_again_with_every_figure_as_it_was(real, edit):
    run, stack = real.run, real.history.stack
    before, looked, step = figures(real), density(real), run.step
    assert len(before) == 3 and all(nll is not None and w2 is not None for nll, w2, _ in before)
    real.draft.set_budget(Budget(steps=12))
    real.surgery.edit(edit)
    until(lambda: run.status == "finished" and run.step > step, 60)
    after, changed = figures(real), density(real)
    assert stack.undoText() == edit_name(edit)
    assert after != before and not np.array_equal(changed, looked)
    assert real.draft.params["jko"]["blocks"] == len(after) == EDITS[edit], "the form says how many there are"

    stack.undo()
    assert figures(real) == before and run.step == step and real.draft.params["jko"]["blocks"] == 3
    assert np.array_equal(density(real), looked)
    stack.redo()
    assert figures(real) == after and np.array_equal(density(real), changed)
    assert real.draft.params["jko"]["blocks"] == EDITS[edit]
    stack.undo()
    assert figures(real) == before


def test_after_an_undo_the_worker_goes_on_from_what_was_before(real):
    before, step = figures(real), real.run.step
    real.draft.set_budget(Budget(steps=5))
    real.surgery.edit(Add())
    until(lambda: real.run.status == "finished" and real.run.step == step + 5, 60)
    assert figures(real)[:3] == before
    assert real.run.course[-1].edit == Add() and real.run.course[-1].is_anew
