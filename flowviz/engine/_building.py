"""How flows come into being, so that nothing of theirs depends on what other threads do."""

from __future__ import annotations

import threading

import torch

from flowviz.core.spec import FlowSpec
from flowviz.flows import FLOWS, Flow, Problem

_GLOBAL_STREAM = threading.Lock()


def create_flow(spec: FlowSpec, problem: Problem) -> Flow:
    """A fresh flow. A method whose layers draw their first weights from torch's global stream gets them pinned.

    Raises:
        UserError: unknown method, or a parameter that is unknown or out of range.
    """
    method = FLOWS.get(spec.key)
    with _GLOBAL_STREAM:
        torch.manual_seed(problem.seed)
        return method.create(spec.params, problem)
