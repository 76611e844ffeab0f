"""Grid densities are exact; strokes are density."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import build
from flowviz.targets._grid import GridDensity
from flowviz.targets._strokes import TOOLS, Stroke, rasterise, rasterise_onto

EXTENT = (-1.0, 3.0, 0.0, 2.0)


def _line(tool="brush", seconds=0.01, **kwargs) -> Stroke:
    points = np.array([[-2 + 0.1 * i, 0.5 * math.sin(i / 5), seconds] for i in range(40)])
    return Stroke(tool, points, **kwargs)


def test_a_uniform_grid_has_the_log_of_its_area_as_entropy():
    grid = GridDensity(np.full((3, 5), 7.0), EXTENT)
    assert grid.entropy() == pytest.approx(math.log(8))
    assert grid.log_density(np.array([[0.0, 1.0], [2.9, 0.1]])) == pytest.approx(-math.log(8))


def test_row_zero_lies_at_the_bottom():
    grid = GridDensity(np.array([[1.0, 0.0], [0.0, 0.0]]), EXTENT)
    assert grid.bounds()[0] == pytest.approx([-1, 0]) and grid.bounds()[1] == pytest.approx([1, 1])
    assert grid.log_density(np.array([[0.0, 0.5]])) == pytest.approx(-math.log(2))
    x = grid.sample(100, np.random.default_rng(0))
    assert (x >= grid.bounds()[0]).all() and (x <= grid.bounds()[1]).all()


def test_outside_and_in_empty_cells_there_is_no_density():
    grid = GridDensity(np.array([[1.0, 0.0]]), EXTENT)
    points = np.array([[2.0, 1.0], [-1.5, 1.0], [0.0, 2.5], [np.nan, 1.0], [np.inf, 1.0]])
    assert np.isneginf(grid.log_density(points)).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_cells_are_drawn_by_their_mass(rows, columns, seed):
    rng = np.random.default_rng(seed)
    density = rng.random((rows, columns)) ** 3 * (rng.random((rows, columns)) < 0.7)
    density[0, 0] += 0.1
    grid = GridDensity(density, EXTENT)
    x = grid.sample(20_000, rng)
    counts, _, _ = np.histogram2d(x[:, 1], x[:, 0], bins=(rows, columns), range=[EXTENT[2:], EXTENT[:2]])
    shares = density / density.sum()
    assert np.abs(counts / 20_000 - shares).max() < 0.02
    assert (counts[density == 0] == 0).all()
    cell = 8 / (rows * columns)
    assert np.exp(grid.log_density(_centres(rows, columns))).sum() * cell == pytest.approx(1.0)
    logs = grid.log_density(x)
    held = shares[shares > 0]
    surprise = -np.log(held / cell)  # its deviation under the law: of the draws, a rare cell may have none
    deviation = np.sqrt(held @ (surprise - held @ surprise) ** 2)
    assert -logs.mean() == pytest.approx(grid.entropy(), abs=6 * deviation / 141 + 1e-9)


def _centres(rows, columns):
    xs = EXTENT[0] + 4 * (np.arange(columns) + 0.5) / columns
    ys = EXTENT[2] + 2 * (np.arange(rows) + 0.5) / rows
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2)), -np.ones((2, 2)), np.full((2, 2), np.nan), np.ones(3), np.ones((0, 2))]
)
def test_a_grid_without_mass_is_refused(bad):
    with pytest.raises(ValueError):
        GridDensity(bad)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_stroke_drawn_piece_by_piece_is_the_stroke_drawn_at_once(tool):
    base = rasterise([_line(size=1.0)])
    whole, pieces = base.copy(), base.copy()
    stroke = _line(tool, size=0.6, seed=5)
    rasterise_onto(whole, stroke)
    for end in range(1, 41):
        part = Stroke(tool, stroke.points[:end], stroke.size, stroke.softness, stroke.seed)
        rasterise_onto(pieces, part, first=end - 1)
    np.testing.assert_array_equal(whole, pieces)


def test_pressing_longer_is_denser_and_no_wider():
    quick, slow = (rasterise([Stroke("brush", np.array([[0.0, 0.0, s]]), 0.5)]) for s in (0.0, 2.0))
    assert slow.sum() > 4 * quick.sum()
    np.testing.assert_array_equal(slow > 0, quick > 0)


def test_a_click_is_a_round_dot_of_the_brush_size():
    grid = rasterise([Stroke("brush", np.array([[1.0, -1.0, 0.0]]), 0.5, 0.0)])
    density = GridDensity(grid)
    low, high = density.bounds()
    assert (low + high) / 2 == pytest.approx([1.0, -1.0], abs=0.04)
    assert high - low == pytest.approx([0.5, 0.5], abs=0.1)


def test_the_thinnest_brush_still_leaves_ink_anywhere():
    rng = np.random.default_rng(0)
    for place in rng.uniform(-3.9, 3.9, (50, 2)):
        assert rasterise([Stroke("brush", np.array([[*place, 0.0]]), 0.001)]).sum() > 0


def test_softer_brushes_fade_towards_the_edge():
    hard, soft = (rasterise([Stroke("brush", np.zeros((1, 3)), 2.0, s)]) for s in (0.0, 1.0))
    assert np.ptp(hard[hard > 0.9 * hard.max()]) < 0.1
    assert (soft > 0.9 * soft.max()).sum() < 0.4 * (hard > 0.9 * hard.max()).sum()


def test_one_pass_of_the_brush_leaves_about_one_wherever_it_went():
    grid = rasterise([Stroke("brush", np.array([[-3.0, 0.0, 0.0], [3.0, 0.0, 0.0]]), 0.5, 0.0)])
    middle = grid[128, 64:192]
    assert 0.6 < middle.mean() < 1.4 and np.ptp(middle) < 0.5


def test_the_eraser_takes_all_ink_where_it_passed_and_none_elsewhere():
    before = rasterise([_line(size=1.0)])
    after = before.copy()
    rasterise_onto(after, Stroke("eraser", np.array([[-3.0, 0.0, 0.3], [0.0, 0.0, 0.3], [0.0, 0.0, 2.0]]), 1.0, 0.2))
    assert (after <= before).all()
    assert after[128, 64:128].max() == 0
    np.testing.assert_array_equal(after[:, 150:], before[:, 150:])


def test_spray_depends_on_its_seed_only():
    one, same, other = (rasterise([_line("spray", size=1.0, seed=s)]) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    brush = rasterise([_line("brush", size=1.3)])
    assert (brush[one > 0] > 0).mean() > 0.98


@pytest.mark.parametrize("tool", TOOLS)
def test_strokes_beyond_the_edge_do_no_harm(tool):
    points = np.array([[-9.0, 0.0, 0.1], [9.0, 7.0, 0.1], [50.0, 50.0, 0.1]])
    grid = rasterise([Stroke(tool, points, 0.5)])
    assert np.isfinite(grid).all() and (grid >= 0).all()


def test_no_strokes_leave_an_empty_drawing_that_says_so():
    with pytest.raises(UserError, match=r"The drawing is empty\. Draw at least one stroke"):
        build(TargetSpec("drawing", {}, {"density": rasterise([]).astype(np.float32)}))
    with pytest.raises(UserError, match="no pixels"):
        build(TargetSpec("drawing"))


def test_draws_follow_the_stroke():
    spec = TargetSpec("drawing", {}, {"density": rasterise([_line(size=0.3)]).astype(np.float32)})
    x = build(spec).sample(5000, np.random.default_rng(0))
    expected = 0.5 * np.sin((x[:, 0] + 2) / 0.5)
    assert np.abs(x[:, 1] - expected).mean() < 0.15
