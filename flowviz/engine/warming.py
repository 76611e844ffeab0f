"""Does once what is slow the first time (imports, the first optimiser step), so that Run shows motion at once."""

from __future__ import annotations

import contextlib

import numpy as np
import torch

from flowviz.core.spec import Budget, FlowSpec
from flowviz.engine._building import create_flow
from flowviz.flows import FLOWS, HasLogDensity, Problem
from flowviz.metrics import METRICS


def warm_flows() -> None:
    """One tiny step and one tiny look with every method. What fails here will fail again, and be told, in a run."""
    for key, _ in FLOWS.items():
        with contextlib.suppress(Exception):
            flow = create_flow(FlowSpec(key), Problem(dim=2, sample=lambda n: torch.zeros(n, 2)))
            flow.plan(Budget(steps=1))
            flow.step(0.0)
            flow.transport(torch.zeros(4, 2), (0.0, 0.5, 1.0))
            if isinstance(flow, HasLogDensity):
                flow.log_density(torch.zeros(4, 2))


def warm_metrics() -> None:
    """Import what the metrics need."""
    points = np.eye(2)
    for _, metric in METRICS.items():
        with contextlib.suppress(Exception):
            metric().value(points, points, np.random.default_rng(0))
