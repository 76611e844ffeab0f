from dataclasses import replace

import numpy as np
import pytest

from flowviz.core.camera import AXES, Camera
from flowviz.scene._box import triad_balls
from flowviz.scene._lens import Lens
from flowviz.scene.marks import Arrows, Lines, Points, Room, Sheet, Shell, Splats, Warp, Words
from flowviz.scene.painter import paint, to_pixels
from flowviz.scene.projection import picture_extent, project, thinned
from flowviz.scene.tokens import DARK, LIGHT

BOX = ((-3.0, -3.0, -3.0), (3.0, 3.0, 3.0))
SIZE = (320, 240)
CAMERA = Camera().fit(*BOX, SIZE[0] / SIZE[1], turning=True)


ROOM = Room(BOX)


def picture(marks, camera=CAMERA, tokens=DARK):
    return paint((ROOM, *marks), camera, *SIZE, tokens)


def change(marks, camera=CAMERA, tokens=DARK):
    """Which pixels the marks alone change, and by how much in all."""
    return np.abs(picture(marks, camera, tokens).astype(int) - picture((), camera, tokens)).sum(axis=2)


def ring(n=400, radius=2.0, z=0.0):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full(n, z)], axis=1).astype(np.float32)


def sphere(n=4000, radius=2.0):
    """Nearly even points of a sphere: the Fibonacci lattice."""
    z = 1 - (2 * np.arange(n) + 1) / n
    angle = np.arange(n) * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    normals = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1).astype(np.float32)
    return radius * normals, normals


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
def test_points_are_seen_where_the_cameras_matrix_puts_them(projection):
    camera = replace(CAMERA, projection=projection, roll=10.0)
    points = np.random.default_rng(0).uniform(-3, 3, (50, 3))
    places, _ = Lens(camera, *SIZE, BOX).places(points)
    clip = np.concatenate([points, np.ones((50, 1))], axis=1) @ camera.matrix(SIZE[0] / SIZE[1]).T
    expected = clip[:, :2] / clip[:, 3:] * [SIZE[0] / SIZE[1], 1]
    np.testing.assert_allclose(places, expected, atol=1e-5)


@pytest.mark.parametrize("tokens", [DARK, LIGHT])
def test_a_ring_is_no_empty_picture_and_its_pixels_move_when_the_camera_does(tokens):
    marks = (Points(ring(), "particles", 3.0),)
    here = change(marks, CAMERA, tokens) > 40
    there = change(marks, CAMERA.orbit(0, 40), tokens) > 40
    assert here.sum() > 300
    assert (here & ~there).sum() > 0.3 * here.sum()


def test_near_dots_are_larger_and_brighter_than_far_ones():
    camera = CAMERA.seen_from("-y")
    near = change((Points(np.array([[-1.5, -3.0, 0.4]]), "particles", 5.0),), camera)
    far = change((Points(np.array([[-1.5, 3.0, 0.4]]), "particles", 5.0),), camera)
    assert (near > 30).sum() > (far > 30).sum() > 0
    assert near.max() > 1.5 * far.max()


def test_what_is_near_hides_what_is_far_whatever_the_order_of_marks():
    camera = replace(CAMERA.seen_from("+z"), projection="parallel")
    near = Points(np.array([[0.7, 0.7, 2.5]]), "particles", 14.0, 0.99)
    far = Points(np.array([[0.7, 0.7, -2.5]]), "field", 14.0, 0.99)
    assert np.array_equal(picture((near, far), camera), picture((far, near), camera))
    place = to_pixels(Lens(camera, *SIZE, BOX).places(near.xy)[0], picture_extent(*SIZE), *SIZE)[0].astype(int)
    alone = picture((near,), camera)[place[1], place[0]]
    assert np.abs(picture((near, far), camera)[place[1], place[0]].astype(int) - alone).max() <= 3


def test_points_behind_the_eye_are_not_seen():
    eye = np.asarray(CAMERA.eye)
    behind = eye + (eye - np.asarray(CAMERA.centre))
    assert not change((Points(behind[None].astype(np.float32), "particles", 9.0),)).any()


def test_a_sheet_hides_what_is_behind_it_and_not_what_is_before_it():
    camera = replace(CAMERA.seen_from("+z"), projection="parallel")
    sheet = Sheet(np.ones((8, 8), np.float32), "z", 0.5, (-3.0, 3.0, -3.0, 3.0))
    above = Points(np.array([[1.2, 1.2, 1.5]]), "field", 9.0, 0.99)
    below = replace(above, xy=np.array([[1.2, 1.2, -1.5]]))
    alone = picture((sheet,), camera)
    assert np.array_equal(picture((sheet, below), camera), alone)
    assert not np.array_equal(picture((sheet, above), camera), alone)


def test_the_cells_of_a_sheet_lie_where_space_puts_them():
    values = np.zeros((6, 6), np.float32)
    values[4, 1] = 1.0  # the cell around x = -1.5, z = 1.5 of the plane y = 1
    sheet = Sheet(values, "y", 1.0, (-3.0, 3.0, -3.0, 3.0))
    row, column = np.nonzero(change((sheet,)) > 150)
    place = to_pixels(
        Lens(CAMERA, *SIZE, BOX).places(np.array([-1.5, 1.0, 1.5])[None])[0], picture_extent(*SIZE), *SIZE
    )[0]
    # the sheet's outline is drawn as well: the cell is where most of the change is
    weight = np.exp(-((column - place[0]) ** 2 + (row - place[1]) ** 2) / 2 / 20**2)
    assert np.average(column, weights=weight) == pytest.approx(place[0], abs=2)
    assert np.average(row, weights=weight) == pytest.approx(place[1], abs=2)


