import numpy as np
import pytest
import torch
from scipy.stats import norm

from flowviz.core.events import FloorsReady
from flowviz.core.mixtures import GaussianMixture
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine.run import run
from flowviz.flows._interpolants import LINEAR, TRIGONOMETRIC
from flowviz.flows._matching_floor import matching_floor

NORMAL = GaussianMixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
LINE = GaussianMixture(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))


def gaussian(*variances):
    return GaussianMixture(np.ones(1), np.ones((1, len(variances))), np.diag(variances)[None].astype(float))


def test_between_gaussians_the_floor_is_a_quarter_turn_of_the_standard_deviations():
    # int_0^1 s^2 / ((1 - t)^2 + t^2 s^2) dt = pi s / 2
    floor = matching_floor(NORMAL, gaussian(0.25, 4.0), LINEAR, 0.0)
    assert floor == pytest.approx(np.pi / 2 * (0.5 + 2.0), rel=1e-3)


def test_a_quarter_circle_between_equal_gaussians_has_a_constant_floor():
    # x and u = dx/dt are independent then, and Var u = (pi / 2)^2
    assert matching_floor(NORMAL, gaussian(1.0, 1.0), TRIGONOMETRIC, 0.0) == pytest.approx(
        2 * (np.pi / 2) ** 2, rel=1e-3
    )


def test_a_sum_of_equal_gaussians_is_that_gaussian():
    double = GaussianMixture(np.array([0.3, 0.7]), np.ones((2, 2)), np.stack([np.diag([0.25, 4.0])] * 2))
    assert matching_floor(NORMAL, double, LINEAR, 0.0) == pytest.approx(
        matching_floor(NORMAL, gaussian(0.25, 4.0), LINEAR, 0.0), rel=1e-9
    )


def test_two_bumps_on_a_line_agree_with_integration_over_all_pairs():
    weights, means, sd, sigma = np.array([0.3, 0.7]), np.array([-2.0, 1.5]), np.array([0.5, 0.8]), 0.2
    target = GaussianMixture(weights, means[:, None], (sd**2)[:, None, None])
    y = np.linspace(-5.5, 5.5, 700)
    p_y = (weights * norm(means, sd).pdf(y[:, None])).sum(axis=1)
    x = np.linspace(-7, 7, 400)
    left = []
    for t in (np.arange(24) + 0.5) / 24:
        # given x and x1 = y: x0 + noise is Gaussian with mean x - t y
        spread = (1 - t) ** 2 + sigma**2
        joint = norm(0, np.sqrt(spread)).pdf(x[:, None] - t * y) * p_y
        share = joint / joint.sum(axis=1, keepdims=True)
        x0 = (1 - t) / spread * (x[:, None] - t * y)
        u = y - x0
        within = 1 - (1 - t) ** 2 / spread
        mean = (share * u).sum(axis=1)
        variance = within + (share * u**2).sum(axis=1) - mean**2
        density = joint.sum(axis=1)
        left.append((variance * density).sum() / density.sum())
    assert matching_floor(LINE, target, LINEAR, sigma) == pytest.approx(np.mean(left), rel=0.01)


def test_a_run_tells_the_floor_of_its_loss_where_it_is_known():
    def floors(target, **params):
        flow = FlowSpec("flow_matching", {"width": 8, "batch_size": 32, **params})
        spec = RunSpec(TargetSpec(target), flow, Budget(steps=2), 0, "cpu", Recording(20, 3, 0.0, 0.5, 20))
        return [event for event in run(spec) if isinstance(event, FloorsReady)][-1].floors

    torch.manual_seed(0)
    mean, low, high = floors("gaussian")["loss"]
    variances = np.linalg.eigvalsh([[1.44, 0.504], [0.504, 0.36]])
    assert mean == low == high == pytest.approx(np.pi / 2 * np.sqrt(variances).sum(), rel=1e-3)
    assert "loss" not in floors("gaussian", times="logit-normal")
