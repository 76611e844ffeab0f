import dataclasses
import threading

import numpy as np
import pytest
import torch

from flowviz.core.errors import UserError
from flowviz.core.events import Finished, FrameReady
from flowviz.core.queries import Answer, DensityQuery, FieldQuery, LogDensityQuery, MetricQuery, TransportQuery
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine._building import create_flow
from flowviz.engine._sampling import stream
from flowviz.engine.derive import CHUNK, KEPT, Deriver, answer, grid_points
from flowviz.engine.local import LocalBackend
from flowviz.engine.run import run
from flowviz.flows import Problem
from flowviz.metrics import METRICS


@pytest.fixture(scope="module", params=["cnf", "jko"])
def trained(request):
    flow = FlowSpec(request.param, {"width": 16, "batch_size": 64})
    spec = RunSpec(TargetSpec("gaussian"), flow, Budget(steps=30), 5, "cpu", Recording(60, 5, 0.0, 0.5, 30))
    events = list(run(spec))
    return spec, [event.frame for event in events if isinstance(event, FrameReady)][-1]


def test_noise_of_the_runs_seed_is_that_of_its_frames(trained):
    spec, frame = trained
    got = answer(spec, frame.weights, TransportQuery("noise", tuple(frame.times), 20, seed=spec.seed))
    assert np.allclose(got["paths"], frame.paths[:, :20], atol=1e-5)
    assert got["nfe"] > 0 and np.allclose(got["times"], frame.times)


def test_there_and_back_is_where_one_was(trained):
    spec, frame = trained
    solver = Solver("rk4", 40)
    points = np.random.default_rng(0).standard_normal((30, 2)).astype(np.float32)
    there = answer(spec, frame.weights, TransportQuery("points", (1.0, 0.0), points=points, solver=solver))["paths"][-1]
    back = answer(spec, frame.weights, TransportQuery("points", (0.0, 1.0), points=there, solver=solver))["paths"][-1]
    assert np.abs(back - points).max() < 1e-3


def test_data_start_at_the_target(trained):
    spec, frame = trained
    paths = answer(spec, frame.weights, TransportQuery("data", (1.0, 0.5, 0.0), 4000))["paths"]
    assert np.allclose(paths[0].mean(0), [1.0, 0.5], atol=0.1)


def test_the_density_of_a_grid_integrates_to_one_and_agrees_with_that_at_points(trained):
    spec, frame = trained
    query = DensityQuery((-6, 8, -7, 7), 70)
    values = answer(spec, frame.weights, query)["log_density"]
    assert values.shape == (70, 70) and values.dtype == np.float32
    assert np.exp(values.astype(float)).sum() * 0.2**2 == pytest.approx(1, abs=0.01)
    points, _ = grid_points(query)
    there = answer(spec, frame.weights, LogDensityQuery(points[500:510]))["log_density"]
    assert np.allclose(values.ravel()[500:510], there, atol=1e-4)


def test_the_density_at_time_zero_is_the_noise(trained):
    spec, frame = trained
    points = np.array([[0.0, 0.0]])
    query = DensityQuery((-0.5, 0.5, -0.5, 0.5), 1, t=0.0)
    assert answer(spec, frame.weights, query)["log_density"][0, 0] == pytest.approx(-np.log(2 * np.pi), abs=1e-5)
    assert np.array_equal(grid_points(query)[0], points)


def test_a_wide_grid_has_square_cells_and_row_zero_below():
    points, (rows, columns) = grid_points(DensityQuery((0, 4, 0, 2), 8))
    assert (rows, columns) == (4, 8)
    assert np.allclose(points[0], [0.25, 0.25]) and np.allclose(points[-1], [3.75, 1.75])
    with pytest.raises(UserError):
        grid_points(DensityQuery((0, 0, 0, 2), 8))


def test_the_velocity_is_the_slope_of_the_paths(trained):
    spec, frame = trained
    t, step = 0.3, 1e-3
    points = frame.paths[0, :10]
    field = answer(spec, frame.weights, FieldQuery(points, (t,)))["velocity"][0]
    query = TransportQuery("points", (t, t + step), points=points, solver=Solver("rk4", 200))
    moved = answer(spec, frame.weights, query)["paths"][-1]
    assert np.allclose((moved - points) / step, field, atol=0.02)


def test_large_questions_are_cut_into_pieces(trained):
    spec, frame = trained
    n = CHUNK + 5
    whole = answer(spec, frame.weights, TransportQuery("noise", (0.0, 1.0), n))["paths"]
    assert whole.shape == (2, n, 2)
    last = answer(spec, frame.weights, TransportQuery("points", (0.0, 1.0), points=whole[0, -5:]))["paths"]
    assert np.allclose(last[-1], whole[-1, -5:], atol=1e-4)


def test_nothing_asked_is_nothing_answered(trained):
    spec, frame = trained
    none = np.empty((0, 2), np.float32)
    assert answer(spec, frame.weights, TransportQuery("points", (0.0, 1.0), points=none))["paths"].shape == (2, 0, 2)
    assert answer(spec, frame.weights, LogDensityQuery(none))["log_density"].shape == (0,)


def test_flows_are_remembered_by_what_they_are_and_forgotten_when_there_are_many(trained):
    spec, frame = trained
    deriver = Deriver()
    copied = {name: array.copy() for name, array in frame.weights.items()}
    assert deriver.flow(spec, frame.weights) is deriver.flow(spec, copied)
    name = max(frame.weights, key=lambda key: frame.weights[key].size)
    for k in range(KEPT + 2):
        deriver.flow(spec, {**frame.weights, name: frame.weights[name] + k + 1})
    assert len(deriver._flows) == KEPT


