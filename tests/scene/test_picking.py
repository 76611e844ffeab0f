import numpy as np
import pytest

from flowviz.core.camera import Camera
from flowviz.core.frames import Frame
from flowviz.core.probes import Pin, Probes
from flowviz.scene._layer import Moment
from flowviz.scene._lens import Lens
from flowviz.scene._picking import REACH, pointed_at
from flowviz.scene.marks import Lines, Points
from flowviz.scene.options import StageOptions
from flowviz.scene.panels import space_panel
from flowviz.scene.probes import pin_name, probe_queries, with_probes

VOLUME = ((-3.0, -3.0, -3.0), (3.0, 3.0, 3.0))
SIZE = (640, 480)
CAMERAS = [Camera(azimuth=25.0, elevation=35.0), Camera(azimuth=110.0, elevation=-20.0, projection="parallel")]
CLOUD = np.random.default_rng(0).uniform(-2, 2, (50, 3)).astype(np.float32)


def seen_at(camera, point):
    """Pixels from the upper left corner where a point is seen."""
    (x, y), _ = Lens(camera, *SIZE, VOLUME).places(np.asarray(point))
    return SIZE[0] / 2 + x * SIZE[1] / 2, SIZE[1] / 2 - y * SIZE[1] / 2


def point_at(camera, place, points=CLOUD, **options):
    panel = space_panel("main", (Points(points, "particles"),), VOLUME)
    return pointed_at(panel, camera, SIZE, place, StageOptions(**options))


@pytest.mark.parametrize("camera", CAMERAS, ids=["perspective", "parallel"])
def test_pointing_at_a_particle_finds_its_place(camera):
    for point in CLOUD[:8]:
        found = point_at(camera, seen_at(camera, point), point[None])
        assert found == pytest.approx(point, abs=1e-4)


@pytest.mark.parametrize("camera", CAMERAS, ids=["perspective", "parallel"])
def test_of_two_particles_behind_each_other_the_front_one_is_meant(camera):
    front = np.array([0.5, 0.2, -0.1])
    behind = front - 1.5 * camera.rotation()[2]  # away from the eye
    if camera.projection == "perspective":
        behind = front + 0.3 * (front - np.asarray(camera.eye))
    found = point_at(camera, seen_at(camera, front), np.stack([behind, front]).astype(np.float32))
    assert found == pytest.approx(front, abs=1e-4)


@pytest.mark.parametrize("camera", CAMERAS, ids=["perspective", "parallel"])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_slice_that_is_shown_gives_the_place(camera, axis):
    point = np.array([0.7, -0.4, 1.1])
    place = float(point["xyz".index(axis)])
    options = {"layers": frozenset({"particles", "slice"}), "slice_axis": axis, "slice_place": place}
    assert point_at(camera, seen_at(camera, point), **options) == pytest.approx(point, abs=1e-4)


def test_far_from_everything_there_is_no_place():
    camera = CAMERAS[0]
    x, y = seen_at(camera, [0.0, 0.0, 0.0])
    dot = np.zeros((1, 3), np.float32)
    assert point_at(camera, (x + (REACH - 0.01) * SIZE[1] / 2, y), dot) is not None
    assert point_at(camera, (x + (REACH + 0.01) * SIZE[1] / 2, y), dot) is None


def test_a_pin_in_space_asks_for_its_path_and_is_drawn_there_while_one_of_the_plane_rests():
    times = np.linspace(0, 1, 5)
    paths = np.zeros((5, 3, 3), np.float32)
    pins = (Pin(0.1, 0.2, 0.5), Pin(0.1, 0.2, 0.5, 0.3))
    moment = Moment(
        Frame(1, 0.0, "", times, paths), 0.5, StageOptions(), np.zeros((3, 3)), (-3, 3, -3, 3), VOLUME,
        probes=Probes(pins=pins),
    )  # fmt: skip
    asked = probe_queries(moment)
    assert set(asked) == {pin_name(1)} and asked[pin_name(1)].points == pytest.approx(np.array([[0.1, 0.2, 0.3]]))
    answers = {pin_name(1): {"paths": paths[:, :1], "times": times}}
    (panel,) = with_probes((space_panel("main", (), VOLUME),), moment, answers)
    assert any(isinstance(mark, Lines) and mark.paths.shape[-1] == 3 for mark in panel.marks)
