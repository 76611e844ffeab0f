"""Fair times on a machine that does other things as well: by turns, and by process CPU time beside wall time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds a call, one entry for each round.

    Attributes:
        cpu: process CPU time.
        wall: elapsed time.
    """

    cpu: list[float]
    wall: list[float]

    @property
    def ms(self) -> float:
        """Milliseconds of CPU time, the median."""
        return 1000 * statistics.median(self.cpu)


Job = Callable[[], object]


def by_turns(
    jobs: Mapping[str, Job], rounds: int, at_least: float = 0.03, before: Mapping[str, Job] | None = None
) -> dict[str, Times]:
    """Every job once a round, repeated within its turn until that lasted `at_least` seconds of CPU time.

    Args:
        jobs: what is timed, by name.
        rounds: how often all of them come by turns.
        at_least: length of a turn.
        before: what a job needs done before each of its turns, not timed.
    """
    calls, found, before = {}, {name: Times([], []) for name in jobs}, before or {}
    for name, job in jobs.items():
        before.get(name, job)()
        begin = time.process_time()
        job()
        calls[name] = max(1, round(at_least / max(1e-6, time.process_time() - begin)))
    for _ in range(rounds):
        for name, job in jobs.items():
            if name in before:
                before[name]()
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls[name]):
                job()
            found[name].cpu.append((time.process_time() - cpu) / calls[name])
            found[name].wall.append((time.perf_counter() - wall) / calls[name])
    return found


def ratio(above: Times, below: Times) -> tuple[float, float]:
    """(by CPU time, by wall time) the median over the rounds of one job's time over another's in the same round."""
    pairs = [(above.cpu, below.cpu), (above.wall, below.wall)]
    cpu, wall = (statistics.median(a / b for a, b in zip(*pair, strict=True)) for pair in pairs)
    return cpu, wall
