"""An engine that does what a test says."""

import itertools
import time

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop

from flowviz.core.backend import BEGINNING, Choice, Ready, RunMessage
from flowviz.core.events import (
    Cancelled,
    Failed,
    FloorsReady,
    FrameReady,
    Losses,
    MetricsReady,
    Paused,
    Resumed,
    Started,
)
from flowviz.core.frames import BlockInfo, Frame
from flowviz.core.params import ParamField
from flowviz.core.queries import (
    AnomalyQuery,
    Answer,
    DensityQuery,
    FieldQuery,
    LoopQuery,
    MetricQuery,
    ProbeQuery,
    TransportQuery,
)


def until(holds, seconds=20.0):
    """Run the event loop until something holds; for fixtures of a whole module, which have no qtbot."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def destroy(*widgets):
    """Close them and let them be gone at once: a style sheet that meets what is half gone ends the process."""
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


METHODS = (
    Choice(
        "cnf",
        "CNF",
        "One field, trained by likelihood.",
        (
            ParamField("rate", "float", 0.005, 1e-5, 1.0, "Learning rate", log=True, live=True),
            ParamField("width", "int", 64, 8, 512, "Width"),
        ),
        frozenset({"density", "velocity"}),
    ),
    Choice(
        "jko",
        "JKO flow",
        "Blocks, one after another.",
        (ParamField("blocks", "int", 3, 1, 12, "Blocks", live=True),),
        frozenset({"density", "velocity", "blocks"}),
    ),
)
READY = Ready(METHODS, (Choice("w2", "W2", ""),), ("auto", "cpu"), "CPU (2 cores)")
TIMES = np.linspace(0, 1, 9, dtype=np.float32)


def frame(step, blocks=()):
    """A frame whose particles move to the right by the step's thousandth."""
    noise = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    paths = noise[None] + TIMES[:, None, None] * np.array([step / 1000.0, 0.0], np.float32)
    return Frame(step, step / 100, "", TIMES, paths.astype(np.float32), blocks=blocks, weights={"w": np.ones(3)})


def blocks(trained, count=3):
    """So many of `count` blocks are trained, the next one trains."""
    names = ["trained"] * trained + ["training"] + ["waiting"] * count
    return tuple(
        BlockInfo(i, names[i], 0.5, 1 - (i + 1) / count, 1 - i / count, 0.1 if i < trained else None, {"loss": 1.0})
        for i in range(count)
    )


class ScriptedHandle:
    def __init__(self, backend, run):
        self.backend, self.run, self.calls = backend, run, []

    def _say(self, name, *events):
        self.calls.append(name)
        self.backend.say(*events)

    def pause(self):
        self._say("pause", Paused(self.backend.step))

    def resume(self):
        self._say("resume", Resumed(self.backend.step))

    def step_once(self):
        self.backend.step += 1
        self._say("step_once", Paused(self.backend.step))

    def pause_after_block(self, wanted):
        self.calls.append(("pause_after_block", wanted))

    def stop(self):
        self._say("stop", Cancelled(self.backend.step, 1.0))

    def change(self, name, value):
        self.calls.append((name, value))

    def extend(self, budget, edit=None):
        self.calls.append(("extend", budget) if edit is None else ("extend", budget, edit))
        self.backend.say(Started(self.backend.specs[-1], "CPU, 1 thread", 99, self.backend.step))


class ScriptedBackend:
    """Says only what the test makes it say; remembers what it was asked."""

    def __init__(self, ready=True):
        self.events, self.specs, self.asked, self.starts, self.edits = [], [], [], [], []
        self.handle, self.step, self.closed = None, 0, False
        self.asked_of = []
        self._numbers = itertools.count(1)
        if ready:
            self.events.append(READY)

    def drain(self):
        events, self.events = self.events, []
        return events

    def start(self, spec, origin=BEGINNING, edit=None):
        self.specs.append(spec)
        self.starts.append((origin.weights, origin.step))
        self.edits.append(edit)
        self.step = step = origin.step
        self.handle = ScriptedHandle(self, next(self._numbers))
        self.say(Started(spec, "CPU, 1 thread", 1234, step, entropy=2.3))
        self.say(FloorsReady({"w2": (0.1, 0.05, 0.15), "sliced_w2": (0.05, 0.02, 0.08)}))
        return self.handle

    def ask(self, spec, weights, query, lane=""):
        number = next(self._numbers)
        self.asked.append((lane, query))
        self.asked_of.append((lane, spec, query))
        self.events.append(Answer(number, self._answer(query)))
        return number

    @staticmethod
    def _answer(query):
        match query:
            case TransportQuery():
                points = np.zeros((len(query.times), query.n, 2), np.float32)
                return {
                    "paths": points,
                    "times": np.array(query.times, np.float32),
                    "nfe": np.array(48),
                    "grid": np.linspace(0, 1, (query.solver.steps or 10) + 1),
                }
            case DensityQuery():
                return {"log_density": np.zeros((query.resolution, query.resolution), np.float32)}
            case FieldQuery():
                return {"velocity": np.ones((len(query.times), len(query.points), 2), np.float32)}
            case MetricQuery():
                return {"value": np.array(0.0625), "floor": np.array([0.04, 0.03, 0.05])}
            case ProbeQuery():
                shape = (len(query.times), len(query.points))
                paths = np.repeat(query.points[None], shape[0], 0)
                answer = {"paths": paths, "times": np.array(query.times)}
                if query.is_detailed:
                    answer |= {name: np.ones(shape) for name in ("speed", "divergence", "log_density", "log_det")}
                return answer
            case LoopQuery():
                paths = np.repeat(query.points[None], len(query.times), 0)
                return {"paths": paths, "times": np.array(query.times), "mass": np.full(len(query.times), 0.25)}
            case AnomalyQuery():
                x = np.linspace(*query.extent[:2], query.resolution)
                grid = -(x[None] ** 2 + x[:, None] ** 2) / 2
                return {"log_density": grid.astype(np.float32), "levels": np.linspace(-8.0, 0.0, 101)}
        return {}

    def close(self):
        self.closed = True

    # what a test makes it say

    def say(self, *events):
        self.events += [RunMessage(self.handle.run, event) for event in events]

    def train(self, *steps, blocks=()):
        """Losses, a frame and metrics at these steps."""
        for step in steps:
            self.step = step
            values = {"loss": np.array([4.0 / step]), "nll": np.array([3.0])}
            self.say(Losses(np.array([step]), values, "", 100.0, 0.5, 10.0))
            self.say(FrameReady(frame(step, blocks)), MetricsReady(step, {"w2": 1.0 / step, "nll": 2.5}))

    def fail(self):
        self.say(Failed(self.step, "The loss is not finite.", "Lower the learning rate.", "Traceback ..."))


class NoStudio:
    def suffixes(self):
        return (".mp4", ".gif")

    def preview(self, job):
        from types import SimpleNamespace

        nothing = lambda *wishes: None  # noqa: E731 - a preview that shows nothing
        return SimpleNamespace(show=nothing, drain=nothing, close=nothing)

    def data_suffixes(self, what):
        return (".csv", ".npz") if what in ("samples", "trajectories", "density", "curves") else (".onnx",)

    def start(self, job):
        raise AssertionError("no film was wanted")