def test_a_solid_shell_shows_its_front_alone_lit_from_the_upper_left():
    points, normals = sphere()
    camera = replace(CAMERA, projection="parallel")
    splats = [m for m in project((ROOM, Shell(points, normals, 0.2, "accent")), camera, *SIZE) if isinstance(m, Splats)]
    assert sum(len(mark.xy) for mark in splats) == pytest.approx(len(points) / 2, rel=0.02)
    seen = change((Shell(points, normals, 0.2, "accent"),), camera) > 25
    disc = np.pi * (2.0 / camera.span * SIZE[1]) ** 2
    assert seen.sum() == pytest.approx(disc, rel=0.15)
    light = picture((Shell(points, normals, 0.2, "accent"),), camera).sum(axis=2)
    row, column = np.nonzero(seen)
    upper_left = seen & (np.add.outer(np.arange(SIZE[1]), np.arange(SIZE[0])) < row.mean() + column.mean())
    assert light[upper_left].mean() > 1.3 * light[seen & ~upper_left].mean()


@pytest.mark.parametrize("zoom", [2.0, 6.0])
def test_a_solid_shell_stays_closed_when_one_comes_near(zoom):
    points, normals = sphere()
    seen = change((Shell(points, normals, 0.2, "accent"),), CAMERA.zoom(zoom)) > 25
    middle = seen[SIZE[1] // 2 - 40 : SIZE[1] // 2 + 40, SIZE[0] // 2 - 40 : SIZE[0] // 2 + 40]
    assert middle.mean() > 0.99


def test_a_clear_shell_lets_particles_through_and_a_solid_one_does_not():
    points, normals = sphere()
    inside = Points(np.zeros((1, 3), np.float32), "particles", 12.0, 0.99)
    for alpha, shows in ((0.2, True), (0.95, False)):
        shell = Shell(points, normals, 0.2, "accent", alpha)
        differs = np.abs(picture((inside, shell)).astype(int) - picture((shell,))).sum(axis=2)
        # in the middle, away from the outline
        assert (
            bool(differs[SIZE[1] // 2 - 15 : SIZE[1] // 2 + 15, SIZE[0] // 2 - 15 : SIZE[0] // 2 + 15].max() > 60)
            is shows
        )


def test_a_quick_picture_takes_the_first_dots_only():
    points = Points(ring(1000), "particles", 3.0)
    line = Lines(ring(200)[None], "trails")
    few, same = thinned((points, line), 100)
    assert np.array_equal(few.xy, points.xy[:100])
    assert same is line
    assert thinned((points,), 1000) == (points,)


def test_the_box_has_three_named_axes_and_numbers_unless_one_looks_along_one():
    words = [m for m in project((ROOM,), CAMERA, *SIZE) if isinstance(m, Words)]
    letters = [m.texts[0] for m in words if m.size == 14.0]
    assert letters == ["x", "y", "z"]
    assert any(text.startswith("\N{MINUS SIGN}") for m in words for text in m.texts)
    along = replace(CAMERA.seen_from("+x"), projection="parallel")
    letters = [m.texts[0] for m in project((ROOM,), along, *SIZE) if isinstance(m, Words) and m.size == 14.0]
    assert letters == ["y", "z"]


@pytest.mark.parametrize("axis", AXES)
def test_the_ball_of_the_triad_nearest_to_the_eye_is_the_one_that_it_is_seen_from(axis):
    _, balls = triad_balls(Lens(CAMERA.seen_from(axis), *SIZE, BOX), 2 / 800)
    assert balls[-1].axis == axis and balls[-1].nearness == pytest.approx(1)


def test_arrows_and_lines_are_projected_and_flat_marks_stay_as_they_are():
    flat = Points(np.zeros((1, 2)), "good", 4.0)
    marks = (
        Lines(np.stack([ring(20), ring(20, z=1.0)]), "trails", alpha=np.linspace(0, 1, 20)),
        Arrows(ring(10), np.tile([0.0, 0.0, 1.0], (10, 1)), "field"),
        flat,
    )
    drawn = project((ROOM, *marks), CAMERA, *SIZE)
    assert drawn[-1] is flat
    assert sum(len(m.origins) for m in drawn if isinstance(m, Arrows)) == 10
    assert all(m.paths.shape[2] == 2 for m in drawn if isinstance(m, Lines))
    assert not any(isinstance(m, Warp) for m in drawn)
    assert (change(marks) > 20).sum() > 200


def test_a_small_picture_has_no_triad_on_its_box():
    assert triad_balls(Lens(CAMERA, *SIZE, BOX), 2 / 200)[1] == []


def test_a_box_that_stands_still_is_kept_and_one_that_turns_is_drawn_anew():
    marks = (Points(ring(), "particles", 3.0),)
    first, again = picture(marks), picture(marks)
    assert np.array_equal(first, again)
    assert project((ROOM, *marks), CAMERA, *SIZE)[0] is project((ROOM,), CAMERA, *SIZE)[0]
    picture(marks, CAMERA.orbit(20))
    assert np.array_equal(picture(marks), first)
    assert not np.array_equal(picture((), CAMERA.orbit(20)), picture(()))
