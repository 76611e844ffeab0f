import numpy as np
import pytest

from flowviz.scene.marks import Arrows, Heatmap, Lines, Points
from flowviz.scene.painter import paint, to_pixels
from flowviz.scene.tokens import DARK, LIGHT, THEMES

EXTENT = (-5.0, 5.0, -4.0, 4.0)


def light_of(picture, tokens=DARK):
    """How far each pixel is from the stage colour, (h, w), summed over channels."""
    stage = np.array([int(tokens.stage[i : i + 2], 16) for i in (5, 3, 1)])
    return np.abs(picture[..., :3].astype(int) - stage).sum(axis=2)


def opacity_of(picture, tokens, colour):
    """Opacity of a plain colour over the stage, from the channel in which they differ most."""
    stage = np.array([int(tokens.stage[i : i + 2], 16) for i in (5, 3, 1)], float)
    plain = np.array([int(colour[i : i + 2], 16) for i in (5, 3, 1)], float)
    channel = np.abs(plain - stage).argmax()
    return (picture[..., channel] - stage[channel]) / (plain[channel] - stage[channel])


def dot(x, y, **kwargs):
    return Points(np.array([[x, y]], np.float32), "particles", **kwargs)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_empty_picture_is_the_stage_and_opaque(theme):
    picture = paint((), EXTENT, 40, 30, THEMES[theme])
    assert picture.shape == (30, 40, 4) and picture.dtype == np.uint8
    assert (light_of(picture, THEMES[theme]) == 0).all() and (picture[..., 3] == 255).all()


def test_a_dot_lights_the_pixel_at_its_place_and_no_other():
    picture = paint((dot(1.0, 2.0, size=3.0),), EXTENT, 100, 80, DARK)
    rows, columns = np.nonzero(light_of(picture))
    # x = 1 is 60 pixels from the left, y = 2 is 20 pixels from the top
    assert abs((columns + 0.5).mean() - 60) < 0.5 and abs((rows + 0.5).mean() - 20) < 0.5
    assert len(rows) <= 16


def test_up_in_the_world_is_up_in_the_picture():
    light = light_of(paint((dot(0.0, 3.0),), EXTENT, 100, 80, DARK))
    assert light[:40].sum() > 0 and light[40:].sum() == 0


def test_a_dot_covers_its_area():
    for size in (1.0, 2.5, 6.0, 15.0):
        picture = paint((dot(0.031, 0.017, size=size, alpha=0.5),), EXTENT, 100, 80, DARK)
        cover = opacity_of(picture, DARK, DARK.particles) / 0.5
        assert cover[cover > 0].sum() == pytest.approx(np.pi * size**2 / 4, rel=0.08)


def test_scale_multiplies_the_size():
    small = light_of(paint((dot(0, 0, size=8.0, alpha=0.5),), EXTENT, 100, 80, DARK)).sum()
    large = light_of(paint((dot(0, 0, size=4.0, alpha=0.5),), EXTENT, 100, 80, DARK, scale=2.0)).sum()
    assert small == pytest.approx(large, rel=0.01)


def test_dots_over_each_other_get_denser_and_never_wrap_around():
    stack = Points(np.zeros((500, 2), np.float32), "particles", 5.0, 0.3)
    one = light_of(paint((dot(0, 0, size=5.0, alpha=0.3),), EXTENT, 50, 40, DARK)).max()
    many = light_of(paint((stack,), EXTENT, 50, 40, DARK)).max()
    assert many > one
    assert (paint((stack,), EXTENT, 50, 40, DARK)[..., 3] == 255).all()


def test_the_order_of_dots_does_not_matter():
    xy = np.random.default_rng(1).normal(size=(300, 2)).astype(np.float32)
    first = paint((Points(xy, "particles"),), EXTENT, 90, 70, DARK)
    second = paint((Points(xy[::-1], "particles"),), EXTENT, 90, 70, DARK)
    assert np.abs(first.astype(int) - second).max() <= 1


