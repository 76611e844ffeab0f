import numpy as np
import pytest
from scipy.stats import multivariate_normal

from flowviz.core.events import FrameReady
from flowviz.core.queries import AnomalyQuery, LogDensityQuery, LoopQuery, ProbeQuery, TransportQuery
from flowviz.core.solver import Solver
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine._probing import coverage, mass_inside, through
from flowviz.engine.derive import Deriver
from flowviz.engine.run import run

FINE = Solver("rk4", 16)
TIMES = tuple(np.linspace(0, 1, 17))


@pytest.fixture(scope="module", params=["cnf", "jko"])
def ask(request):
    """Questions to a little trained flow."""
    params = {"width": 16, "batch_size": 64} | ({"blocks": 2} if request.param == "jko" else {})
    recording = Recording(60, 5, 0.0, 0.5, 30)
    spec = RunSpec(TargetSpec("gaussian"), FlowSpec(request.param, params), Budget(steps=40), 5, "cpu", recording)
    frame = [event.frame for event in run(spec) if isinstance(event, FrameReady)][-1]
    deriver = Deriver()
    return lambda query: deriver.answer(spec, frame.weights, query)


def test_a_probe_passes_through_its_point_and_follows_the_flow_both_ways(ask):
    point = np.array([[0.7, -0.4]], np.float32)
    got = ask(ProbeQuery(point, 0.375, TIMES, FINE))
    np.testing.assert_allclose(got["paths"][6], point, atol=1e-6)
    start = got["paths"][0]
    again = ask(TransportQuery("points", TIMES, points=start, solver=FINE))["paths"]
    np.testing.assert_allclose(got["paths"], again, atol=2e-4)


def test_the_divergence_adds_up_to_the_log_determinant_and_to_the_loss_of_log_density(ask):
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    got = ask(ProbeQuery(points, 0.0, TIMES, FINE))
    log_density, log_det = got["log_density"], got["log_det"]
    np.testing.assert_allclose(log_density[0], multivariate_normal(np.zeros(2)).logpdf(points), atol=1e-5)
    np.testing.assert_allclose(log_density + log_det, np.broadcast_to(log_density[0], log_density.shape), atol=1e-9)
    ends = ask(LogDensityQuery(got["paths"][-1], FINE))["log_density"]
    np.testing.assert_allclose(log_density[-1], ends, atol=1e-4)
    halves = (got["divergence"][1:] + got["divergence"][:-1]) / 2 / 16
    # where blocks meet, the divergence jumps and the trapezoid rule counts half a cell of the wrong block
    jump = np.abs(np.diff(got["divergence"], axis=0)).max() / 16
    np.testing.assert_allclose(np.cumsum(halves, axis=0)[-1], log_det[-1], atol=2e-3 + jump)


def test_the_speed_is_that_of_the_path(ask):
    got = ask(ProbeQuery(np.array([[0.5, 0.5]], np.float32), 0.0, TIMES, FINE))
    steps = np.linalg.norm(np.diff(got["paths"][:, 0], axis=0), axis=1) * 16
    between = (got["speed"][1:, 0] + got["speed"][:-1, 0]) / 2
    assert np.median(np.abs(steps - between)) < 0.01 * between.max()


def test_a_loop_keeps_its_mass_and_it_is_the_share_of_particles_inside(ask):
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    loop = np.stack([0.5 + 0.9 * np.cos(turn), -0.2 + 0.7 * np.sin(turn)], axis=1).astype(np.float32)
    got = ask(LoopQuery(loop, 0.5, tuple(np.linspace(0, 1, 5)), 64, FINE))
    np.testing.assert_allclose(got["mass"], got["mass"].mean(), rtol=0.01)
    cloud = ask(TransportQuery("noise", (0.0, 0.5), 20_000, 3, solver=FINE))["paths"][-1]
    inside = np.mean(((cloud - [0.5, -0.2]) ** 2 / [0.81, 0.49]).sum(axis=1) < 1)
    assert got["mass"][2] == pytest.approx(inside, abs=4 * np.sqrt(inside / 20_000) + 0.002)


def test_the_levels_of_the_model_make_p_values_that_are_uniform(ask):
    got = ask(AnomalyQuery((-6.0, 8.0, -7.0, 7.0), 48, 4000, 1, FINE))
    fresh = ask(TransportQuery("noise", (0.0, 1.0), 2000, 99, solver=FINE))["paths"][-1]
    values = ask(LogDensityQuery(fresh, FINE))["log_density"]
    p = np.searchsorted(got["levels"], values, side="right") / len(got["levels"])
    np.testing.assert_allclose(np.quantile(p, [0.05, 0.25, 0.5, 0.9]), [0.05, 0.25, 0.5, 0.9], atol=0.04)
    assert got["log_density"].shape == (48, 48)


def test_coverage_is_the_area_of_a_polygon():
    triangle = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 2.0]])
    share = coverage(triangle, np.zeros(2), np.array([0.3, 0.2]), 10)
    assert share.sum() * 0.06 == pytest.approx(3.0, rel=1e-3)
    assert share.max() <= 1 + 1e-9 and share.min() == 0
    law = multivariate_normal(np.zeros(2))
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    assert mass_inside(square, 40, law.pdf) == pytest.approx(0.6826895**2, abs=1e-4)
    assert mass_inside(square[:1].repeat(3, 0), 40, law.pdf) == 0.0


def test_a_point_at_either_end_is_followed_to_the_other():
    def move(points, times):
        return np.stack([points + (t - times[0]) for t in times])

    point = np.zeros((1, 1))
    for t in (0.0, 0.4, 1.0):
        paths = through(point, t, (0.0, 0.25, 0.5, 1.0), move)
        np.testing.assert_allclose(paths[:, 0, 0], np.array([0, 0.25, 0.5, 1.0]) - t, atol=1e-6)
