"""What every registered flow must obey."""

import dataclasses

import numpy as np
import pytest
import torch

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget
from flowviz.flows import FLOWS, HasLogDensity, HasVelocity, Problem

SMALL = {"width": 16, "batch_size": 64}


def has(key, name):
    """Whether a method has a parameter of that name."""
    return any(field.name == name for field in fields_of(FLOWS.get(key).Params))


# Flows that train a network; those without one have laws of their own.
KEYS = [key for key, _ in FLOWS.items() if has(key, "width")]


def parts(key, n):
    """So many blocks, or rounds of reflow, for methods that train in parts."""
    return ({"blocks": n} if has(key, "blocks") else {}) | ({"reflows": n - 1} if has(key, "reflows") else {})


def small(key):
    cheap = {"pool": 1024, "hidden_layers": 2, "block": 16}
    return SMALL | {name: value for name, value in cheap.items() if has(key, name)}


TIMES = [0.0, 0.2, 0.55, 1.0]


def problem(seed=0, dim=2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed + 100)

    def sample(n):
        x = torch.randn(n, dim, generator=generator, dtype=dtype)
        return x * 0.4 + torch.where(torch.rand(n, 1, generator=generator) < 0.5, -1.5, 1.0).to(dtype)

    return Problem(dim, sample, seed=seed, dtype=dtype)


def trained(key, steps=40, seed=0, dim=2, dtype=torch.float64, **params):
    extra = parts(key, 3)
    flow = FLOWS.get(key).create(small(key) | extra | params, problem(seed, dim, dtype))
    run(flow, Budget(steps=steps))
    return flow


def run(flow, budget):
    flow.plan(budget)
    infos = []
    while flow.progress < 1:
        infos.append(flow.step(0.01 * len(infos)))
    return infos


def points(n=50, dim=2, dtype=torch.float64):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(7), dtype=dtype)


@pytest.fixture(scope="module", params=KEYS)
def key(request):
    return request.param


@pytest.fixture(scope="module")
def flow(key):
    return trained(key)


def test_a_flow_says_what_it_is_and_declares_every_parameter_with_a_help_text(key):
    cls = FLOWS.get(key)
    assert cls.label and cls.summary.endswith(".")
    assert dataclasses.fields(cls.Params)
    for field in fields_of(cls.Params):
        assert field.label and field.help, field.name
        assert field.check(field.default) == field.default


def test_training_lowers_the_loss_and_ends_with_its_budget(key):
    flow = FLOWS.get(key).create(small(key) | parts(key, 1), problem())
    infos = run(flow, Budget(steps=60))
    losses = [float(info.losses["loss"]) for info in infos]
    assert len(infos) == 60
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.1
    assert flow.progress == 1.0


def test_a_budget_in_seconds_ends_when_they_are_used(key):
    flow = FLOWS.get(key).create(small(key), problem())
    infos = run(flow, Budget(seconds=0.3))
    assert 30 <= len(infos) <= 40


def test_without_a_budget_the_method_has_its_own_length(key):
    own = parts(key, 3) | ({"steps_per_block": 3} if has(key, "blocks") else {"steps": 3 if parts(key, 3) else 9})
    assert len(run(FLOWS.get(key).create(small(key) | own, problem()), Budget())) == 9


def test_progress_never_falls_within_a_stretch(key):
    flow = FLOWS.get(key).create(small(key) | parts(key, 3), problem())
    flow.plan(Budget(steps=30))
    seen = [flow.progress]
    while flow.progress < 1:
        flow.step(0.0)
        seen.append(flow.progress)
    assert seen == sorted(seen)
    assert len(seen) == 31


def test_transport_to_the_same_time_is_the_identity(flow):
    x = points()
    for t in (0.0, 0.37, 1.0):
        assert torch.equal(flow.transport(x, [t, t]).paths[1], x)
    assert torch.equal(flow.transport(x, TIMES).paths[0], x)
    assert flow.transport(x, TIMES).paths.shape == (4, 50, 2)


def test_a_round_trip_comes_back_with_at_least_fourth_order(flow):
    x, gaps = points(), []
    for steps in (24, 48, 96):
        solver = Solver("rk4", steps)
        there = flow.transport(x, [1.0, 0.0], solver).paths[-1]
        back = flow.transport(there, [0.0, 1.0], solver).paths[-1]
        gaps.append(float((back - x).norm(dim=1).mean()))
    assert gaps[2] < 1e-6
    assert gaps[1] < gaps[0] / 2**3.7
    assert gaps[2] < gaps[1] / 2**3.7