def test_shifting_the_world_by_whole_pixels_shifts_the_picture():
    rng = np.random.default_rng(2)
    xy = rng.normal(size=(50, 2)).astype(np.float32)
    lines = np.cumsum(rng.normal(size=(6, 9, 2)), axis=1).astype(np.float32) * 0.2
    marks = (Points(xy, "particles"), Lines(lines, "trails"), Arrows(xy[:9], xy[9:18] * 0.2, "field"))
    before = paint(marks, (-4.0, 4.0, -4.0, 4.0), 128, 128, DARK)
    after = paint(marks, (-4.5, 3.5, -3.75, 4.25), 128, 128, DARK)
    # 8 world units are 128 pixels: the view moved half a unit left and a quarter up
    assert np.abs(after[4:, 8:].astype(int) - before[:-4, :-8]).max() <= 3
    assert light_of(before).sum() > 0


def test_points_beyond_the_edge_and_lost_points_do_no_harm():
    xy = np.array([[np.nan, 0], [np.inf, 1], [1e9, -1e9], [-5.05, 0.0], [5.0, 4.0]], np.float32)
    lines = np.array([[[0, 0], [1e6, 1e6]], [[np.nan, 0], [1, 1]], [[-1e5, 0], [1e5, 0]]], np.float32)
    marks = (Points(xy, "particles", 9.0), Lines(lines, "trails"), Arrows(xy, xy, "field"))
    picture = paint(marks, EXTENT, 100, 80, DARK)
    light = light_of(picture)
    assert light[38:42].min(axis=1).max() > 0, "the long line crosses the whole picture"
    assert light[40, 0] > 0, "half of the dot at the left edge is in view"


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 4, 1.2, np.pi / 2])
def test_a_lines_brightness_depends_on_neither_angle_nor_segment_length(angle):
    direction = np.array([np.cos(angle), np.sin(angle)])
    sums = []
    for pieces in (1, 7, 300):
        along = np.linspace(-3, 3, pieces + 1)[:, None] * direction
        picture = paint((Lines(along[None], "trails", 1.0, 0.4),), EXTENT, 200, 160, DARK)
        level = opacity_of(picture, DARK, DARK.trails)
        # back to optical depth, which is what adds up along a line
        depth = -np.log1p(-np.clip(level, 0, 0.99))
        sums.append(depth[level > 0].sum() / (120 * -np.log1p(-0.4)))
    assert np.allclose(sums, 1.0, atol=0.1), sums
    assert max(sums) - min(sums) < 0.05


def test_a_line_is_even_along_its_length():
    picture = paint((Lines(np.array([[[-4, -2.1], [4, 1.7]]]), "trails", 1.3, 0.5),), EXTENT, 300, 240, DARK)
    depth = -np.log1p(-np.clip(opacity_of(picture, DARK, DARK.trails), 0, 0.99)).sum(axis=0)[40:-40]
    assert depth.std() / depth.mean() < 0.08


def test_a_trail_fades_along_its_vertices():
    line = Lines(np.array([[[-4.0, 0], [4.0, 0]]]), "trails", 2.0, np.array([0.0, 0.8]))
    level = opacity_of(paint((line,), EXTENT, 200, 160, DARK), DARK, DARK.trails).max(axis=0)
    assert level[25] < 0.1 < 0.5 < level[175]


def test_wide_lines_are_as_wide_as_asked():
    for width in (0.5, 1.0, 2.4, 5.0):
        line = Lines(np.array([[[-4.0, 0.03], [4.0, 0.03]]]), "trails", width, 0.3)
        level = opacity_of(paint((line,), EXTENT, 200, 160, DARK), DARK, DARK.trails)[:, 100]
        depth = -np.log1p(-np.clip(level, 0, 0.99)).sum() / -np.log1p(-0.3)
        assert depth == pytest.approx(width, rel=0.1, abs=0.06)


def test_an_arrow_points_to_its_head():
    arrow = Arrows(np.array([[-3.0, 0.0]]), np.array([[6.0, 0.0]]), "field", 3.0)
    light = light_of(paint((arrow,), EXTENT, 200, 160, DARK))
    breadth = (light > 60).sum(axis=0)
    assert breadth[145:159].max() > 1.5 * breadth[60:120].max()
    assert light[:, 163:].sum() == 0 and light[:, :38].sum() == 0


