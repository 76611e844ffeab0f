"""Runs that begin from something else than noise."""

from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.control import Control
from flowviz.core.errors import UserError
from flowviz.core.events import Failed, Finished, FrameReady, MetricsReady
from flowviz.core.film import FilmSpec
from flowviz.core.queries import CouplingQuery, DensityQuery, LogDensityQuery, TransportQuery
from flowviz.core.spec import TargetSpec
from flowviz.engine.derive import Deriver, grid_points
from flowviz.engine.film import Filmed, FilmPainter
from flowviz.engine.run import Run, run
from flowviz.engine.training import from_source
from flowviz.targets import build

MOONS = TargetSpec("two_moons", name="Two moons")


@pytest.fixture
def trained(small):
    spec = replace(small(), source=MOONS)
    return spec, list(run(spec))


def frames(events):
    return [event.frame for event in events if isinstance(event, FrameReady)]


def test_particles_begin_at_draws_of_the_source(trained):
    spec, events = trained
    assert isinstance(events[-1], Finished)
    start = frames(events)[-1].paths[0]
    assert np.isfinite(build(MOONS).log_density(start)).all() and build(MOONS).log_density(start).mean() > -3.5
    query = TransportQuery("noise", (0.0, 1.0), len(start), spec.seed)
    asked = Deriver().answer(spec, frames(events)[-1].weights, query)["paths"][0]
    assert asked == pytest.approx(start, abs=1e-6)


def test_at_flow_time_zero_the_model_density_is_that_of_the_source(trained):
    spec, events = trained
    query = DensityQuery((-3.0, 3.0, -3.0, 3.0), 16, 0.0)
    field = Deriver().answer(spec, frames(events)[-1].weights, query)["log_density"]
    assert field.ravel() == pytest.approx(build(MOONS).log_density(grid_points(query)[0]), abs=1e-3)


def test_the_likelihood_counts_from_the_sources_density(trained):
    spec, events = trained
    measured = [event.values["nll"] for event in events if isinstance(event, MetricsReady)][-1]
    target = build(spec.target)
    x = target.sample(4000, np.random.default_rng(0))
    values = Deriver().answer(spec, frames(events)[-1].weights, LogDensityQuery(x))["log_density"]
    assert measured == pytest.approx(-values.mean(), abs=0.5)


def test_a_source_that_the_method_cannot_begin_from_is_refused(small):
    spec = replace(small(), source=TargetSpec("checkerboard", name="Checkerboard"))
    failed = list(Run(spec).stretch(Control()))[-1]
    assert isinstance(failed, Failed) and "CNF needs a source whose density" in failed.message
    with pytest.raises(UserError, match="CNF needs a source"):
        from_source(small(), spec.source)


def test_the_view_holds_the_source_too(trained):
    spec, events = trained

    wide = TargetSpec("mixture", {"radius": 4.0, "spread": 1.0})
    views = []
    for source in (None, wide):
        run = Filmed(replace(spec, source=source), frames(events))
        views.append(FilmPainter(run, FilmSpec())._world)
    assert views[1][0] < views[0][0] and views[1][1] > views[0][1]


def test_the_pairs_of_a_method_come_with_their_cost(small):
    costs = {}
    for key in ("flow_matching", "ot_cfm"):
        spec = small(key, params={"width": 8, "batch_size": 64})
        weights = frames(list(run(spec)))[-1].weights
        answer = Deriver().answer(spec, weights, CouplingQuery(64))
        assert answer["pairs"].shape == (64, 2, 2)
        gaps = np.square(answer["pairs"][:, 1] - answer["pairs"][:, 0]).sum(axis=1)
        assert float(answer["cost"]) == pytest.approx(gaps.mean(), rel=1e-5)
        costs[key] = answer
    assert float(costs["flow_matching"]["cost"]) == pytest.approx(
        float(costs["flow_matching"]["random_cost"]), rel=1e-5
    )
    assert float(costs["ot_cfm"]["cost"]) < float(costs["flow_matching"]["cost"])
    with pytest.raises(UserError, match="does not learn from pairs"):
        spec = small()
        Deriver().answer(spec, frames(list(run(spec)))[-1].weights, CouplingQuery())