@pytest.mark.parametrize("name", ["euler", "midpoint", "rk4", "dopri5"])
def test_all_solvers_agree_when_they_work_hard(flow, name):
    x = points()
    reference = flow.transport(x, TIMES, Solver("rk4", 300))
    result = flow.transport(x, TIMES, Solver(name, 300, tolerance=1e-9))
    tolerance = {"euler": 2e-2, "midpoint": 1e-4, "rk4": 1e-12, "dopri5": 1e-5}[name]
    assert float((result.paths - reference.paths).abs().max()) < tolerance
    assert result.nfe > 0
    assert result.grid[0] == TIMES[0] and result.grid[-1] == pytest.approx(TIMES[-1]), "where the solver stepped"


def test_a_path_in_two_legs_is_the_path_in_one(flow):
    x, solver = points(), Solver("rk4", 120)
    whole = flow.transport(x, [0.0, 0.45, 1.0], solver).paths
    first = flow.transport(x, [0.0, 0.45], solver).paths[-1]
    second = flow.transport(first, [0.45, 1.0], solver).paths[-1]
    assert torch.allclose(first, whole[1], atol=1e-6)
    assert torch.allclose(second, whole[2], atol=1e-6)


def test_solver_steps_count_over_the_whole_of_flow_time(flow):
    assert flow.transport(points(), [0.0, 1.0], Solver("rk4", 12)).nfe == 48
    assert flow.transport(points(), [1.0, 0.0], Solver("euler", 12)).nfe == 12


def test_many_points_move_as_they_would_alone(flow):
    x = points(7000)
    whole = flow.transport(x, TIMES)
    part = flow.transport(x[5990:6010], TIMES)
    assert torch.allclose(whole.paths[:, 5990:6010], part.paths, atol=1e-12)
    assert whole.nfe == part.nfe
    assert torch.allclose(flow.log_density(x)[5990:6010], flow.log_density(x[5990:6010]), atol=1e-12)


def test_the_velocity_is_the_slope_of_the_paths(flow):
    assert isinstance(flow, HasVelocity)
    x, step = points(), 1e-4
    for t in (0.1, 0.5, 0.85):
        ends = [flow.transport(x, [t, t + sign * step], Solver("rk4", 1)).paths[-1] for sign in (1, -1)]
        assert torch.allclose(flow.velocity(x, t), (ends[0] - ends[1]) / (2 * step), atol=1e-5)


def test_the_log_density_is_that_of_the_brute_force_jacobian(flow):
    assert isinstance(flow, HasLogDensity)
    x, solver = points(12), Solver("rk4", 200)
    for t in (1.0, 0.6):
        z = flow.transport(x, [t, 0.0], solver).paths[-1]
        step = 1e-5
        columns = []
        for axis in torch.eye(2, dtype=torch.float64):
            up, down = (flow.transport(x + sign * step * axis, [t, 0.0], solver).paths[-1] for sign in (1, -1))
            columns.append((up - down) / (2 * step))
        jacobian = torch.stack(columns, dim=2)
        prior = -0.5 * z.square().sum(1) - np.log(2 * np.pi)
        expected = prior + torch.linalg.slogdet(jacobian).logabsdet
        assert torch.allclose(flow.log_density(x, t, solver), expected, atol=1e-5)


def test_the_density_integrates_to_one_at_every_time(flow):
    edge = torch.linspace(-7, 7, 141, dtype=torch.float64)
    grid = torch.cartesian_prod(edge, edge)
    cell = float(edge[1] - edge[0]) ** 2
    for t in (0.0, 0.5, 1.0):
        assert float(flow.log_density(grid, t).exp().sum()) * cell == pytest.approx(1, abs=0.01)