def test_what_a_method_cannot_do_is_said(scripted):
    spec = scripted()
    frame = next(event.frame for event in run(spec) if isinstance(event, FrameReady))
    with pytest.raises(UserError, match="velocity"):
        answer(spec, frame.weights, FieldQuery(np.zeros((1, 2)), (0.5,)))
    with pytest.raises(UserError, match="no points"):
        answer(spec, frame.weights, TransportQuery("points", (0.0, 1.0)))


def test_the_backend_in_this_process_is_the_same_door(listen, small):
    backend = LocalBackend()
    ear = listen(backend)
    try:
        assert {choice.key for choice in ear.ready().methods} >= {"cnf", "jko"}
        run_ = backend.start(small())
        assert isinstance(ear.end(run_), Finished)
        run_.extend(Budget(steps=2))
        assert ear.end(run_).step == 6
        weights = ear.of(run_, FrameReady)[-1].frame.weights
        number = backend.ask(small(), weights, LogDensityQuery(np.zeros((1, 2))))
        assert ear.until(lambda e: isinstance(e, Answer) and e.request == number).arrays["log_density"].shape == (1,)
        long = backend.start(small(budget=Budget(steps=10**7)))
        ear.event(FrameReady, long)
        long.pause()
    finally:
        backend.close()


def test_in_space_the_density_is_answered_on_a_grid_and_on_a_slice_but_not_on_a_plane():
    flow = FlowSpec("cnf", {"width": 16, "batch_size": 64})
    spec = RunSpec(TargetSpec("gaussian_3d"), flow, Budget(steps=2), 5, "cpu", Recording(20, 3, 0.0, 0.5, 20))
    frame = [event.frame for event in run(spec) if isinstance(event, FrameReady)][-1]
    whole = answer(spec, frame.weights, DensityQuery((-1, 1, -2, 2, -3, 3), 6, t=0.0))["log_density"]
    assert whole.shape == (6, 4, 2), "layers, rows, columns"
    z, y, x = np.meshgrid([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], [-1.5, -0.5, 0.5, 1.5], [-0.5, 0.5], indexing="ij")
    assert np.allclose(whole, -(x**2 + y**2 + z**2) / 2 - 1.5 * np.log(2 * np.pi), atol=1e-5)
    cut = answer(spec, frame.weights, DensityQuery((-1, 1, -3, 3), 6, t=0.0, axis="y", place=0.5))["log_density"]
    assert np.allclose(cut, whole[:, 2, :], atol=1e-5), "rows along z, columns along x"
    with pytest.raises(UserError, match="2 dimensions"):
        answer(spec, frame.weights, DensityQuery((-1, 1, -1, 1), 4))


def fresh_weights(spec):
    return create_flow(spec.flow, Problem(2, lambda n: torch.zeros(n, 2))).weights()


def test_random_paths_are_drawn_where_the_method_has_them_and_refused_in_words_where_not():
    query = TransportQuery("noise", (0.0, 0.5, 1.0), 40, seed=3, solver=Solver("sde", 20))
    spec = RunSpec(TargetSpec("two_moons"), FlowSpec("score_diffusion", {"width": 8}), device="cpu")
    weights = fresh_weights(spec)
    first, again = (answer(spec, weights, query)["paths"] for _ in range(2))
    other = answer(spec, weights, dataclasses.replace(query, seed=4))["paths"]
    assert np.array_equal(first, again)
    assert not np.allclose(first[-1], other[-1])
    cnf = dataclasses.replace(spec, flow=FlowSpec("cnf", {"width": 8}))
    with pytest.raises(UserError, match="by an ODE only"):
        answer(cnf, fresh_weights(cnf), query)


def test_a_distance_is_that_of_the_models_samples_and_comes_with_the_floor_of_so_many_points(trained):
    spec, frame = trained
    deriver, query = Deriver(), MetricQuery("w2", 300, seed=4, repeats=3)
    got = deriver.answer(spec, frame.weights, query)
    generated = answer(spec, frame.weights, TransportQuery("noise", (0.0, 1.0), 300, 4))["paths"][-1]
    rng = stream(4, "metrics")
    assert float(got["value"]) == METRICS.get("w2")().value(generated, deriver.target(spec).sample(300, rng), rng)
    mean, low, high = got["floor"]
    assert 0 < low <= mean <= high < float(got["value"]), "a flow of thirty steps is further away than its noise"
    more = deriver.answer(spec, frame.weights, MetricQuery("w2", 1200, seed=4, repeats=3))
    assert more["floor"][0] < mean, "more points see more"


def test_a_distance_that_takes_long_keeps_no_picture_waiting(trained, listen, monkeypatch):
    spec, frame = trained
    may_end = threading.Event()
    monkeypatch.setattr(Deriver, "_distance", lambda *_: {"value": np.array(float(may_end.wait(60)))})
    backend = LocalBackend()
    ear = listen(backend)
    slow = backend.ask(spec, frame.weights, MetricQuery("w2", 50))
    quick = backend.ask(spec, frame.weights, TransportQuery("noise", (0.0, 1.0), 5))
    assert ear.until(lambda event: isinstance(event, Answer)).request == quick
    may_end.set()
    assert ear.until(lambda event: isinstance(event, Answer)).request == slow
    backend.close()
