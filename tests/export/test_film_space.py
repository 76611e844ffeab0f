"""Films of flows in space, without a screen."""

import itertools
import json

import numpy as np
import pytest
from film_runs import a_run, read_mp4, small

from flowviz.cli_films import camera as camera_option
from flowviz.core.camera import Camera
from flowviz.core.errors import UserError
from flowviz.core.film import KeyFrame
from flowviz.core.film_json import film_from_json, film_to_json
from flowviz.core.frames import Frame
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine.film import Filmed, FilmPainter, render_film

KNOT = RunSpec(TargetSpec("trefoil", name="Trefoil knot"), FlowSpec("cnf"))


def a_knot(n_frames=4):
    """Frames of a flow that moves noise up, the further the longer it has trained."""
    noise = np.random.default_rng(0).normal(size=(300, 3)) * 0.5 - [0.0, 0.0, 1.5]
    times = np.linspace(0, 1, 5)
    up = [times[:, None, None] * np.array([0.0, 0.0, 3.0 * index / (n_frames - 1)]) for index in range(n_frames)]
    frames = [Frame(100 * index, float(index), "", times, (noise + up[index]).astype(np.float32)) for index in range(4)]
    return Filmed(KNOT, tuple(frames))


@pytest.fixture(scope="module")
def run():
    return a_knot()


def test_an_orbit_decodes_its_frames_differ_and_its_end_meets_its_beginning(run, tmp_path):
    film = small(clock="camera", layers=("particles", "target"), parts=())
    path = render_film(run, film, tmp_path / "orbit.mp4")
    head, pictures = read_mp4(path)
    assert head["size"] == (192, 128) and len(pictures) == 12
    steps = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(pictures)]
    seam = np.abs(pictures[-1].astype(int) - pictures[0]).mean()
    assert min(steps) > 0.5, "every picture differs from the one before"
    assert seam < 1.5 * max(steps), "no jump where the film starts again"


@pytest.mark.parametrize(("clock", "first", "last"), [("flow", (3, 0.0), (3, 1.0)), ("training", (0, 1.0), (3, 1.0))])
def test_in_films_over_either_clock_the_particles_rise(run, clock, first, last):
    painter = FilmPainter(run, small(clock=clock, layers=("particles",), parts=()))
    heights = []
    for index, (frame, t) in ((0, first), (painter.total - 1, last)):
        assert painter.moment_of(index) == (run.frames[frame], t)
        light = painter.picture(index)[..., 0].astype(int) - painter.picture(index)[..., 2]
        heights.append(np.average(np.arange(128), weights=np.maximum(light - 40, 0).sum(axis=1)))
    assert heights[0] - heights[1] > 15


def test_a_film_is_seen_from_its_camera_and_fit_brings_everything_into_view(run):
    def picture(**options):
        return FilmPainter(run, small(clock="still", layers=("target",), parts=(), **options)).picture(0)

    above = Camera().seen_from("+z")
    near = picture(camera=above.zoom(8.0))
    assert not np.array_equal(near, picture(camera=above))
    assert np.array_equal(picture(camera=above.zoom(8.0), fit=True), picture(camera=above, fit=True))
    assert np.array_equal(picture(), picture(camera=Camera(), fit=True)), "no camera is the first camera"


def test_key_frames_lead_the_camera_through_space(run):
    keys = (KeyFrame(300, 1.0, camera=Camera(azimuth=0.0)), KeyFrame(300, 1.0, camera=Camera(azimuth=90.0)))
    painter = FilmPainter(run, small(clock="keys", keys=keys, parts=()))
    first, middle, last = (painter.picture(index).astype(int) for index in (0, painter.total // 2, painter.total - 1))
    assert np.abs(first - middle).mean() > 0.5 and np.abs(middle - last).mean() > 0.5


def test_a_camera_cannot_turn_around_a_plane():
    with pytest.raises(UserError, match="three dimensions"):
        FilmPainter(a_run(), small(clock="camera"))


def test_a_camera_is_named_by_its_angles_or_by_an_axis_and_survives_as_json():
    assert camera_option("30,-20") == Camera(azimuth=30.0, elevation=-20.0).to_json()
    assert camera_option("-y") == Camera().seen_from("-y").to_json()
    film = small(camera=Camera(azimuth=30.0), fit=True)
    assert film_from_json(json.loads(json.dumps(film_to_json(film)))) == film
    for bad in ("30", "30,100", "up", "a,b"):
        with pytest.raises(Exception, match="AZIMUTH,ELEVATION"):
            camera_option(bad)
