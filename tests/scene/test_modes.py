from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from flowviz.core.frames import BlockInfo, Frame
from flowviz.core.probes import Loop, Pin, Probes
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.scene._directions import flat
from flowviz.scene._layer import Companion, Moment
from flowviz.scene.marks import Heatmap, Lines, Points
from flowviz.scene.options import StageOptions, options_from_mapping, options_to_mapping
from flowviz.scene.painter import paint
from flowviz.scene.panels import Panel, boxes, view_of
from flowviz.scene.resolve import clock_words, modes, queries, resolve
from flowviz.scene.smoothing import smooth_columns
from flowviz.scene.tokens import DARK
from flowviz.scene.view import Gaze

EXTENT = (-4.0, 4.0, -4.0, 4.0)
TIMES = np.linspace(0, 1, 9)
LAYERS = frozenset({"target", "particles", "trails", "density"})


def moment(mode, t=0.5, n=300, spread=1.0, shift=2.0, blocks=(), **options):
    """N(0, I) that moves right by `shift` and is scaled by `spread` on the way."""
    start = np.random.default_rng(0).normal(size=(n, 2))
    scale = 1 + TIMES[:, None, None] * (spread - 1)
    paths = (start * scale + TIMES[:, None, None] * np.array([shift, 0.0])).astype(np.float32)
    options = StageOptions(layers=LAYERS, mode=mode, particles=n, trails=20, **options)
    return Moment(Frame(10, 1.0, "", TIMES, paths, blocks=blocks), t, options, np.zeros((5, 2)), EXTENT)


@pytest.mark.parametrize("mode", [key for key, _ in modes()])
def test_the_panels_of_every_mode_fill_the_picture_without_overlap(mode):
    panels = resolve(moment(mode), {}).panels
    assert sum(panel.place[2] * panel.place[3] for panel in panels) == pytest.approx(1.0)
    covered = np.zeros((200, 300), int)
    for x, y, width, height in boxes(panels, 300, 200):
        covered[y : y + height, x : x + width] += 1
    assert covered.max() == 1
    assert covered.mean() > 0.98
    assert len({panel.key for panel in panels}) == len(panels)