def test_a_heat_map_is_the_right_way_round():
    values = np.zeros((4, 8), np.float32)
    values[3, 0] = 1.0  # top row, leftmost column
    light = light_of(paint((Heatmap(values, EXTENT),), EXTENT, 80, 64, DARK))
    row, column = np.unravel_index(light.argmax(), light.shape)
    assert row < 16 and column < 10


def test_a_heat_map_lies_where_its_extent_says():
    heat = Heatmap(np.ones((5, 5), np.float32), (0.0, 5.0, 0.0, 4.0))
    light = light_of(paint((heat,), EXTENT, 100, 80, DARK))
    assert (light[:40, 50:] > 0).all() and light[40:].sum() == 0 and light[:, :50].sum() == 0


def test_value_zero_of_a_heat_map_is_the_stage_or_what_lies_beneath():
    nothing = Heatmap(np.zeros((6, 6), np.float32), EXTENT)
    assert light_of(paint((nothing,), EXTENT, 60, 48, LIGHT), LIGHT).sum() == 0
    alone = paint((dot(0, 0),), EXTENT, 60, 48, LIGHT)
    assert np.abs(paint((dot(0, 0), nothing), EXTENT, 60, 48, LIGHT).astype(int) - alone).max() <= 1


def test_a_zoomed_heat_map_agrees_with_interpolation():
    x = np.linspace(0, 1, 64, dtype=np.float32)
    ramp = np.broadcast_to(x, (64, 64))
    whole = paint((Heatmap(ramp, (0, 1, 0, 1)),), (0, 1, 0, 1), 256, 256, DARK)
    part = paint((Heatmap(ramp, (0, 1, 0, 1)),), (0.25, 0.5, 0.25, 0.5), 64, 64, DARK)
    assert np.abs(part.astype(int) - whole[128:192, 64:128]).max() <= 4


def test_dots_can_be_coloured_by_value():
    marks = (Points(np.array([[-3.0, 0], [3.0, 0]]), "heat", 8.0, 0.95, np.array([0.2, 1.0])),)
    light = light_of(paint(marks, EXTENT, 100, 80, DARK))
    assert 0 < light[40, 20] < light[40, 80]


def test_a_given_buffer_is_painted_into():
    out = np.empty((40, 50, 4), np.uint8)
    assert paint((dot(0, 0),), EXTENT, 50, 40, DARK, out=out) is out
    assert np.array_equal(out, paint((dot(0, 0),), EXTENT, 50, 40, DARK))


def test_to_pixels_maps_corners_to_corners():
    corners = to_pixels(np.array([[-5.0, 4.0], [5.0, -4.0]]), EXTENT, 100, 80)
    assert np.allclose(corners, [[0, 0], [100, 80]], atol=1e-4)


def still_points(seed):
    xy = np.random.default_rng(seed).normal(size=(300, 2)).astype(np.float32)
    xy.flags.writeable = False
    return Points(xy, "target")


def test_points_that_stand_still_look_the_same_in_every_picture_of_a_film():
    back = still_points(0)
    first = paint((back, dot(1.0, 2.0)), EXTENT, 100, 80, DARK)
    second = paint((back, dot(-1.0, 2.0)), EXTENT, 100, 80, DARK)
    third = paint((back, dot(1.0, 2.0)), EXTENT, 100, 80, DARK)
    assert (first == third).all() and (first != second).any()


@pytest.mark.parametrize(
    "other",
    [
        lambda back: paint((back,), (-4.0, 4.0, -4.0, 4.0), 100, 80, DARK),
        lambda back: paint((back,), EXTENT, 100, 80, LIGHT),
        lambda back: paint((back,), EXTENT, 100, 80, DARK, scale=2.0),
        lambda back: paint((still_points(1),), EXTENT, 100, 80, DARK),
    ],
    ids=["view", "theme", "scale", "points"],
)
def test_points_that_stand_still_are_painted_anew_for_another(other):
    back = still_points(0)
    before = paint((back,), EXTENT, 100, 80, DARK)
    assert (other(back) != before).any()


def test_a_thread_beside_an_event_loop_gets_its_pauses():
    pauses = []
    paint((still_points(2), dot(0.0, 0.0)), EXTENT, 100, 80, DARK, breathe=lambda: pauses.append(1))
    assert len(pauses) >= 4
