"""The worker process: everything a window does with it, and every way in which one of the two can die."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from flowviz.core.backend import EngineLost, Origin, Ready, RunMessage
from flowviz.core.errors import ParameterError
from flowviz.core.events import Cancelled, Failed, Finished, FrameReady, Losses, Paused, Resumed, Started
from flowviz.core.queries import Answer, DensityQuery, TransportQuery
from flowviz.core.spec import Budget
from flowviz.engine._failures import explain
from flowviz.engine.process import ProcessBackend, _epitaph
from flowviz.engine.worker import DEVICE_LOST_STATUS, _lost_device

ROOT = Path(__file__).parents[2]
LONG = Budget(steps=10_000_000)


@pytest.fixture(scope="module")
def backend():
    shared = ProcessBackend()
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def ready(backend):
    event = threading.Event()
    while not event.wait(0.002):
        for heard in backend.drain():
            if isinstance(heard, Ready):
                return heard
    raise AssertionError


@pytest.fixture
def ear(backend, ready, listen):
    return listen(backend)


def test_ready_tells_what_there_is(ready):
    keys = {choice.key: choice for choice in ready.methods}
    assert keys["cnf"].abilities == {"density", "velocity"}
    assert keys["jko"].abilities == {"density", "velocity", "blocks"}
    assert "learning_rate" in {field.name for field in keys["cnf"].params}
    assert {choice.key for choice in ready.metrics} == {"w2", "sliced_w2", "mmd"}
    assert ready.devices[0] == "auto" and "cpu" in ready.devices and ready.device


def test_a_whole_run_arrives(backend, ear, small):
    run = backend.start(small("jko", params={"width": 8, "batch_size": 32}))
    assert isinstance(ear.end(run), Finished)
    frames = [event.frame for event in ear.of(run, FrameReady)]
    assert isinstance(ear.heard[0].event, Started) and frames[0].step == 0 and frames[-1].step == 4
    assert not any(a.flags.writeable for f in frames for a in (f.paths, f.times, *f.weights.values()))
    assert frames[-1].blocks and frames[-1].weights


def test_the_numbers_are_those_of_a_run_without_a_process(backend, ear, small):
    from flowviz.engine.run import run as run_here

    spec = small("jko", Budget(steps=6), {"width": 8, "batch_size": 32, "blocks": 2})
    run = backend.start(spec)
    ear.end(run)
    there = ear.of(run, FrameReady)[-1].frame
    here = [event.frame for event in run_here(spec) if isinstance(event, FrameReady)][-1]
    assert there.metrics == here.metrics and there.weights.keys() == here.weights.keys()
    assert all(np.array_equal(there.weights[name], here.weights[name]) for name in here.weights)


def test_weights_that_did_not_change_are_the_same_objects(backend, ear, small):
    spec = small("jko", Budget(steps=40), {"width": 8, "batch_size": 32, "blocks": 4})
    run = backend.start(spec)
    ear.end(run)
    last, before = [event.frame for event in ear.of(run, FrameReady)][-1:-3:-1]
    assert any(before.weights.get(name) is array for name, array in last.weights.items())


def test_pause_step_resume_change_stop_and_extend(backend, ear, small):
    run = backend.start(small(budget=LONG))
    ear.event(FrameReady, run)
    run.pause()
    paused = ear.event(Paused, run)
    run.change("learning_rate", 1e-4)
    run.step_once()
    assert ear.event(Paused, run).step == paused.step + 1
    run.resume()
    ear.event(Resumed, run)
    run.stop()
    cancelled = ear.end(run)
    assert isinstance(cancelled, Cancelled)
    run.extend(Budget(steps=3))
    assert ear.event(Started, run).step == cancelled.step
    assert ear.end(run).step == cancelled.step + 3


def test_a_wrong_change_is_refused_at_once(backend, ear, small):
    run = backend.start(small(budget=LONG))
    for name, value in (("width", 9), ("learning_rate", -1), ("nothing", 1)):
        with pytest.raises(ParameterError):
            run.change(name, value)
    run.stop()
    assert isinstance(ear.end(run), Cancelled)


def test_a_new_run_replaces_the_one_in_training(backend, ear, small):
    first = backend.start(small(budget=LONG))
    ear.event(FrameReady, first)
    second = backend.start(small())
    assert isinstance(ear.end(first), Cancelled)
    assert isinstance(ear.end(second), Finished)
    assert second.run > first.run


def test_an_older_run_is_extended_from_its_last_frame(backend, ear, small):
    first = backend.start(small())
    ear.end(first)
    second = backend.start(small())
    ear.end(second)
    first.extend(Budget(steps=2))
    assert ear.event(Started, first).step == 4
    assert ear.end(first).step == 6


def test_a_run_starts_from_weights(backend, ear, small):
    run = backend.start(small())
    ear.end(run)
    frame = ear.of(run, FrameReady)[-1].frame
    again = backend.start(small(), Origin(frame.weights, frame.step))
    assert np.array_equal(ear.event(FrameReady, again).frame.paths, frame.paths)
    assert ear.end(again).step == 8


def test_questions_are_answered_while_a_run_trains(backend, ear, small):
    spec = small(budget=LONG)
    run = backend.start(spec)
    frame = ear.event(FrameReady, run).frame
    number = backend.ask(spec, frame.weights, TransportQuery("noise", (0.0, 1.0), n=10, seed=spec.seed))
    answer = ear.until(lambda event: isinstance(event, Answer) and event.request == number)
    assert np.allclose(answer.arrays["paths"], frame.paths[[0, -1], :10], atol=1e-5)
    assert not answer.arrays["paths"].flags.writeable
    run.stop()
    ear.end(run)


def test_of_several_waiting_questions_in_a_lane_only_the_last_is_answered(backend, ear, small):
    run = backend.start(small())
    ear.end(run)
    weights = ear.of(run, FrameReady)[-1].frame.weights
    query = DensityQuery((-4, 4, -4, 4), 64)
    asked = [backend.ask(small(), weights, replace(query, t=t), "density") for t in np.linspace(0.1, 1, 30)]
    ear.until(lambda event: isinstance(event, Answer) and event.request == asked[-1])
    answered = [event.request for event in ear.heard if isinstance(event, Answer)]
    assert len(answered) < len(asked) and answered == sorted(answered)
    assert not backend._asked


def test_a_wrong_question_gets_a_sentence_and_the_engine_lives(backend, ear, small):
    number = backend.ask(small(), {"nonsense": np.zeros(3)}, DensityQuery((-1, 1, -1, 1)))
    answer = ear.until(lambda event: isinstance(event, Answer) and event.request == number)
    assert answer.error and not answer.arrays
    assert isinstance(_whole(backend, ear, small()), Finished)


def _whole(backend, ear, spec):
    return ear.end(backend.start(spec))


def test_losses_come_in_batches(backend, ear, small):
    run = backend.start(small(budget=Budget(seconds=0.5)))
    ear.end(run)
    batches = ear.of(run, Losses)
    steps = np.concatenate([batch.steps for batch in batches])
    assert np.array_equal(steps, np.arange(1, len(steps) + 1))
    assert batches[-1].progress == pytest.approx(1.0)


def test_a_killed_worker_is_told_replaced_and_the_run_goes_on(backend, ear, small):
    run = backend.start(small(budget=LONG))
    ear.event(Losses, run)
    number = backend.ask(small(), {}, DensityQuery((-1, 1, -1, 1), 2000))
    os.kill(backend.pid, signal.SIGKILL)
    failed = ear.end(run)
    assert isinstance(failed, Failed) and "killed" in failed.message and failed.hint
    ear.until(lambda event: isinstance(event, EngineLost))
    assert any(isinstance(event, Answer) and event.request == number for event in ear.heard)
    ear.ready()
    last = ear.of(run, FrameReady)[-1].frame
    run.extend(Budget(steps=5))
    started = ear.event(Started, run)
    assert started.step == last.step
    assert ear.end(run).step == last.step + 5


def test_a_worker_killed_while_idle_is_replaced_without_a_failed_run(backend, ear, small):
    run = backend.start(small())
    ear.end(run)
    os.kill(backend.pid, signal.SIGKILL)
    ear.until(lambda event: isinstance(event, EngineLost))
    assert not ear.of(run, Failed)
    assert isinstance(_whole(backend, ear, small()), Finished), "an order before Ready is not lost"


def test_an_engine_that_never_starts_is_given_up(monkeypatch, listen, small):
    monkeypatch.setattr("flowviz.engine.worker.main", _hopeless)
    backend = ProcessBackend()
    ear = listen(backend)
    hints = [ear.until(lambda event: isinstance(event, EngineLost)).hint for _ in range(1)]
    while backend.pid is not None:
        ear.until(lambda event: isinstance(event, EngineLost))
    assert hints and [type(event) for event in ear.heard] == [EngineLost] * 3
    assert "start" in ear.end(backend.start(small())).message
    number = backend.ask(small(), {}, DensityQuery((-1, 1, -1, 1)))
    assert ear.until(lambda event: isinstance(event, Answer) and event.request == number).error
    backend.close()


def test_a_worker_that_lost_its_device_makes_room_for_a_new_one():
    lost = Failed(3, *explain(RuntimeError("CUDA error: unspecified launch failure")))
    assert _lost_device(RunMessage(1, lost))
    assert not _lost_device(RunMessage(1, Failed(3, *explain(MemoryError()))))
    assert not _lost_device(RunMessage(1, Finished(3, 1.0)))
    assert "device" in _epitaph(DEVICE_LOST_STATUS, "")


def _hopeless(pipe):
    os._exit(5)


SCRIPT = """
import sys
from flowviz.core.backend import Ready, RunMessage
from flowviz.core.events import TERMINAL, Losses
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.engine.process import ProcessBackend
import threading

