"""OT-Flow on its published swiss roll: the likelihood of the released checkpoint, beside ours with the same network."""

from __future__ import annotations

import numpy as np
import torch

from flowviz.core.spec import Budget, TargetSpec
from flowviz.flows import FLOWS, Problem
from flowviz.targets import build
from tests.bench._measure import Measurement

PUBLISHED_NLL = 2.680
"""Of the released checkpoint run again: 1,229 parameters, alpha_C 30, alpha_L 1, alpha_R 15; entropy 2.660."""
PARAMS = {"width": 32, "alpha_c": 30.0, "alpha_l": 1.0, "alpha_r": 15.0}
STEPS = 700


def measure() -> list[Measurement]:
    """Train the paper's network on its target, in the scale of the paper."""
    torch.set_num_threads(1)
    target, rng = build(TargetSpec("swiss_roll")), np.random.default_rng(0)
    problem = Problem(2, lambda n: torch.as_tensor(target.sample(n, rng), dtype=torch.float32))
    flow = FLOWS.get("ot_flow").create(PARAMS, problem)
    flow.plan(Budget(steps=STEPS))
    while flow.progress < 1:
        flow.step(0.0)
    held_out = target.sample(20_000, np.random.default_rng(1))
    log_p = flow.log_density(torch.as_tensor(held_out)).numpy()
    # Against the target's own log-density of the same points: the gap varies far less than the likelihood.
    gap = float((target.log_density(held_out) - log_p).mean())
    return [
        Measurement("OT-Flow, swiss roll: parameters (published 1,229, with a constant)", flow.parameter_count + 1, ""),
        Measurement(f"OT-Flow, swiss roll: NLL (published {PUBLISHED_NLL})", gap + target.entropy(), "nats", 2.72),
        Measurement("OT-Flow, swiss roll: entropy of the target (published 2.660)", target.entropy(), "nats"),
    ]
