"""Drawing in space: balls of ink on planes, and solids made of flat pictures."""

import math

import numpy as np
import pytest

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import build
from flowviz.targets._forms import extruded, revolved
from flowviz.targets._strokes import Stroke
from flowviz.targets._strokes_3d import IN_PLANE, lifted, paint_volume

CELLS = 32
MIDDLES = -4 + 8 * (np.arange(CELLS) + 0.5) / CELLS
Z, Y, X = np.meshgrid(MIDDLES, MIDDLES, MIDDLES, indexing="ij")


def _stroke(points, tool="brush", size=1.6, **more):
    return Stroke(tool, np.array([(x, y, 0.0) for x, y in points]), size, **more)


def _mean(volume):
    """The centre of mass (3,) as x, y, z."""
    return np.array([(volume * axis).sum() for axis in (X, Y, Z)]) / volume.sum()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dab_on_any_plane_is_a_ball_about_its_place(axis):
    volume = np.zeros((CELLS, CELLS, CELLS), np.float32)
    paint_volume(volume, _stroke([(1.0, -0.5)]), axis, 2.0)
    expected = lifted(np.array([(1.0, -0.5)]), axis, 2.0)[0]
    assert expected[axis] == 2.0 and [expected[i] for i in IN_PLANE[axis]] == [1.0, -0.5]
    np.testing.assert_allclose(_mean(volume), expected, atol=0.05)
    distance = np.sqrt((X - expected[0]) ** 2 + (Y - expected[1]) ** 2 + (Z - expected[2]) ** 2)
    assert volume[distance > 1.1].max() == 0 and volume[distance < 0.3].min() > 0
    spread = [math.sqrt((volume * (a - e) ** 2).sum() / volume.sum()) for a, e in zip((X, Y, Z), expected, strict=True)]
    np.testing.assert_allclose(spread, spread[0], rtol=0.05)


def test_a_stroke_drawn_piece_by_piece_is_the_one_drawn_at_once():
    whole, pieces = (np.zeros((CELLS, CELLS, CELLS)) for _ in range(2))
    for tool in ("brush", "spray", "eraser"):
        stroke = _stroke([(-2, 0), (0, 1), (2, -1)], tool, seed=3)
        paint_volume(whole, stroke, 2, 0.0)
        for first in range(3):
            paint_volume(pieces, _stroke(stroke.points[: first + 1, :2], tool, seed=3), 2, 0.0, first)
    np.testing.assert_allclose(pieces, whole, atol=1e-12)


def test_the_eraser_takes_ink_away_in_a_ball_and_strength_scales_ink():
    volume = np.ones((CELLS, CELLS, CELLS), np.float32)
    paint_volume(volume, _stroke([(0, 0)], "eraser", 2.0, strength=3.0), 1, 0.0)
    assert volume[CELLS // 2, CELLS // 2, CELLS // 2] == 0 and volume[0, 0, 0] == 1
    one, two = (np.zeros((CELLS, CELLS, CELLS)) for _ in range(2))
    paint_volume(one, _stroke([(0, 0)]), 1, 0.0)
    paint_volume(two, _stroke([(0, 0)], strength=2.0), 1, 0.0)
    np.testing.assert_allclose(two, 2 * one)


def test_a_stroke_beyond_the_cube_leaves_nothing_and_harms_nothing():
    volume = np.zeros((CELLS, CELLS, CELLS), np.float32)
    paint_volume(volume, _stroke([(9, 9), (20, -30)]), 0, 0.0)
    assert not volume.any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_extruded_picture_is_the_picture_between_two_planes(axis):
    picture = np.zeros((64, 64))
    picture[40:56, 8:24] = 1.0  # left and up
    volume = extruded(picture, axis, 3.0, CELLS)
    right, up = IN_PLANE[axis]
    along = (X, Y, Z)
    inside = (along[right] > -3) & (along[right] < -1) & (along[up] > 1) & (along[up] < 3)
    core = inside & (np.abs(along[axis]) < 1.3)
    np.testing.assert_allclose(volume[core], 1.0, atol=0.51)  # cells on the picture's edge have a share
    assert volume[np.abs(along[axis]) > 1.7].max() == 0 and volume[along[right] > -0.8].max() == 0
    assert volume.sum() * (8 / CELLS) ** 3 == pytest.approx(picture.sum() * (8 / 64) ** 2 * 3.0, rel=0.02)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_turned_disc_is_a_ball_and_a_turned_half_is_the_whole(axis):
    xs = -4 + 8 * (np.arange(128) + 0.5) / 128
    disc = (np.hypot(*np.meshgrid(xs, xs)) < 2.5).astype(float)
    ball = revolved(disc, axis, CELLS)
    assert ball.sum() * (8 / CELLS) ** 3 == pytest.approx(4 / 3 * math.pi * 2.5**3, rel=0.03)
    r = np.sqrt(X**2 + Y**2 + Z**2)
    assert ball[r < 2.2].min() == 1 and ball[r > 2.8].max() == 0
    half = disc * (xs > 0)
    np.testing.assert_allclose(revolved(half, axis, CELLS), ball, atol=0.51)
    assert revolved(half, axis, CELLS).sum() == pytest.approx(ball.sum(), rel=0.02)


def test_a_turned_picture_stands_upright_on_its_axis():
    picture = np.zeros((64, 64))
    picture[48:, :] = 1.0  # the upper quarter
    for axis in range(3):
        centre = _mean(revolved(picture, axis, CELLS))
        assert centre[axis] == pytest.approx(3.0, abs=0.1) and np.abs(np.delete(centre, axis)).max() < 0.05


def test_a_drawing_in_space_has_the_entropy_of_its_cells():
    volume = np.zeros((8, 8, 8))
    volume[2, 3, 4] = 3.0
    volume[6, 1, 0] = 1.0
    target = build(TargetSpec("drawing_3d", {}, {"density": volume}))
    assert target.entropy() == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))  # cells of volume 1
    x = target.sample(4000, np.random.default_rng(0))
    heavy = np.all((x >= [0, -1, -2]) & (x < [1, 0, -1]), axis=1)
    assert heavy.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(
        target.log_density(np.array([[0.5, -0.5, -1.5], [3.0, 3, 3]])), [math.log(0.75), -np.inf]
    )
    assert [corner.tolist() for corner in target.bounds()] == [[-4, -3, -2], [1, 0, 3]]


def test_an_empty_drawing_in_space_is_refused():
    with pytest.raises(UserError, match="The drawing is empty"):
        build(TargetSpec("drawing_3d", {}, {"density": np.zeros((4, 4, 4))}))
    with pytest.raises(UserError, match="not layers, rows and columns"):
        build(TargetSpec("drawing_3d", {}, {"density": np.ones((4, 4))}))