def main():
    backend, tick = ProcessBackend(), threading.Event()
    print(backend.pid, flush=True)
    budget = Budget(steps=int(sys.argv[1]))
    run = backend.start(RunSpec(TargetSpec("gaussian"), FlowSpec("cnf", {"width": 8, "batch_size": 32}), budget))
    while True:
        for event in backend.drain():
            if isinstance(event, RunMessage) and isinstance(event.event, Losses):
                print("training", flush=True)
            if isinstance(event, RunMessage) and isinstance(event.event, TERMINAL):
                print(type(event.event).__name__, "torch" in sys.modules, flush=True)
                backend.close()
                return
        tick.wait(0.002)

if __name__ == "__main__":
    main()
"""


def _script(tmp_path, steps):
    path = tmp_path / "window.py"
    path.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, path, str(steps)], stdout=subprocess.PIPE, text=True, env=environment)


def test_the_windows_process_never_imports_torch(tmp_path):
    with _script(tmp_path, 5) as window:
        lines = window.stdout.read().split("\n")
    assert lines[-2] == "Finished False" and window.returncode == 0


@pytest.mark.parametrize("moment", ["while starting", "while training"])
def test_the_worker_ends_when_the_window_is_killed(tmp_path, moment):
    with _script(tmp_path, 10_000_000) as window:
        worker = psutil.Process(int(window.stdout.readline()))
        if moment == "while training":
            assert window.stdout.readline() == "training\n"
        window.kill()
        worker.wait(timeout=20)


def test_a_worker_that_is_held_starts_when_it_is_told_to_and_ends_at_once_when_it_never_was():
    def workers():
        return [child for child in multiprocessing.active_children() if child.name == "flowviz engine"]

    before = len(workers())
    held, begun = ProcessBackend(is_held=True), ProcessBackend(is_held=True)
    begun.begin()
    assert begun.pid is not None
    assert len(workers()) == before + 1
    held.close()
    begun.close()
    assert len(workers()) == before


def test_closing_leaves_no_process_and_no_thread(backend, ear, small):
    # The last test: it closes the backend that all share.
    run = backend.start(small(budget=LONG))
    ear.event(Losses, run)
    worker = psutil.Process(backend.pid)
    backend.close()
    assert not worker.is_running()
    assert not [thread.name for thread in threading.enumerate() if "engine" in thread.name]
    backend.close()
