"""A run between two Gaussians is told what it should be; any other run is not."""

import numpy as np
import pytest

from flowviz.core.events import FrameReady, MetricsReady
from flowviz.core.queries import ClosedFormQuery
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec
from flowviz.engine import derive
from flowviz.engine.run import run
from flowviz.flows.closed_forms import Gaussian, jko_step, kl, wasserstein_squared
from flowviz.targets import build
from flowviz.targets._source import are_gaussians

TINY = Recording(particles=40, n_times=5, metric_points=200)


def spec_of(key, target="gaussian", steps=8, **params):
    return RunSpec(TargetSpec(target), FlowSpec(key, params), Budget(steps=steps), recording=TINY)


@pytest.fixture(scope="module")
def jko():
    events = list(run(spec_of("jko", blocks=2, width=8, batch_size=64)))
    frame = [event.frame for event in events if isinstance(event, FrameReady)][-1]
    return frame, [event for event in events if isinstance(event, MetricsReady)][-1].values


def ends():
    target = build(TargetSpec("gaussian"))
    return Gaussian.standard(2), Gaussian(target.mean, target.covariance)


def test_every_block_stands_beside_its_exact_step(jko):
    noise, law = ends()
    for block in jko[0].blocks:
        after = jko_step(law, block.step_size)
        assert block.exact_kl == pytest.approx(kl(after, noise), abs=1e-9)
        assert block.exact_w2_squared == pytest.approx(wasserstein_squared(law, after), abs=1e-9)
        law = after


def test_the_metrics_say_what_remains_and_what_an_exact_flow_would_have(jko):
    found, (noise, target) = jko[1], ends()
    assert found["exact_w2"] == pytest.approx(np.sqrt(wasserstein_squared(noise, target)))
    assert 0 < found["moments_w2"] < found["w2"], "W2 is never less than that of the moments"
    assert found["exact_energy"] >= found["exact_least_energy"] > 0
    assert found["energy"] >= found["least_energy"] and found["nfe"] > 0


def test_the_law_at_every_time_is_an_answer(jko):
    spec, times = spec_of("jko", blocks=2, width=8, batch_size=64), (0.0, 0.5, 1.0)
    found = derive.answer(spec, jko[0].weights, ClosedFormQuery(times, backwards=True))
    assert found["covariance"].shape == (3, 2, 2) and found["mean"].shape == (3, 2)
    assert found["covariance"][-1] == pytest.approx(found["ends_covariance"][1])


def test_other_ends_have_no_closed_form():
    events = list(run(spec_of("flow_matching", "two_moons", steps=2, width=8)))
    values = [event for event in events if isinstance(event, MetricsReady)][-1].values
    assert not [name for name in values if name.startswith("exact_") or name == "moments_w2"]


def test_only_two_gaussians_count_as_such():
    gaussian, space, moons = (TargetSpec(key) for key in ("gaussian", "gaussian_3d", "two_moons"))
    assert are_gaussians(None, gaussian) and are_gaussians(None, space) and are_gaussians(gaussian, gaussian)
    assert not are_gaussians(None, moons) and not are_gaussians(moons, gaussian)
    assert are_gaussians(None, TargetSpec("mixture", {"components": 1}))
