"""What every registered flow must obey."""

import dataclasses

import numpy as np
import pytest
import torch

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, HasLogDensity, HasLogRatio, HasVelocity, Problem
from tests.flows.gaussian_cases import CASES
from tests.flows.small_flows import first_term, fresh, grid, has, parts, points, problem, run, small, trained

KEYS = [key for key, _ in FLOWS.items()]
TIMES = [0.0, 0.2, 0.55, 1.0]


NETS = [key for key in KEYS if has(key, "width")]
"""Methods that train a network."""
ORDER = {"gradient_flow": 0.9, "local_flow_matching": 3.4}
"""Of a round trip by RK4: where the field jumps from step to step of a simulation, no solver has more than one, and a
chain of blocks, each with its own logarithmic clock, is still on its way to four."""
OWN_LENGTH = {"exact_diffusion": 50}
PATIENCE = {"ot_cfm": 150, "sb_cfm": 150, "score_diffusion": 150, "q_flow": 150}
"""Steps after which a loss has fallen where the first field, linear, is good already."""
SOLVER_ERROR = {"exact_diffusion": 1e-3}
"""Of paths whose density comes from no solver, so that the errors of both do not go together."""
NOT_QUITE_NOISE = {"exact_diffusion": 0.2}
"""It begins with alpha(0) = 0.03 of the data left, which shifts a log-density by that times |x| |y|."""

every = pytest.mark.parametrize("key", KEYS)
every_net = pytest.mark.parametrize("key", NETS)
every_density = pytest.mark.parametrize("key", [key for key in KEYS if issubclass(FLOWS.get(key), HasLogDensity)])


# What it says of itself


@every
def test_a_flow_says_what_it_is_and_declares_every_parameter_with_a_help_text(key):
    cls = FLOWS.get(key)
    assert cls.label and cls.summary.endswith(".")
    assert dataclasses.fields(cls.Params)
    for field in fields_of(cls.Params):
        assert field.label and field.help, field.name
        assert field.check(field.default) == field.default


@every
def test_training_lowers_the_loss_ends_with_its_budget_and_tells_only_what_it_declares(key):
    flow = fresh(key)
    steps = PATIENCE.get(key, 45)
    infos = run(flow, Budget(steps=steps))
    losses = [first_term(info) for info in infos]
    assert len(infos) == steps
    assert np.mean(losses[-8:]) < np.mean(losses[:8]) - 0.05
    assert flow.progress == 1.0
    assert flow.terms[0].name == "loss" and len({term.name for term in flow.terms}) == len(flow.terms)
    assert {name for info in infos for name in info.losses} <= {term.name for term in flow.terms if term.unit}


# Budgets


@every
def test_a_budget_in_seconds_ends_when_they_are_used(key):
    assert 8 <= len(run(fresh(key, 2), Budget(seconds=0.08))) <= 12


