"""The gradient step: against the papers' way at equal accuracy, and against the floor of its matrix products."""

from __future__ import annotations

from functools import partial

import torch

from tests.bench._floor import products
from tests.bench._measure import Measurement
from tests.bench._objectives import Accuracy, Case, CnfCase, JkoCase
from tests.bench._timing import Job, Times, by_turns, ratio

ROUNDS = 9
Limits = tuple[float, float] | None
# Both sides must have these errors at most: that is what "equal accuracy" means for a deterministic reference. The
# JKO-iFlow code estimates its divergence by one probe and never gets there; it is compared at its own accuracy, and
# once more with the exact divergence and as many sub-steps as the limits ask.
EXACT: Limits = (1e-4, 0.01)
TRAINED = 400


def against_reference(
    name: str, case: Case, n: int, limits: Limits, bound: float | None
) -> tuple[list[Measurement], Accuracy]:
    """Whole training steps by turns, ours with the quickest solver whose errors are inside the limits.

    Args:
        name: of the lines.
        case: flow and weights.
        n: batch size.
        limits: allowed errors of loss (nats) and gradient (relative); None allows those of the reference itself.
        bound: on the ratio.
    """
    x = case.batch(n)
    truth = case.truth(x)
    theirs = case.reference_error(x, truth)
    allowed = limits or theirs
    found = case.accurate(x, truth, allowed)
    jobs: dict[str, Job] = {how.solver: case.step for how in found}
    before = {how.solver: partial(case.freeze, x, how.solver, how.steps) for how in found}
    times = by_turns(jobs | {"reference": case.trainer(x)}, ROUNDS, before=before)
    best = min(found, key=lambda how: times[how.solver].ms)
    ours = times[best.solver]
    cpu, wall = ratio(times["reference"], ours)
    return [
        Measurement(f"{name}: reference over ours", cpu, "times", bound, "higher"),
        Measurement(f"{name}: the same by wall time", wall, "times"),
        Measurement(f"{name}: ours, {best.solver} x {best.steps}", ours.ms, "ms"),
        Measurement(f"{name}: reference", times["reference"].ms, "ms"),
        Measurement(f"{name}: ours, error of the loss", best.loss_error, "nats", allowed[0]),
        Measurement(f"{name}: ours, error of the gradient", 100 * best.gradient_error, "%", 100 * allowed[1]),
        Measurement(f"{name}: reference, error of the loss", theirs[0], "nats"),
        Measurement(f"{name}: reference, error of the gradient", 100 * theirs[1], "%"),
    ], best


def against_floor(name: str, case: Case, n: int, how: Accuracy) -> list[Measurement]:
    """The whole step over its matrix products alone."""
    parts = products(n, case.net.dim, case.net.width, how.solver, how.steps)
    case.freeze(case.batch(n), how.solver, how.steps)
    jobs: dict[str, Job] = {"step": case.step}
    times = by_turns(jobs | {kind: part.run for kind, part in parts.items()}, ROUNDS, at_least=0.02)
    rounds = range(ROUNDS)
    floor = Times(
        [sum(part.count * times[kind].cpu[i] for kind, part in parts.items()) for i in rounds],
        [sum(part.count * times[kind].wall[i] for kind, part in parts.items()) for i in rounds],
    )
    cpu, wall = ratio(times["step"], floor)
    flops = sum(part.count * part.flops for part in parts.values())
    return [
        Measurement(f"{name}: step over the floor of matmul", cpu, "times", 2.0),
        Measurement(f"{name}: the same by wall time", wall, "times"),
        Measurement(f"{name}: step", times["step"].ms, "ms"),
        Measurement(f"{name}: matmul at its shapes", flops / floor.ms / 1e6, "GFLOP/s"),
    ]


def measure() -> list[Measurement]:
    """All figures of the gradient step, with one torch thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cnf, jko = CnfCase(TRAINED), JkoCase(TRAINED)
        found, _ = against_reference("CNF step, batch 100", cnf, 100, EXACT, 20.0)
        more, how = against_reference("CNF step, batch 1000", cnf, 1000, EXACT, 7.0)
        found += more + against_floor("CNF step, batch 2000", cnf, 2000, how)
        more, how = against_reference("JKO block step, batch 2000", jko, 2000, None, 6.0)
        found += more + against_floor("JKO block step, batch 2000", jko, 2000, how)
        name = "JKO block step, batch 2000, ours at 1e-4 nats and 1 %"
        found += against_reference(name, jko, 2000, EXACT, None)[0]
        x = jko.batch(2000)
        jko.make_reference_exact(x, jko.truth(x), EXACT)
        name = "JKO block step, batch 2000, both at 1e-4 nats and 1 %"
        return found + against_reference(name, jko, 2000, EXACT, 6.0)[0]
    finally:
        torch.set_num_threads(threads)
