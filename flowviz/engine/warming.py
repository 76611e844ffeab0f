"""Does once what is slow the first time (imports, the first optimiser step), so that Run shows motion at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from flowviz.core.spec import Budget, FlowSpec
from flowviz.engine._building import create_flow
from flowviz.flows import FLOWS, HasLogDensity, Problem
from flowviz.metrics import METRICS


def warm_flow(key: str) -> None:
    """One tiny step and one tiny look with a method. What fails here will fail again, and be told, in a run."""
    with contextlib.suppress(Exception):
        flow = create_flow(FlowSpec(key), Problem(dim=2, sample=lambda n: torch.zeros(n, 2)))
        flow.plan(Budget(steps=1))
        flow.step(0.0)
        flow.transport(torch.zeros(4, 2), (0.0, 0.5, 1.0))
        if isinstance(flow, HasLogDensity):
            flow.log_density(torch.zeros(4, 2))


def warm_metric(key: str) -> None:
    """Import what a metric needs."""
    points = np.eye(2)
    with contextlib.suppress(Exception):
        METRICS.get(key)().value(points, points, np.random.default_rng(0))


def warm_all() -> None:
    """Every method and every metric."""
    for warm in _steps():
        warm()


def _steps() -> Iterator[Callable[[], None]]:
    for key, _ in FLOWS.items():
        yield partial(warm_flow, key)
    for key, _ in METRICS.items():
        yield partial(warm_metric, key)


class Warming:
    """Warms everything in a thread of its own, step by step, until something more urgent comes.

    The first method is warm when this object is made: it is what a window offers first.
    """

    def __init__(self) -> None:
        self._is_wanted = True
        self._rest = _steps()
        next(self._rest)()
        self._thread = threading.Thread(target=self._work, name="warming", daemon=True)

    def start(self) -> None:
        """Warm the rest."""
        self._thread.start()

    def stop(self) -> None:
        """Not now: what is left will be slow the first time. The step under way is finished."""
        self._is_wanted = False

    def _work(self) -> None:
        for warm in self._rest:
            if not self._is_wanted:
                return
            warm()