@every
def test_without_a_budget_the_method_has_its_own_length(key):
    own = {"steps_per_block": 3} if has(key, "blocks") else {"steps": 9 // (3 if has(key, "reflows") else 1)}
    flow = fresh(key, 3, **{name: value for name, value in own.items() if has(key, name)})
    assert len(run(flow, Budget())) == OWN_LENGTH.get(key, 9)


@every
def test_progress_never_falls_within_a_stretch(key):
    flow = fresh(key, 3)
    flow.plan(Budget(steps=12))
    seen = [flow.progress]
    while flow.progress < 1:
        flow.step(0.0)
        seen.append(flow.progress)
    assert seen == sorted(seen)
    assert len(seen) == 13


# Transport


@every
def test_transport_to_the_same_time_is_the_identity(key):
    x = points()
    for t in (0.0, 0.37, 1.0):
        assert torch.equal(trained(key).transport(x, [t, t]).paths[1], x)
    assert torch.equal(trained(key).transport(x, TIMES).paths[0], x)
    assert trained(key).transport(x, TIMES).paths.shape == (4, 20, 2)


@every
def test_a_round_trip_comes_back_with_at_least_fourth_order(key):
    flow, x, gaps = trained(key), points(), []
    for steps in (35, 70):
        solver = Solver("rk4", steps)
        there = flow.transport(x, [1.0, 0.0], solver).paths[-1]
        back = flow.transport(there, [0.0, 1.0], solver).paths[-1]
        gaps.append(float((back - x).norm(dim=1).mean()))
    order = ORDER.get(key, 3.7)
    assert gaps[1] < (1e-5 if order > 1 else 0.05)
    assert gaps[1] < gaps[0] / 2**order


@every
def test_all_solvers_agree_when_they_work_hard(key):
    flow, x = trained(key), points()
    steps = 126  # of which every step of the smallest simulation has as many as another
    reference = flow.transport(x, TIMES, Solver("rk4", steps)).paths
    jumps = ORDER.get(key, 4.0) < 1
    for name, tolerance in (("euler", 7e-2), ("midpoint", 1e-3), ("dopri5", 2e-5)):
        if name == "dopri5" and jumps:
            continue
        result = flow.transport(x, TIMES, Solver(name, steps, tolerance=1e-8))
        assert float((result.paths - reference).abs().max()) < (5e-2 if jumps else tolerance), name
        assert result.nfe > 0
        assert result.grid[0] == TIMES[0] and result.grid[-1] == pytest.approx(TIMES[-1]), "where the solver stepped"


@every
def test_a_path_in_two_legs_is_the_path_in_one(key):
    flow, x, solver = trained(key), points(), Solver("rk4", 70)
    whole = flow.transport(x, [0.0, 3 / 7, 1.0], solver).paths
    first = flow.transport(x, [0.0, 3 / 7], solver).paths[-1]
    second = flow.transport(first, [3 / 7, 1.0], solver).paths[-1]
    assert torch.allclose(first, whole[1], atol=1e-5)
    assert torch.allclose(second, whole[2], atol=1e-5)


@every
def test_solver_steps_count_over_the_whole_of_flow_time(key):
    assert trained(key).transport(points(), [0.0, 1.0], Solver("rk4", 12)).nfe == 48
    assert trained(key).transport(points(), [1.0, 0.0], Solver("euler", 12)).nfe == 12


@every
def test_many_points_move_as_they_would_alone(key):
    flow, x, solver = trained(key), points(3100), Solver("rk4", 6)
    whole, part = (flow.transport(y, TIMES, solver) for y in (x, x[2990:3010]))
    assert torch.allclose(whole.paths[:, 2990:3010], part.paths, atol=1e-12)
    assert whole.nfe == part.nfe
    if isinstance(flow, HasLogDensity):
        alone = flow.log_density(x[2990:3010], solver=solver)
        assert torch.allclose(flow.log_density(x, solver=solver)[2990:3010], alone, atol=1e-12)


@every
def test_the_velocity_is_the_slope_of_the_paths(key):
    flow = trained(key)
    assert isinstance(flow, HasVelocity)
    x, step = points(), 1e-4
    for t in (0.1, 0.5, 0.83):
        ends = [flow.transport(x, [t, t + sign * step], Solver("rk4", 1)).paths[-1] for sign in (1, -1)]
        assert torch.allclose(flow.velocity(x, t), (ends[0] - ends[1]) / (2 * step), atol=1e-5)


# Density


@every_density
def test_the_log_density_is_that_of_the_brute_force_jacobian(key):
    flow, x, solver, step = trained(key), points(8), Solver("rk4", 90), 1e-5
    moves = torch.cat([torch.zeros(1, 2), torch.eye(2), -torch.eye(2)]).double() * step
    around = (x + moves.unsqueeze(1)).reshape(-1, 2)
    for t in (1.0, 0.6):
        z, *ends = flow.transport(around, [t, 0.0], solver).paths[-1].reshape(5, 8, 2)
        jacobian = torch.stack([(ends[i] - ends[2 + i]) / (2 * step) for i in range(2)], dim=2)
        expected = flow.log_density(z, 0.0) + torch.linalg.slogdet(jacobian).logabsdet
        assert torch.allclose(flow.log_density(x, t, solver), expected, atol=SOLVER_ERROR.get(key, 1e-5))


@every_density
def test_the_density_integrates_to_one_at_every_time(key):
    x, cell = grid(7, 71)
    start = -0.5 * points().square().sum(1) - np.log(2 * np.pi)
    assert torch.allclose(trained(key).log_density(points(), 0.0), start, atol=NOT_QUITE_NOISE.get(key, 1e-12))
    for t in (0.5, 1.0):
        assert float(trained(key).log_density(x, t).exp().sum()) * cell == pytest.approx(1, abs=0.01)


@every_density
def test_the_density_is_that_of_the_samples(key):
    n = 6000
    noise = torch.randn(n, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    samples = trained(key).transport(noise, [0.0, 1.0]).paths[-1]
    x, cell = grid(6, 61)
    density = trained(key).log_density(x).exp() * cell
    for moment in (lambda y: y[:, 0], lambda y: y.square().sum(1), lambda y: (y[:, 0] > 0.1).double()):
        values, expected = moment(samples), float((density * moment(x)).sum())
        assert float(values.mean()) == pytest.approx(expected, abs=4 * float(values.std()) / n**0.5 + 0.01)


# Gaussians


@pytest.mark.parametrize("dim", [2, 3])
@every
def test_a_gaussian_comes_out_as_the_closed_form_of_its_method_says(key, dim):
    case = CASES[key]
    flow = FLOWS.get(key).create(case.params, case.problem(dim))
    case.check(flow, run(flow, Budget(steps=case.steps)), case.ends(dim))


# Weights and seeds


@every_net
def test_every_parameter_gets_a_gradient(key):
    flow = fresh(key)
    name = "training" if has(key, "blocks") else "weights"
    flow.plan(Budget(steps=5))
    flow.step(0.0)
    before = flow.weights()
    flow.step(0.0)
    assert np.all(flow.weights()[name] != before[name])
    for other in {"score"} & before.keys():
        assert np.all(flow.weights()[other] != before[other])


@every
def test_weights_rebuild_the_same_flow(key):
    flow, other, x = trained(key), fresh(key, 3, seed=5), points()
    other.load(flow.weights())
    assert torch.equal(other.transport(x, TIMES).paths, flow.transport(x, TIMES).paths)
    if isinstance(flow, HasLogDensity):
        assert torch.equal(other.log_density(x), flow.log_density(x))
    if isinstance(flow, HasLogRatio):
        assert torch.equal(other.log_ratio(x), flow.log_ratio(x))
    assert {k: v.tobytes() for k, v in other.weights().items()} == {k: v.tobytes() for k, v in flow.weights().items()}


@every
def test_unchanged_weights_are_the_same_read_only_arrays(key):
    first, second = trained(key).weights(), trained(key).weights()
    assert all(second[name] is array and not array.flags.writeable for name, array in first.items())


@every
def test_training_goes_on_from_loaded_weights(key):
    other = fresh(key, 3, seed=5)
    other.load(trained(key).weights())
    infos = run(other, Budget(steps=5))
    assert len(infos) == 5
    assert all(np.isfinite(first_term(info)) for info in infos)


@every
def test_weights_of_other_shapes_are_refused_in_words(key):
    if key in NETS:
        with pytest.raises(UserError, match="shape"):
            fresh(key, width=20).load(trained(key).weights())
    with pytest.raises(UserError, match="lack"):
        fresh(key).load({})


@every
def test_the_same_seed_gives_the_same_run_and_another_seed_another(key):
    def numbers(seed):
        flow = fresh(key, 2, seed)
        run(flow, Budget(steps=6))
        return [array.tobytes() for array in flow.weights().values()]

    assert numbers(1) == numbers(1)
    assert numbers(1) != numbers(2)


@every
def test_looking_at_a_flow_does_not_change_its_training(key):
    quiet, watched = (fresh(key, 2, 3) for _ in range(2))
    for one in (quiet, watched):
        one.plan(Budget(steps=7))
        for step in range(7):
            one.step(0.0)
            if one is watched and step % 3 == 0:
                one.transport(points(), TIMES)
                one.weights()
                if isinstance(one, HasLogDensity):
                    one.log_density(points())
    assert [a.tobytes() for a in quiet.weights().values()] == [a.tobytes() for a in watched.weights().values()]


# Parameters


@every_net
def test_live_parameters_change_while_training(key):
    flow = fresh(key)
    flow.plan(Budget(steps=40))
    flow.step(0.0)
    name = "training" if has(key, "blocks") else "weights"
    flow.change("learning_rate", 1e-6)
    flow.change("batch_size", 33)
    before = flow.weights()[name]
    flow.step(0.0)
    assert np.max(np.abs(flow.weights()[name] - before)) < 1e-5


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("width", 32, "cannot change"), ("nonsense", 1, "no parameter"), ("learning_rate", -1.0, "out of range")],
)
@every_net
def test_changes_that_cannot_be_are_refused(key, name, value, says):
    with pytest.raises(ParameterError, match=says):
        trained(key).change(name, value)