def test_a_journey_begins_at_the_source_and_ends_at_the_target():
    places = {}
    for t in (0.0, 0.5, 1.0):
        m = moment("journey", t)
        (panel,) = resolve(m, {}).panels
        points = [mark for mark in panel.marks if isinstance(mark, Points)]
        source, target, here = points
        places[t] = here.xy
    half = (places[0.5][:, 0] - m.frame.paths[4, :, 0]).mean()
    assert half == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(places[0.0], source.xy, atol=1e-5)
    apart = target.xy[0, 0] - m.target_points[0, 0]
    np.testing.assert_allclose(places[1.0][:, 0], m.frame.paths[-1, :, 0] + apart, atol=1e-5)
    assert (places[1.0][:, 0] > places[0.0][:, 0]).all()


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_a_strip_shows_the_marginal_along_its_direction(angle):
    m = moment("strip", t=0.5, n=20_000, spread=0.5, shift=2.0, angle=angle)
    strip, marginal = resolve(m, {}).panels
    (curve,) = [mark.paths[0] for mark in marginal.marks if isinstance(mark, Lines) and mark.colour == "particles"]
    density, places = curve.T
    law = norm(np.cos(np.deg2rad(angle)), 0.75)
    np.testing.assert_allclose(density, law.pdf(places), atol=0.05)
    assert np.trapezoid(density, places) == pytest.approx(1.0, abs=0.01)
    (heat,) = [mark for mark in strip.marks if isinstance(mark, Heatmap)]
    middle = heat.values[:, heat.values.shape[1] // 2]
    assert places[np.argmax(middle)] == pytest.approx(law.mean(), abs=0.25)


def test_a_strip_marks_the_blocks_and_where_the_clock_stands():
    blocks = tuple(BlockInfo(i, "trained", 0.5, t, t + 0.5) for i, t in enumerate((0.5, 0.0)))
    m = moment("strip", t=0.25, blocks=blocks)
    strip, _ = resolve(m, {}).panels
    edges = next(mark for mark in strip.marks if isinstance(mark, Lines) and mark.colour == "grid")
    assert edges.paths[:, 0, 0].tolist() == [0.0, 0.5, 1.0]
    clock = next(mark for mark in strip.marks if isinstance(mark, Lines) and mark.colour == "accent")
    assert clock.paths[0, :, 0].tolist() == [0.25, 0.25]
    assert {label.text: label.x for label in strip.labels} == {"block 1": 0.75, "block 2": 0.25}


def test_four_panels_show_the_same_plane_and_follow_one_gaze():
    panels = resolve(moment("four_up"), {}).panels
    assert [panel.title for panel in panels] == ["Target", "Density", "Samples", "Velocity field"]
    gazes = {"plane": Gaze(zoom=2.0, shift=(1.0, 0.0))}
    views = {view_of(panel, 100, 100, gazes) for panel in panels}
    assert views == {(-1.0, 3.0, -2.0, 2.0)}


@pytest.mark.parametrize("mode", [key for key, _ in modes()])
def test_every_mode_shows_flows_in_space_too(mode):
    m = moment(mode)
    paths = np.concatenate([m.frame.paths, m.frame.paths[..., :1]], axis=-1)
    volume = ((-4.0, -4.0, -4.0), (4.0, 4.0, 4.0))
    m = replace(m, frame=replace(m.frame, paths=paths), target_points=np.zeros((5, 3)), volume=volume)
    for panel in resolve(m, {}).panels:
        assert panel.marks
        paint(panel.marks, view_of(panel, 80, 60, {}), 80, 60, DARK)


def test_coming_nearer_keeps_the_point_under_the_pointer():
    home = (-4.0, 4.0, -2.0, 2.0)
    gaze = Gaze().moved(0.5, 0.25)
    near = gaze.nearer(3.0, home, 1.0, -1.0)

    def share(view):
        return (1.0 - view[0]) / (view[1] - view[0]), (-1.0 - view[2]) / (view[3] - view[2])

    assert share(near.extent(home)) == pytest.approx(share(gaze.extent(home)))
    assert near.zoom == pytest.approx(3.0)
    assert near.nearer(1e9, home, 0, 0).zoom == pytest.approx(500)


def test_axes_take_their_room_from_the_panel_and_unequal_panels_are_stretched():
    axes, bare = (Panel("a", (), EXTENT, axes=shown) for shown in (True, False))
    assert boxes([axes], 300, 200, (36, 24, 30)) == [(36, 0, 264, 176)]
    assert boxes([bare], 300, 200, (36, 24, 30)) == [(0, 0, 300, 200)]
    assert view_of(axes, 200, 100, {}) == (-8.0, 8.0, -4.0, 4.0)
    assert view_of(Panel("s", (), EXTENT, is_square=False), 200, 100, {}) == EXTENT


def test_several_panels_leave_a_row_above_them_for_title_and_clock():
    places = (("a", (0, 0, 1, 0.5)), ("b", (0, 0.5, 1, 0.5)))
    two = [Panel(key, (), EXTENT, place=place) for key, place in places]
    assert boxes(two, 300, 230, (36, 24, 30)) == [(36, 31, 264, 75), (36, 131, 264, 75)]


def test_smoothed_columns_are_densities():
    values = np.random.default_rng(1).normal([[0.0], [2.0]], [[1.0], [0.5]], (2, 40_000))
    columns = smooth_columns(values, (-6.0, 6.0), 240)
    at = -6 + (np.arange(240) + 0.5) * 0.05
    np.testing.assert_allclose(columns[0], norm(0, 1).pdf(at), atol=0.02)
    np.testing.assert_allclose(columns[1], norm(2, 0.5).pdf(at), atol=0.04)
    np.testing.assert_allclose(columns.sum(axis=1) * 0.05, 1, atol=1e-3)


def test_mode_and_direction_survive_the_way_to_a_film():
    options = StageOptions(mode="strip", angle=45.0)
    assert options_from_mapping(options_to_mapping(options)) == options


def companion(number, shift, step=20):
    frame = replace(moment("compare", shift=shift).frame, step=step)
    return Companion(number, f"Run {number} · CNF", frame, RunSpec(TargetSpec("rings"), FlowSpec("cnf"), seed=number))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_runs_are_compared_side_by_side_from_one_place_at_one_time(count):
    others = tuple(companion(number, 3.0 + number) for number in range(1, count + 1))
    shown = replace(moment("compare"), name="Run 9 · JKO flow", companions=others)
    scene = resolve(shown, {})
    panels = scene.panels
    assert scene.clock == ("t = 0.50" if count else clock_words(shown)), "each step is said once"
    assert len(panels) == min(4, 1 + count)
    assert sum(panel.place[2] * panel.place[3] for panel in panels) == pytest.approx(1.0)
    assert {panel.link for panel in panels} == {"plane"} and {panel.view for panel in panels} == {EXTENT}
    assert resolve(replace(moment("compare")), {}).panels[0].labels == (), "a film has nothing to press"
    words = ("Run 9 · JKO flow", "step 10") if count else ("", "")  # alone they'd stand under the stage's own title
    assert (panels[0].title, panels[0].note) == words and bool(panels[0].labels) == (count == 0)
    for panel, other in zip(panels[1:], others, strict=False):
        assert (panel.title, panel.note) == (other.label, "step 20") and not panel.is_probed
        (dots,) = [mark for mark in panel.marks if isinstance(mark, Points) and len(mark.xy) == 300]
        np.testing.assert_allclose(dots.xy, other.frame.paths[4], atol=1e-6)


def test_each_compared_run_is_asked_with_its_own_seed_and_gets_its_own_answer():
    shown = replace(moment("compare"), companions=(companion(3, 4.0),), seed=8)
    shown = replace(shown, options=replace(shown.options, particles=500, layers=frozenset({"particles"})))
    asked = queries(shown)
    assert asked["particles"].seed == 8 and asked["run 3/particles"].seed == 3
    answers = {"run 3/particles": {"paths": np.full((9, 500, 2), 1.5, np.float32), "times": TIMES}}
    ours, theirs = resolve(shown, answers).panels
    assert ours.marks[0].xy.shape == (300, 2) and np.all(theirs.marks[0].xy == 1.5)


def in_space(mode, **options):
    """N(0, I) that moves by 2 along z."""
    start = np.random.default_rng(0).normal(size=(400, 3))
    paths = (start + TIMES[:, None, None] * np.array([0.0, 0.0, 2.0])).astype(np.float32)
    options = StageOptions(layers=LAYERS, mode=mode, particles=400, trails=20, **options)
    volume = ((-4.0, -4.0, -4.0), (4.0, 4.0, 4.0))
    return Moment(Frame(10, 1.0, "", TIMES, paths), 1.0, options, np.zeros((5, 3)), EXTENT, volume)


@pytest.mark.parametrize(("options", "moved"), [({}, 0.0), ({"rise": 90.0}, 2.0), ({"rise": 30.0, "angle": 40.0}, 1.0)])
def test_the_strip_of_a_flow_in_space_is_along_a_direction_that_can_be_turned_anywhere(options, moved):
    strip, marginal = resolve(in_space("strip", **options), {}).panels
    line = next(mark for mark in marginal.marks if isinstance(mark, Lines) and mark.colour == "particles").paths[0]
    assert np.average(line[:, 1], weights=line[:, 0]) == pytest.approx(moved, abs=0.15)
    assert "z" in strip.title if options == {"rise": 90.0} else "Marginal" in strip.title


@pytest.mark.parametrize(("options", "words"), [({}, "right x, up y"), ({"rise": 90.0}, "right x, up z")])
def test_the_journey_of_a_flow_in_space_shows_two_axes_and_names_them(options, words):
    (panel,) = resolve(in_space("journey", **options), {}).panels
    dots = [mark.xy for mark in panel.marks if isinstance(mark, Points)][-1]
    start = in_space("journey").frame.paths[0]
    expected = start[:, 1] if not options else start[:, 2] + 2
    assert dots[:, 1] == pytest.approx(expected, abs=1e-5)
    assert any(words in label.text for label in panel.labels)


def test_the_two_directions_of_a_journey_stand_at_a_right_angle_however_they_are_turned():
    for angle, rise in [(0, 0), (35, 70), (120, 10)]:
        axes = flat(in_space("journey", angle=float(angle), rise=float(rise)))
        assert axes.T @ axes == pytest.approx(np.eye(2), abs=1e-6)


SQUARE = Loop(((-1.0, -0.5), (1.0, -0.5), (1.0, 0.5), (-1.0, 0.5)), 0.0)


def carried(shift, growth=0.0):
    """What is known of the square where it moves to the right and grows on the way; its mass stays."""
    corners = np.array(SQUARE.points) * (1 + growth * TIMES)[:, None, None] + TIMES[:, None, None] * [shift, 0.0]
    return {"loop": {"paths": corners.astype(np.float32), "times": TIMES, "mass": np.full(len(TIMES), 0.4)}}


@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
def test_a_journey_shows_the_loop_on_its_place_and_where_it_begins_and_ends(t):
    m = replace(moment("journey", t=t), probes=Probes(loop=SQUARE))
    panel = resolve(m, carried(2.0)).panels[0]
    ends, here = [mark for mark in panel.marks if isinstance(mark, Lines) and mark.colour == "accent"]
    source, target = (next(label.x for label in panel.labels if words in label.text) for words in ("source", "target"))
    assert len(here.paths) == 1 and (here.paths[0][0] == here.paths[0][-1]).all(), "closed"
    middle = here.paths[0][:-1].mean(axis=0)
    assert middle == pytest.approx([source + t * (target - source) + 2.0 * t, 0.0], abs=1e-4)
    begin, end = ends.paths[:, :-1].mean(axis=1)
    assert (begin[0], end[0]) == pytest.approx((source, target + 2.0), abs=1e-4)
    assert "mass 0.400" in [label.text for label in panel.labels]


@pytest.mark.parametrize(("angle", "half"), [(0.0, 1.0), (90.0, 0.5)])
def test_a_strip_shows_between_which_values_the_loop_lies(angle, half):
    m = replace(moment("strip", t=0.5, angle=angle), probes=Probes(loop=SQUARE))
    panel = resolve(m, carried(2.0, growth=1.0)).panels[0]
    _clock, edges, now = [mark.paths for mark in panel.marks if isinstance(mark, Lines) and mark.colour == "accent"]
    centre = 2.0 * TIMES * np.cos(np.deg2rad(angle))
    for line, side in zip(edges, (-1, 1), strict=True):
        assert line[:, 0] == pytest.approx(TIMES)
        assert line[:, 1] == pytest.approx(centre + side * half * (1 + TIMES), abs=1e-5)
    middle = 1.0 * np.cos(np.deg2rad(angle))
    assert now[0] == pytest.approx(np.array([[0.5, middle - 1.5 * half], [0.5, middle + 1.5 * half]]), abs=1e-5)
    assert "loop: mass 0.400" in [label.text for label in panel.labels], "not the mass of the interval"


@pytest.mark.parametrize("mode", ["journey", "strip"])
def test_before_the_flow_has_answered_a_loop_is_seen_at_its_own_time_only(mode):
    def loops(t):
        m = replace(moment(mode, t=t), probes=Probes(loop=replace(SQUARE, t=0.5)))
        wide = [mark for mark in resolve(m, {}).panels[0].marks if isinstance(mark, Lines) and mark.colour == "accent"]
        return len(wide) - (mode == "strip")  # whose clock is a line, too

    assert loops(0.5) == 2 and loops(0.25) == 0


@pytest.mark.parametrize("mode", ["journey", "strip"])
def test_a_pin_is_followed_through_journey_and_strip(mode):
    m = replace(moment(mode, t=0.5), probes=Probes(pins=(Pin(0.5, 0.25, 0.0),)))
    path = np.array([[0.5, 0.25]]) + TIMES[:, None] * np.array([2.0, 0.0])
    panel = resolve(m, {"pin 0": {"paths": path[:, None].astype(np.float32), "times": TIMES}}).panels[0]
    line, dot = (
        next(mark for mark in panel.marks if isinstance(mark, kind) and mark.colour == "series0")
        for kind in (Lines, Points)
    )
    if mode == "strip":
        assert line.paths[0][:, 0] == pytest.approx(TIMES) and line.paths[0][:, 1] == pytest.approx(path[:, 0])
    assert line.paths[0][len(TIMES) // 2] == pytest.approx(dot.xy[0], abs=1e-5), "the dot stands where t is"
