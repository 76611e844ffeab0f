import json
from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.camera import AXES, Camera, camera_from_json
from flowviz.core.errors import UserError

LOW, HIGH = (-1.0, -2.0, -3.0), (2.0, 4.0, 1.0)


def clip(camera, points, aspect=1.0):
    """Places in the picture, x and y from -1 to 1, by the 4x4 matrix."""
    points = np.atleast_2d(np.asarray(points, float))
    result = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ camera.matrix(aspect).T
    return result[:, :3] / result[:, 3:]


def corners(low, high):
    return np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
def test_the_centre_is_in_the_middle_and_the_span_fills_the_height(projection):
    camera = Camera((1.0, 2.0, 3.0), span=4.0, projection=projection, roll=20.0)
    up = camera.rotation()[1]
    assert np.allclose(clip(camera, camera.centre)[0, :2], 0)
    assert np.allclose(clip(camera, np.asarray(camera.centre) + 2 * up, aspect=1.6)[0, :2], [0, 1])


def test_the_axes_of_the_picture_are_a_rotation_and_the_eye_is_one_distance_away():
    camera = Camera((1.0, 0.0, -2.0), 5.0, 33.0, -41.0, 12.0)
    axes = camera.rotation()
    assert np.allclose(axes @ axes.T, np.eye(3)) and np.isclose(np.linalg.det(axes), 1)
    assert np.isclose(np.linalg.norm(np.subtract(camera.eye, camera.centre)), camera.distance)
    assert np.allclose(camera.view_matrix() @ [*camera.eye, 1], [0, 0, 0, 1])


@pytest.mark.parametrize("axis", AXES)
def test_a_view_from_an_axis_has_the_eye_on_it_and_stands_upright(axis):
    camera = Camera(roll=30.0).seen_from(axis)
    expected = np.zeros(3)
    expected["xyz".index(axis[1])] = 1 if axis[0] == "+" else -1
    assert np.allclose(np.asarray(camera.eye) / camera.distance, expected)
    assert np.allclose(camera.rotation()[1], [0, 1, 0] if axis[1] == "z" else [0, 0, 1])


def test_orbits_add_up_stop_at_the_poles_and_a_whole_turn_comes_home():
    camera = Camera(azimuth=170.0, elevation=10.0)
    assert camera.orbit(20).orbit(30) == camera.orbit(50)
    assert camera.orbit(0, 300).elevation == 90
    assert camera.orbit(360).azimuth == pytest.approx(170)


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
def test_a_pan_by_a_share_of_the_height_moves_the_picture_by_that_share_and_a_zoom_scales_it(projection):
    camera = Camera(projection=projection)
    place = np.asarray(camera.centre)
    assert np.allclose(clip(camera.pan(0.25, -0.1), place)[0, :2], [-0.5, 0.2])
    beside = place + camera.rotation()[0]
    assert np.allclose(clip(camera.zoom(2), beside)[0, 0], 2 * clip(camera, beside)[0, 0])


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
@pytest.mark.parametrize("aspect", [0.6, 2.0])
def test_a_fitted_box_just_fills_the_picture(projection, aspect):
    camera = Camera(projection=projection, roll=15.0).fit(LOW, HIGH, aspect, margin=0.0)
    assert np.abs(clip(camera, corners(LOW, HIGH), aspect)[:, :2]).max() == pytest.approx(1)


def test_a_box_fitted_for_turning_stays_in_the_picture_all_around():
    camera = Camera().fit(LOW, HIGH, turning=True)
    for turn in range(0, 360, 5):
        assert np.abs(clip(camera.orbit(turn), corners(LOW, HIGH))[:, :2]).max() < 1


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
def test_nearer_points_have_the_smaller_depth(projection):
    camera = Camera(projection=projection)
    backward = camera.rotation()[2]
    depth = clip(camera, np.outer([-3.0, 0.0, 3.0], backward))[:, 2]
    assert depth[2] < depth[1] < depth[0] and np.all(np.abs(depth) < 1)


def test_the_way_between_two_cameras_takes_the_shorter_turn_and_scales_evenly():
    start, end = Camera(span=1.0, azimuth=170.0), Camera((2.0, 0.0, 0.0), span=4.0, azimuth=-170.0)
    middle = start.toward(end, 0.5)
    assert (middle.azimuth, middle.span, middle.centre) == (pytest.approx(180), pytest.approx(2), (1, 0, 0))
    assert start.toward(end, 0.0) == start
    assert start.toward(end, 1.0).orbit(0) == replace(end, azimuth=pytest.approx(-170))


def test_a_camera_survives_json_and_bad_documents_are_told_in_a_sentence():
    camera = Camera((1.5, 2.0, 3.0), 2.5, 10.0, -20.0, 5.0, 50.0, "parallel")
    assert camera_from_json(json.loads(json.dumps(camera.to_json()))) == camera
    assert camera_from_json({}) == Camera()
    for bad in ({"span": -1}, {"span": "wide"}, {"centre": [1, 2]}, {"lens": 3}, {"azimuth": float("nan")}):
        with pytest.raises(UserError):
            camera_from_json(bad)
