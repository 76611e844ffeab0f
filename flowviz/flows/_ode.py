"""Fixed-step Runge-Kutta solvers (Euler, midpoint, classic RK4) and, through torchdiffeq, dopri5.

A field maps (x, t) to the rates of a tuple of tensors: x itself and any accumulators (log-density, energy)
whose rates depend on x and t only. Solvers are vectorised over points and count velocity evaluations.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from flowviz.core.errors import RunError
from flowviz.core.solver import Solver, SolverName

State = tuple[Tensor, ...]
Field = Callable[[Tensor, float], State]

ORDER: dict[str, int] = {"euler": 1, "midpoint": 2, "rk4": 4}
STAGES: dict[str, int] = {"euler": 1, "midpoint": 2, "rk4": 4}


@dataclass(frozen=True, slots=True)
class Solution:
    """States at the asked times.

    Attributes:
        states: one tuple (x, accumulators ...) per asked time.
        nfe: velocity evaluations per particle, without the one that only times between the last two grid points need.
        grid: times between which steps were taken, in the order of travel.
    """

    states: list[State]
    nfe: int
    grid: tuple[float, ...] = ()

    def paths(self) -> Tensor:
        """Positions (T, n, d)."""
        return torch.stack([state[0] for state in self.states])


def stage_times(t0: float, t1: float, steps: int, name: str) -> list[float]:
    """The distinct times at which a fixed-step solver looks at the field, in order of travel."""
    halves = 1 if name == "euler" else 2
    count = steps * halves
    last = count if name == "rk4" else count - 1
    return [t0 + (t1 - t0) * i / count for i in range(last + 1)]


def one_step(field: Field, state: State, t: float, h: float, name: str, first: State | None = None) -> State:
    """One step of size h (negative backwards) from t; `first` is the field at the start, where already known."""
    k1 = field(state[0], t) if first is None else first
    if name == "euler":
        return _moved(state, k1, h)
    k2 = field(torch.add(state[0], k1[0], alpha=0.5 * h), t + 0.5 * h)
    if name == "midpoint":
        return _moved(state, k2, h)
    k3 = field(torch.add(state[0], k2[0], alpha=0.5 * h), t + 0.5 * h)
    k4 = field(torch.add(state[0], k3[0], alpha=h), t + h)
    rates = tuple(torch.add(a + d, b + c, alpha=2.0) for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
    return _moved(state, rates, h / 6.0)


def integrate(field: Field, state: State, t0: float, t1: float, steps: int, name: str) -> State:
    """The state at t1 after `steps` equal steps from t0; differentiable."""
    h = (t1 - t0) / steps
    for i in range(steps):
        state = one_step(field, state, t0 + i * h, h, name)
    return state


def solve(
    field: Field, state: State, times: Sequence[float], name: SolverName, steps: int, tolerance: float = 1e-5
) -> Solution:
    """States at every one of the monotone times, starting from `state` at times[0].

    Fixed-step solvers take `steps` equal steps from times[0] to times[-1]. Times between two grid points
    come from the cubic Hermite polynomial through both ends (Hairer, Norsett & Wanner, Solving ODEs I,
    section II.6), which keeps the order of the solver, so that asking for more times costs nothing; Euler's own
    interpolation is the straight line.

    Raises:
        ValueError: the times are empty or not monotone.
        RunError: dopri5 cannot reach its tolerance.
    """
    rising = all(a <= b for a, b in itertools.pairwise(times))
    if not len(times) or not (rising or all(a >= b for a, b in itertools.pairwise(times))):
        raise ValueError("times must be monotone and not empty")
    if times[0] == times[-1]:
        return Solution([state] * len(times), 0)
    if name == "dopri5":
        return _dopri5(field, state, times, tolerance)
    return _fixed(field, state, times, name, max(1, steps))


def in_chunks(move: Callable[[State], Solution], state: State, solver: Solver, size: int = 3000) -> Solution:
    """`move` applied to pieces of the points that fit a processor's cache; several times faster for many points.

    dopri5 chooses its steps by all points together and gets them in one piece.
    """
    if len(state[0]) <= size or solver.name == "dopri5":
        return move(state)
    pieces = [move(part) for part in zip(*(tensor.split(size) for tensor in state), strict=True)]
    together = zip(*(piece.states for piece in pieces), strict=True)
    states = [tuple(map(torch.cat, zip(*parts, strict=True))) for parts in together]
    return Solution(states, pieces[0].nfe, pieces[0].grid)


def _fixed(field: Field, state: State, times: Sequence[float], name: str, steps: int) -> Solution:
    t0, t1 = times[0], times[-1]
    h = (t1 - t0) / steps
    # Position of each asked time on the grid, in steps; near-integers are grid points.
    places = [(t - t0) / h for t in times]
    places = [float(round(p)) if abs(p - round(p)) < 1e-6 else p for p in places]
    states: list[State] = []
    rate: State | None = None
    for i in range(steps):
        t = t0 + i * h
        while len(states) < len(places) and places[len(states)] == i:
            states.append(state)
        inside = [p - i for p in places[len(states) :] if p < i + 1]
        start = field(state[0], t) if rate is None else rate
        after = one_step(field, state, t, h, name, start)
        rate = None
        if inside and name != "euler":
            rate = field(after[0], t + h)  # the next step begins with it
        states += [_between(state, after, start, rate, h, share) for share in inside]
        state = after
    states += [state] * (len(places) - len(states))
    return Solution(states, steps * STAGES[name], tuple(t0 + i * h for i in range(steps + 1)))


def _between(before: State, after: State, start: State, end: State | None, h: float, share: float) -> State:
    if end is None:
        return tuple(torch.lerp(a, b, share) for a, b in zip(before, after, strict=True))
    u = share
    weights = ((1 + 2 * u) * (1 - u) ** 2, u * u * (3 - 2 * u), h * u * (1 - u) ** 2, h * u * u * (u - 1))
    return tuple(
        a * weights[0] + b * weights[1] + p * weights[2] + q * weights[3]
        for a, b, p, q in zip(before, after, start, end, strict=True)
    )


def _dopri5(field: Field, state: State, times: Sequence[float], tolerance: float) -> Solution:
    from torchdiffeq import odeint  # late: it brings SciPy with it

    distinct = list(dict.fromkeys(times))
    count = 0

    def rates(t: Tensor, y: State) -> State:
        nonlocal count
        count += 1
        return field(y[0], float(t))

    accepted: list[float] = []
    rates.callback_accept_step = lambda t, _y, _dt: accepted.append(float(t))  # type: ignore[attr-defined]
    grid = torch.tensor(distinct, dtype=torch.float64, device=state[0].device)
    try:
        solved = odeint(rates, state, grid, rtol=tolerance, atol=tolerance, method="dopri5")
    except AssertionError as error:
        raise RunError(
            f"The adaptive solver cannot reach the tolerance {tolerance:g}: the flow is too stiff ({error}).",
            "Use a larger tolerance, or RK4 with many steps.",
        ) from error
    index = [distinct.index(t) for t in times]
    return Solution([tuple(part[i] for part in solved) for i in index], count, (*accepted, float(times[-1])))


def _moved(state: State, rates: State, h: float) -> State:
    return tuple(torch.add(y, k, alpha=h) for y, k in zip(state, rates, strict=True))


def steps_for(steps: int, span: float) -> int:
    """Equal steps over a part `span` of an interval that has `steps` of them, rounded up, at least one."""
    return max(1, math.ceil(steps * abs(span) - 1e-9))


def standard_normal_log_density(x: Tensor) -> Tensor:
    """log N(x; 0, I) (n,) at points (n, d)."""
    return -0.5 * (x.square().sum(1) + x.shape[1] * math.log(2 * math.pi))
