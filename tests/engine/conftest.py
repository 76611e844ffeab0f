"""A flow whose every step is scripted, small runs, and a worker that several tests share."""

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from flowviz.core.backend import Ready, RunMessage
from flowviz.core.errors import ParameterError
from flowviz.core.events import TERMINAL
from flowviz.core.frames import StepInfo
from flowviz.core.params import from_mapping, param
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.flows import FLOWS, Flow, HasLogDensity, Transport

WAIT = 60.0


@dataclass(frozen=True)
class ScriptedParams:
    bad_step: int = param(0, "Bad step", lo=0)
    failure: str = param("nan", "Failure", choices=("nan", "memory", "error", "lost", "paths"))
    rate: float = param(0.1, "Rate", lo=0.0, hi=1.0, live=True)
    terms: str = param("constant", "Terms", choices=("constant", "changing"))


class ScriptedFlow(Flow, HasLogDensity):
    """Shifts the noise by what it has learnt of the data's mean; draws from its sampler and its generator."""

    label = "Scripted"
    summary = "For tests."
    Params = ScriptedParams

    def __init__(self, params, problem):
        self.params, self.problem = params, problem
        self.generator = torch.Generator().manual_seed(problem.seed)
        self.shift = torch.zeros(problem.dim)
        self.fixed = np.arange(1000, dtype=np.float32)
        self.fixed.flags.writeable = False
        self.done, self.planned, self.total = 0, 10, 0
        self.seconds, self.budget_seconds = 0.0, None
        self.rates = []

    @classmethod
    def create(cls, params, problem):
        return cls(from_mapping(ScriptedParams, params), problem)

    def plan(self, budget):
        self.done, self.planned, self.budget_seconds, self.seconds = 0, budget.steps or 10, budget.seconds, 0.0

    @property
    def progress(self):
        if self.budget_seconds is not None:
            return min(1.0, self.seconds / self.budget_seconds)
        return self.done / self.planned

    def step(self, seconds):
        self.seconds = seconds
        self.done += 1
        self.total += 1
        self.rates.append(self.params.rate)
        batch = self.problem.sample(64)
        noise = torch.randn(1, generator=self.generator)[0]
        self.shift += self.params.rate * (batch.mean(0) - self.shift + 0.01 * noise)
        bad = self.total == self.params.bad_step
        if bad and self.params.failure == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        if bad and self.params.failure == "lost":
            raise RuntimeError("CUDA error: device-side assert triggered")
        if bad and self.params.failure == "error":
            raise ZeroDivisionError("division by zero")
        if bad and self.params.failure == "paths":
            self.shift += torch.inf
        loss = (
            torch.tensor(torch.nan)
            if bad and self.params.failure == "nan"
            else self.shift.square().sum().nan_to_num(1.0, 1.0)
        )
        losses = {"loss": loss}
        if self.params.terms == "changing" and self.total > 5:
            losses["extra"] = 1.0
        return StepInfo(losses, "late" if self.params.terms == "changing" and self.total > 5 else "")

    def transport(self, x, times, solver=None):
        t = torch.tensor(times)[:, None, None]
        return Transport(x + (t - t[0]) * self.shift, 4)

    def log_density(self, x, t=1.0, solver=None):
        return torch.distributions.Normal(t * self.shift, 1.0).log_prob(x).sum(1)

    def weights(self):
        shift = self.shift.numpy().copy()
        shift.flags.writeable = False
        return {"shift": shift, "fixed": self.fixed}

    def load(self, weights):
        self.shift = torch.tensor(weights["shift"])

    def change(self, name, value):
        if name != "rate":
            raise ParameterError(f"Parameter {name} is not live.", "Restart.", name)
        self.params = from_mapping(ScriptedParams, {"rate": value})

    @property
    def parameter_count(self):
        return 2


@pytest.fixture
def scripted():
    """Registers the scripted flow for one test; gives a spec of a run with it."""
    FLOWS.get("cnf")  # load the real ones first
    FLOWS._entries["scripted"] = ScriptedFlow

    def make(steps=20, **params):
        return _small("scripted", Budget(steps=steps), params)

    yield make
    del FLOWS._entries["scripted"]


def _small(flow="cnf", budget=None, params=None, seed=0, target="gaussian"):
    if params is None:
        params = {"width": 8, "batch_size": 32}
    recording = Recording(particles=40, n_times=5, min_gap_s=0.0, duty=0.5, metric_points=30)
    return RunSpec(TargetSpec(target), FlowSpec(flow, params), budget or Budget(steps=4), seed, "cpu", recording)


class Listener:
    """Collects what a backend says until something is there."""

    def __init__(self, backend):
        self.backend = backend
        self.heard = []
        self._looked_at = 0
        self._pause = threading.Event()

    def until(self, holds, timeout=WAIT):
        """The first event, after the one that was found last, for which it holds; all stay in `heard`."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.heard += self.backend.drain()
            while self._looked_at < len(self.heard):
                self._looked_at += 1
                if holds(self.heard[self._looked_at - 1]):
                    return self.heard[self._looked_at - 1]
            self._pause.wait(0.002)
        kinds = [type(getattr(event, "event", event)).__name__ for event in self.heard]
        raise AssertionError(f"not heard, only {kinds[-20:]}")

    def event(self, kind, run=None):
        """Wait for a run's event of that kind."""

        def holds(message):
            is_ours = isinstance(message, RunMessage) and (run is None or message.run == run.run)
            return is_ours and isinstance(message.event, kind)

        return self.until(holds).event

    def end(self, run=None):
        return self.event(TERMINAL, run)

    def ready(self):
        return self.until(lambda event: isinstance(event, Ready))

    def of(self, run, kind):
        """Events of a kind that a run has sent so far."""
        ours = [m.event for m in self.heard if isinstance(m, RunMessage) and m.run == run.run]
        return [event for event in ours if isinstance(event, kind)]


@pytest.fixture
def small():
    """Makes specs of small runs."""
    return _small


@pytest.fixture
def listen():
    """Makes listeners."""
    return Listener