@pytest.mark.parametrize("params", [{"wdith": 3}, {"width": 2.5}, {"batch_size": 1}, {"learning_rate": "fast"}])
@every
def test_wrong_parameters_are_refused(key, params):
    with pytest.raises(ParameterError):
        FLOWS.get(key).create(params, problem())


# Other data


@pytest.mark.parametrize("dim", [1, 3])
@every
def test_other_dimensions_than_two_train_and_transport(key, dim):
    flow, x = fresh(key, 2, dim=dim), points(dim=dim)
    run(flow, Budget(steps=4))
    assert flow.transport(x, TIMES).paths.shape == (4, 20, dim)
    if isinstance(flow, HasLogDensity):
        assert torch.isfinite(flow.log_density(x)).all()


@every
def test_single_precision_runs_and_answers_in_the_precision_of_the_question(key):
    flow = fresh(key, 2, dtype=torch.float32)
    run(flow, Budget(steps=4))
    assert flow.transport(points(dtype=torch.float32), TIMES).paths.dtype == torch.float32
    if isinstance(flow, HasLogDensity):
        assert flow.log_density(points()).dtype == torch.float64
    assert all(a.dtype == np.float32 for n, a in flow.weights().items() if n in ("weights", "average", "block/0"))


@every_net
def test_data_that_are_not_finite_show_in_the_loss_and_leave_the_weights_alone(key):
    broken = Problem(2, lambda n: torch.full((n, 2), float("nan")))
    flow = FLOWS.get(key).create(small(key), broken)
    before = flow.transport(points(dtype=torch.float32), TIMES).paths
    flow.plan(Budget(steps=3))
    assert not np.isfinite(first_term(flow.step(0.0)))
    after = flow.transport(points(dtype=torch.float32), TIMES).paths
    assert torch.isfinite(after).all()
    assert torch.allclose(before, after, atol=0.5)


SHAPES = {
    "one point": lambda z: torch.zeros_like(z) + 1.0,
    "two points": lambda z: torch.where(z[:, :1] > 0, 2.0, -2.0).expand(-1, 2),
    "a line": lambda z: torch.cat([z[:, :1], z[:, :1]], 1),
    "tiny": lambda z: z * 1e-6,
    "far and wide": lambda z: z * 30 + 100,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@every
def test_degenerate_targets_train_without_a_number_going_bad(key, shape):
    generator = torch.Generator().manual_seed(0)
    draws = Problem(2, lambda n: shape(torch.randn(n, 2, generator=generator)).contiguous())
    flow = FLOWS.get(key).create(small(key) | parts(key, 2), draws)
    infos = run(flow, Budget(steps=40))
    assert all(np.isfinite(first_term(info)) for info in infos)
    assert torch.isfinite(flow.transport(points(dtype=torch.float32), TIMES).paths).all()