def test_the_density_is_that_of_the_samples(flow):
    noise = torch.randn(20000, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    samples = flow.transport(noise, [0.0, 1.0]).paths[-1]
    edge = torch.linspace(-6, 6, 121, dtype=torch.float64)
    grid = torch.cartesian_prod(edge, edge)
    density = flow.log_density(grid).exp() * float(edge[1] - edge[0]) ** 2
    for moment in (lambda y: y[:, 0], lambda y: y.square().sum(1), lambda y: (y[:, 0] > 0).double()):
        expected = float((density * moment(grid)).sum())
        values = moment(samples)
        assert float(values.mean()) == pytest.approx(expected, abs=5 * float(values.std()) / 20000**0.5 + 0.01)


def test_every_parameter_gets_a_gradient(key):
    flow = FLOWS.get(key).create(small(key) | parts(key, 1), problem())
    name = "training" if has(key, "blocks") else "weights"
    flow.plan(Budget(steps=5))
    flow.step(0.0)
    before = flow.weights()[name]
    flow.step(0.0)
    assert np.all(flow.weights()[name] != before)


def test_weights_rebuild_the_same_flow(key, flow):
    other = FLOWS.get(key).create(small(key) | parts(key, 3), problem(seed=5))
    other.load(flow.weights())
    x = points()
    assert torch.equal(other.transport(x, TIMES).paths, flow.transport(x, TIMES).paths)
    assert torch.equal(other.log_density(x), flow.log_density(x))
    assert {k: v.tobytes() for k, v in other.weights().items()} == {k: v.tobytes() for k, v in flow.weights().items()}


def test_unchanged_weights_are_the_same_read_only_arrays(flow):
    first, second = flow.weights(), flow.weights()
    assert all(second[name] is array and not array.flags.writeable for name, array in first.items())


def test_training_goes_on_from_loaded_weights(key, flow):
    other = FLOWS.get(key).create(small(key) | parts(key, 3), problem(seed=5))
    other.load(flow.weights())
    infos = run(other, Budget(steps=5))
    assert len(infos) == 5
    assert all(np.isfinite(float(info.losses["loss"])) for info in infos)


def test_weights_of_other_shapes_are_refused_in_words(key, flow):
    wider = FLOWS.get(key).create(small(key) | {"width": 20}, problem())
    with pytest.raises(UserError, match="shape"):
        wider.load(flow.weights())
    with pytest.raises(UserError, match="lack"):
        wider.load({})


def test_the_same_seed_gives_the_same_run_and_another_seed_another(key):
    def numbers(seed):
        return [array.tobytes() for array in trained(key, steps=12, seed=seed).weights().values()]

    assert numbers(1) == numbers(1)
    assert numbers(1) != numbers(2)


def test_looking_at_a_flow_does_not_change_its_training(key):
    quiet, watched = (FLOWS.get(key).create(small(key), problem(3)) for _ in range(2))
    for one in (quiet, watched):
        one.plan(Budget(steps=12))
        for _ in range(12):
            one.step(0.0)
            if one is watched:
                one.transport(points(), TIMES)
                one.log_density(points())
                one.weights()
    assert [a.tobytes() for a in quiet.weights().values()] == [a.tobytes() for a in watched.weights().values()]


def test_live_parameters_change_while_training(key):
    flow = FLOWS.get(key).create(small(key), problem())
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
def test_changes_that_cannot_be_are_refused(flow, name, value, says):
    with pytest.raises(ParameterError, match=says):
        flow.change(name, value)


@pytest.mark.parametrize("params", [{"wdith": 3}, {"width": 2.5}, {"batch_size": 1}, {"learning_rate": "fast"}])
def test_wrong_parameters_are_refused(key, params):
    with pytest.raises(ParameterError):
        FLOWS.get(key).create(params, problem())


@pytest.mark.parametrize("dim", [1, 3])
def test_other_dimensions_than_two_train_and_transport(key, dim):
    flow = trained(key, steps=6, dim=dim)
    x = points(dim=dim)
    assert flow.transport(x, TIMES).paths.shape == (4, 50, dim)
    assert torch.isfinite(flow.log_density(x)).all()


def test_single_precision_runs_and_answers_in_the_precision_of_the_question(key):
    flow = trained(key, steps=6, dtype=torch.float32)
    assert flow.transport(points(dtype=torch.float32), TIMES).paths.dtype == torch.float32
    assert flow.log_density(points()).dtype == torch.float64
    assert all(a.dtype == np.float32 for n, a in flow.weights().items() if n in ("weights", "average", "block/0"))


def test_data_that_are_not_finite_show_in_the_loss_and_leave_the_weights_alone(key):
    broken = Problem(2, lambda n: torch.full((n, 2), float("nan")))
    flow = FLOWS.get(key).create(small(key), broken)
    before = flow.transport(points(dtype=torch.float32), TIMES).paths
    flow.plan(Budget(steps=3))
    assert not np.isfinite(float(flow.step(0.0).losses["loss"]))
    after = flow.transport(points(dtype=torch.float32), TIMES).paths
    assert torch.isfinite(after).all()
    assert torch.allclose(before, after, atol=0.5)


@pytest.mark.parametrize(
    "shape",
    [
        lambda z: torch.zeros_like(z) + 1.0,
        lambda z: torch.where(z[:, :1] > 0, 2.0, -2.0).expand(-1, 2),
        lambda z: torch.cat([z[:, :1], z[:, :1]], 1),
        lambda z: z * 1e-6,
        lambda z: z * 30 + 100,
    ],
    ids=["one point", "two points", "a line", "tiny", "far and wide"],
)
def test_degenerate_targets_train_without_a_number_going_bad(key, shape):
    generator = torch.Generator().manual_seed(0)
    extra = parts(key, 2)
    made = FLOWS.get(key).create(
        SMALL | extra, Problem(2, lambda n: shape(torch.randn(n, 2, generator=generator)).contiguous())
    )
    infos = run(made, Budget(steps=80))
    assert all(np.isfinite(float(info.losses["loss"])) for info in infos)
    assert torch.isfinite(made.transport(points(dtype=torch.float32), TIMES).paths).all()
