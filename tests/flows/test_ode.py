import math
from itertools import pairwise

import pytest
import torch

from flowviz.core.errors import RunError
from flowviz.flows._ode import ORDER, STAGES, integrate, solve, stage_times

FIXED = ["euler", "midpoint", "rk4"]
X0 = torch.tensor([[1.0, 0.5], [-0.3, 2.0]], dtype=torch.float64)
A = torch.tensor([[-0.4, 1.1], [-0.9, 0.3]], dtype=torch.float64)


def nonlinear(x, t):
    """dx/dt = x cos t (1 - x/4), solved exactly by a logistic curve in sin t."""
    return (x * math.cos(t) * (1 - x / 4),)


def logistic(x, t):
    grown = x * math.exp(math.sin(t))
    return grown / (1 + (grown - x) / 4)


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("span", [(0.0, 1.5), (1.5, 0.0)])
def test_each_solver_has_its_order_of_convergence_in_both_directions(name, span):
    start = X0 if span[0] == 0 else logistic(X0, span[0])
    exact = logistic(X0, span[1]) if span[0] == 0 else X0
    errors = [
        float((integrate(nonlinear, (start,), *span, steps, name)[0] - exact).abs().max()) for steps in (20, 40, 80)
    ]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(ORDER[name], abs=0.25)


@pytest.mark.parametrize("name", FIXED)
def test_times_between_the_steps_keep_the_order_of_the_solver(name):
    times = [0.0, 0.111, 0.7, 0.7, 1.234, 1.5]
    errors = []
    for steps in (20, 40, 80):
        paths = solve(nonlinear, (X0,), times, name, steps).paths()
        errors.append(float((paths - torch.stack([logistic(X0, t) for t in times])).abs().max()))
    assert math.log2(errors[0] / errors[2]) / 2 > ORDER[name] - 0.3


@pytest.mark.parametrize("name", [*FIXED, "dopri5"])
def test_a_linear_field_gives_the_matrix_exponential_and_the_log_determinant(name):
    def field(x, t):
        return x @ A.t(), A.trace().expand(len(x))

    solution = solve(field, (X0, X0.new_zeros(2)), [0.0, 0.4, 1.0], name, 400, tolerance=1e-9)
    tolerance = {"euler": 5e-3, "midpoint": 1e-5, "rk4": 1e-10, "dopri5": 1e-7}[name]
    for t, (x, log_determinant) in zip([0.0, 0.4, 1.0], solution.states, strict=True):
        flow = torch.linalg.matrix_exp(A * t)
        assert torch.allclose(x, X0 @ flow.t(), atol=tolerance)
        assert torch.allclose(log_determinant, torch.logdet(flow).expand(2), atol=tolerance)


@pytest.mark.parametrize("name", [*FIXED, "dopri5"])
def test_velocity_evaluations_are_counted_as_they_happen(name):
    calls = 0

    def field(x, t):
        nonlocal calls
        calls += 1
        return (-x,)

    assert solve(field, (X0,), [1.0, 0.0], name, 7).nfe == calls
    if name != "dopri5":
        assert calls == 7 * STAGES[name]
    calls = 0
    solution = solve(field, (X0,), [i / 10 for i in range(11)], name, 7)
    look = name in ("midpoint", "rk4")  # the slope at the end, for the picture at t = 0.9 alone
    assert solution.nfe == calls - look
    assert solution.paths().shape == (11, 2, 2)


def test_the_asked_times_change_no_figure_of_cost():
    assert solve(nonlinear, (X0,), [0.0, 0.25, 0.5, 1.0], "rk4", 4).nfe == 16
    assert solve(nonlinear, (X0,), [0.0, 0.3, 0.9, 1.0], "rk4", 4).nfe == 16


@pytest.mark.parametrize("name", [*FIXED, "dopri5"])
def test_moving_from_a_time_to_itself_changes_nothing(name):
    solution = solve(nonlinear, (X0,), [0.3, 0.3], name, 5)
    assert solution.nfe == 0
    assert torch.equal(solution.paths()[1], X0)


def test_the_grid_says_where_steps_were_taken():
    assert solve(nonlinear, (X0,), [1.0, 0.9, 0.0], "rk4", 4).grid == pytest.approx((1.0, 0.75, 0.5, 0.25, 0.0))
    looked = []

    def field(x, t):
        looked.append(t)
        return nonlinear(x, t)

    grid = solve(field, (X0,), [0.0, 1.5], "dopri5", 1).grid
    assert (grid[0], grid[-1]) == (0.0, 1.5) and all(a < b for a, b in pairwise(grid)) and len(grid) > 2
    # at the end of an accepted step dopri5 looks at the field, and begins the next one from there
    assert all(min(abs(t - place) for t in looked) < 1e-9 for place in grid[:-1])


@pytest.mark.parametrize("name", FIXED)
def test_stage_times_are_the_times_at_which_the_solver_looks(name):
    seen = []

    def field(x, t):
        seen.append(t)
        return (x,)

    integrate(field, (X0,), 1.0, 0.0, 3, name)
    assert sorted({round(t, 12) for t in seen}) == pytest.approx(sorted(stage_times(1.0, 0.0, 3, name)))


def test_times_that_turn_back_are_refused():
    with pytest.raises(ValueError, match="monotone"):
        solve(nonlinear, (X0,), [0.0, 1.0, 0.5], "rk4", 4)


def test_a_tolerance_out_of_reach_is_said_in_words():
    def explodes(x, t):
        return (x * x * 1e3,)

    with pytest.raises(RunError, match="too stiff"):
        solve(explodes, (X0.float(),), [0.0, 1.0], "dopri5", 1)
