"""Files whose points have no density, or hardly any scale: they train all the same, and people are told."""

import numpy as np
import pytest

from flowviz.core.control import Control
from flowviz.core.events import Finished
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec
from flowviz.engine.reports import TrainedRun
from flowviz.engine.training import train
from flowviz.targets import build
from flowviz.targets.loading import load_target

RECORDING = Recording(particles=40, n_times=3, min_gap_s=1e6, duty=0.01, metric_points=30)
PARAMS = {"cnf": {"width": 16, "batch_size": 128}, "jko": {"width": 16, "batch_size": 128, "blocks": 2}}


def _clouds():
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((1000, 2))
    along = normal[:500, :1]
    return {
        "two points": [[0, 0], [1, 2]],
        "slanted line": np.concatenate([along, 2 * along + 1], axis=1),
        "constant column": np.concatenate([along, np.full_like(along, 5)], axis=1),
        "mostly equal": np.concatenate([np.full((995, 2), 7.0), normal[:5]]),
        "tiny clusters": 1e-4 * normal + np.repeat([[0, 0], [1, 1]], 500, axis=0),
        "one outlier": np.concatenate([normal, [[1e9, -1e9]]]),
        "far away and small": 1e6 + 1e-3 * normal,
        "mixed scales": normal * [1e-6, 1e6],
        "huge": normal * 1e30,
    }


CLOUDS = _clouds()
WITHOUT_DENSITY = {
    "two points": "All points lie in 2 places",
    "slanted line": "All points lie on one straight line",
    "constant column": "y is constant",
    "mostly equal": "99.5 % of the points lie in one place",
    "tiny clusters": "places, where there is no density",
}


def _loaded(folder, name):
    path = folder / "points.csv"
    np.savetxt(path, CLOUDS[name], delimiter=",", header="x,y", comments="", fmt="%.17g")
    return load_target(path)


@pytest.mark.parametrize("key", PARAMS)
@pytest.mark.parametrize("name", CLOUDS)
def test_hard_clouds_train_and_give_finite_samples_in_their_own_units(tmp_path, name, key):
    loaded = _loaded(tmp_path, name)
    spec = RunSpec(loaded.spec, FlowSpec(key, PARAMS[key]), Budget(steps=12), 0, "cpu", RECORDING)
    ending, saved = train(spec, tmp_path / "run.flowviz", Control(), lambda event: None)
    assert isinstance(ending, Finished)
    assert np.isfinite(saved.last.paths).all() and np.isfinite(saved.last.metrics["nll"])
    samples = TrainedRun(saved).sample(100)
    frame = build(loaded.spec).frame
    middle, spread = np.median(CLOUDS[name], axis=0), 1.5 * frame.scale
    assert np.isfinite(samples).all()
    # within a few spreads of where the data is, in units of the data: neither at the origin nor of size one
    assert (np.abs(np.median(samples, axis=0) - middle) < 3 * spread).all()
    assert (samples.std(axis=0) < 10 * spread).all() and (samples.std(axis=0) > 0.05 * spread).all()


@pytest.mark.parametrize("name", WITHOUT_DENSITY)
def test_points_without_density_are_blurred_and_that_is_said(tmp_path, name):
    loaded = _loaded(tmp_path, name)
    assert any(WITHOUT_DENSITY[name] in note and "jitter" in note for note in loaded.notes)
    target = build(loaded.spec)
    width = loaded.spec.params["jitter"]
    bare = target.frame.to_shared(np.asarray(CLOUDS[name], dtype=np.float64))
    x = target.sample(4000, np.random.default_rng(1))
    nearest = np.sqrt(((x[:, None] - np.unique(bare, axis=0)[None]) ** 2).sum(axis=2)).min(axis=1)
    assert np.median(nearest) > 0.05 * width  # none of the draws sits on the points themselves
    assert nearest.max() < 6 * width


@pytest.mark.parametrize("name", sorted(CLOUDS.keys() - WITHOUT_DENSITY.keys()))
def test_clouds_with_a_density_are_learnt_as_they_are(tmp_path, name):
    loaded = _loaded(tmp_path, name)
    assert "jitter" not in loaded.spec.params
    assert bool(loaded.notes) == (name == "one outlier")
