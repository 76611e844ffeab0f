import dataclasses

import numpy as np
import pytest

from flowviz.core.errors import ParameterError
from flowviz.core.frames import Frame
from flowviz.core.queries import CouplingQuery, DensityQuery, FieldQuery, TransportQuery
from flowviz.core.solver import Solver
from flowviz.scene._layer import Moment
from flowviz.scene.layers.density import reference_density
from flowviz.scene.layers.field import grid_points
from flowviz.scene.marks import Arrows, Heatmap, Lines, Points, Words
from flowviz.scene.motion import at_time, trail
from flowviz.scene.options import StageOptions, options_from_mapping, options_to_mapping
from flowviz.scene.resolve import layers, paths_of, queries, query_key, resolve, shown_nfe
from flowviz.scene.smoothing import smooth_density
from flowviz.scene.view import fit_extent, world_extent

EXTENT = (-4.0, 4.0, -4.0, 4.0)
TIMES = np.linspace(0, 1, 9)
ALL = frozenset({"target", "particles", "trails", "density", "field", "grid"})


def frame(n=300, speed=2.0):
    """Every particle moves right at the same speed."""
    start = np.random.default_rng(0).normal(size=(n, 2))
    paths = start + TIMES[:, None, None] * np.array([speed, 0.0])
    return Frame(120, 3.0, "", TIMES, paths.astype(np.float32))


def moment(t=0.5, f=None, **options):
    return Moment(f or FRAME, t, StageOptions(**{"particles": 300, **options}), np.zeros((5, 2)), EXTENT)


FRAME = frame()


def answers_to(m):
    """What a flow that moves everything right at speed 2 answers."""
    result = {}
    for key, query in queries(m).items():
        match query:
            case TransportQuery():
                n = len(query.points) if query.points is not None else query.n
                start = query.points if query.points is not None else np.zeros((n, 2))
                move = (np.array(query.times) - query.times[0])[:, None, None] * np.array([2.0, 0.0])
                result[key] = {"paths": (start + move).astype(np.float32), "times": np.array(query.times), "nfe": 36}
            case DensityQuery():
                result[key] = {"log_density": np.full((query.resolution, query.resolution), -4.0, np.float32)}
            case FieldQuery():
                field = np.broadcast_to(np.array([2.0, 0.0], np.float32), (len(query.times), len(query.points), 2))
                result[key] = {"velocity": field}
    return result


def test_a_field_that_is_zero_says_so_in_words():
    m = moment(layers=frozenset({"field"}))
    (query,) = queries(m).values()
    still = {"velocity": np.zeros((len(query.times), len(query.points), 2), np.float32)}
    (panel,) = resolve(m, {"field": still}).panels
    (mark,) = panel.marks
    assert isinstance(mark, Words) and "nothing moves" in mark.texts[0]


def test_the_number_keys_are_in_the_promised_order():
    assert [(layer.number, key) for key, layer in layers()] == [
        (1, "target"),
        (2, "particles"),
        (3, "trails"),
        (4, "density"),
        (5, "field"),
        (6, "grid"),
        (7, "slice"),
        (8, "anomaly"),
        (9, "coupling"),
        (10, "log_ratio"),
        (11, "closed_form"),
    ]
    keys = [layer.key for _, layer in layers()]
    assert keys == [*"1234567890", "G"], "a layer beyond the number keys has a letter"


def test_a_default_moment_asks_nothing():
    assert queries(moment()) == {}


@pytest.mark.parametrize("direction", ["generate", "encode"])
def test_one_answer_serves_every_t(direction):
    for name in ALL:
        keys = {
            tuple(query_key(q) for q in queries(moment(t, layers=frozenset({name}), direction=direction)).values())
            for t in (0.0, 0.31, 0.77, 1.0)
        }
        assert len(keys) == 1, name


def test_exact_density_asks_only_for_recorded_times():
    asked = [queries(moment(t, layers=frozenset({"density"}), density="exact"))["density"] for t in (0.49, 0.5, 0.52)]
    assert {query.t for query in asked} == {0.5}


def test_particles_and_trails_share_one_question_when_the_solver_differs():
    asked = queries(moment(solver=Solver("euler", 4)))
    assert query_key(asked["particles"]) == query_key(asked["trails"])
    assert np.array_equal(asked["particles"].points, FRAME.paths[0]), "the same noise, another solver"


def test_more_particles_than_recorded_are_asked_for_and_fewer_are_not():
    assert queries(moment(particles=5000))["particles"].start == "noise"
    assert queries(moment(particles=100)) == {}
    (points, *_) = resolve(moment(particles=100, layers=frozenset({"particles"})), {}).marks
    assert len(points.xy) == 100


def test_encoding_starts_from_data_and_runs_backwards_in_time():
    query = queries(moment(direction="encode"))["particles"]
    assert query.start == "data" and query.times[0] == 1.0 and query.times[-1] == 0.0


def test_query_keys_tell_queries_apart():
    field = FieldQuery(np.zeros((3, 2), np.float32), (0.0, 1.0))
    assert query_key(field) == query_key(FieldQuery(np.zeros((3, 2), np.float32), (0.0, 1.0)))
    assert query_key(field) != query_key(FieldQuery(np.ones((3, 2), np.float32), (0.0, 1.0)))
    assert hash(query_key(field)) is not None


@pytest.mark.parametrize("direction", ["generate", "encode"])
def test_every_layer_makes_marks_of_its_answer(direction):
    m = moment(layers=ALL, direction=direction)
    scene = resolve(m, answers_to(m))
    kinds = [type(mark) for mark in scene.marks]
    assert kinds[0] is Heatmap and kinds[-1] is Points
    assert {Heatmap, Points, Lines, Arrows} == set(kinds)


def test_without_answers_the_frame_stands_in_where_it_honestly_can():
    scene = resolve(moment(layers=ALL, solver=Solver("euler", 3)), {})
    kinds = [type(mark) for mark in scene.marks]
    assert kinds == [Heatmap, Points, Lines, Points]  # density, target, trails, particles; no field, no grid


def test_particles_are_interpolated_between_recorded_times():
    (points,) = resolve(moment(0.4321, layers=frozenset({"particles"})), {}).marks
    assert np.allclose(points.xy, FRAME.paths[0] + [2 * 0.4321, 0], atol=1e-5)


def test_particles_walk_back_when_encoding():
    m = moment(0.25, direction="encode", layers=frozenset({"particles"}))
    answers = {"particles": {"paths": FRAME.paths[::-1], "times": TIMES[::-1], "nfe": 8}}
    (points,) = resolve(m, answers).marks
    assert np.allclose(points.xy, FRAME.paths[2], atol=1e-5)
    paths, times = paths_of(m, answers)
    assert np.allclose(at_time(paths, times, 0.25), FRAME.paths[2], atol=1e-5)


def test_a_trail_ends_at_its_particle_and_reaches_back_its_length():
    lines, age = trail(FRAME.paths, TIMES, 0.6, 0.3)
    assert np.allclose(lines[:, -1], at_time(FRAME.paths, TIMES, 0.6), atol=1e-6)
    assert np.allclose(lines[:, 0], at_time(FRAME.paths, TIMES, 0.3), atol=1e-6)
    assert age[0] == pytest.approx(1) and age[-1] == 0 and (np.diff(age) < 0).all()


def test_a_trail_is_short_when_the_particle_has_just_set_off():
    lines, age = trail(FRAME.paths, TIMES, 0.1, 0.3)
    assert np.allclose(lines[:, 0], FRAME.paths[0]) and age[0] == pytest.approx(1 / 3)


def test_a_trail_lies_behind_a_particle_that_goes_back():
    lines, _ = trail(FRAME.paths[::-1], TIMES[::-1], 0.6, 0.3)
    assert np.allclose(lines[:, -1], at_time(FRAME.paths, TIMES, 0.6), atol=1e-6)
    assert np.allclose(lines[:, 0], at_time(FRAME.paths, TIMES, 0.9), atol=1e-6)


def test_the_clock_says_where_it_stands_and_what_a_chosen_solver_costs():
    own, chosen = moment(0.25, particles=900), moment(0.25, solver=Solver("euler", 8))
    for m in (own, chosen):
        assert resolve(m, {}).clock == "t = 0.25   step 120"
    assert resolve(chosen, answers_to(chosen)).clock.endswith("NFE 36")
    assert resolve(own, answers_to(own)).clock == "t = 0.25   step 120"  # in a film it would come and go
    assert shown_nfe({}) is None


def test_the_smoothed_histogram_integrates_to_one_and_sits_where_the_points_are():
    points = np.random.default_rng(3).normal(size=(20000, 2)) * 0.7 + [1.0, -1.0]
    grid = smooth_density(points, EXTENT, 80, 0.12)
    cell = 0.1
    centres = -4 + (np.arange(80) + 0.5) * cell
    assert grid.sum() * cell**2 == pytest.approx(1.0, abs=1e-3)
    assert (grid.sum(axis=0) @ centres) * cell**2 == pytest.approx(1.0, abs=0.02)  # columns are x
    assert (grid.sum(axis=1) @ centres) * cell**2 == pytest.approx(-1.0, abs=0.02)  # rows are y
    exact = 1 / (2 * np.pi * (0.7**2 + 0.12**2))
    assert grid.max() == pytest.approx(exact, rel=0.12)


def test_smoothing_a_single_point_gives_the_gaussian_kernel():
    grid = smooth_density(np.array([[0.05, 0.05]]), EXTENT, 80, 0.4)
    centres = -4 + (np.arange(80) + 0.5) * 0.1
    x, y = np.meshgrid(centres - 0.05, centres - 0.05)
    kernel = np.exp(-(x**2 + y**2) / (2 * 0.4**2)) / (2 * np.pi * 0.4**2)
    assert np.abs(grid - kernel).max() < 0.01 * kernel.max()


def test_the_same_density_has_the_same_colour_at_every_t():
    marks = [resolve(moment(t, layers=frozenset({"density"})), {}).marks[0] for t in (0.0, 0.5, 1.0)]
    peaks = [float(mark.values.max()) for mark in marks]
    assert max(peaks) - min(peaks) < 0.05, "a rigid motion does not change brightness"
    assert reference_density(FRAME, EXTENT) == reference_density(FRAME, EXTENT)


def test_arrows_show_the_direction_of_travel():
    for direction, sign in (("generate", 1), ("encode", -1)):
        m = moment(layers=frozenset({"field"}), direction=direction)
        arrows = [mark for mark in resolve(m, answers_to(m)).marks if isinstance(mark, Arrows)]
        vectors = np.concatenate([mark.vectors for mark in arrows])
        assert len(vectors) == len(grid_points(EXTENT))
        assert (np.sign(vectors[:, 0]) == sign).all() and np.allclose(vectors[:, 1], 0)
        assert np.abs(vectors).max() <= 8 / 22, "no arrow is longer than the grid's spacing"


def test_the_grid_is_square_where_the_journey_starts():
    m = moment(0.0, layers=frozenset({"grid"}))
    others, axes = resolve(m, answers_to(m)).marks
    assert others.paths.shape[0] == 24 and axes.paths.shape[0] == 2
    assert np.allclose(axes.paths[0][:, 0], 0) and np.allclose(axes.paths[1][:, 1], 0)


def test_stage_options_survive_as_plain_values():
    options = StageOptions(density="exact", solver=Solver("euler", 7), particles=50, trail_length=0.1)
    again = options_from_mapping(options_to_mapping(options), options.layers, options.direction)
    assert again == options
    assert options_from_mapping({}) == dataclasses.replace(StageOptions())


@pytest.mark.parametrize("values", [{"colour": 1}, {"density": "guess"}, {"particles": "many"}, {"solver": "verlet"}])
def test_bad_stage_options_are_refused_in_words(values):
    with pytest.raises(ParameterError) as caught:
        options_from_mapping(values)
    assert caught.value.hint


def test_the_world_is_a_square_around_target_and_noise():
    x_low, x_high, y_low, y_high = world_extent(np.array([0.0, 0.0]), np.array([6.0, 1.0]))
    assert x_high - x_low == pytest.approx(y_high - y_low)
    assert x_low < -3.2 and x_high > 6.0 and y_low < -3.2


def test_long_empty_bounds_do_not_take_room():
    points = np.random.default_rng(0).uniform(-2, 2, (500, 2))
    tight = world_extent(np.array([-50.0, -50.0]), np.array([50.0, 50.0]), points)
    assert tight[1] < 4


def test_fitting_keeps_circles_round_and_everything_in_view():
    fitted = fit_extent(EXTENT, 1280, 720)
    assert (fitted[1] - fitted[0]) / (fitted[3] - fitted[2]) == pytest.approx(16 / 9)
    assert fitted[2:] == EXTENT[2:]


def test_the_coupling_draws_a_line_from_source_to_data_for_every_pair_and_says_what_it_costs():
    m = moment(layers=frozenset({"coupling"}))
    query = queries(m)["coupling"]
    assert isinstance(query, CouplingQuery) and query_key(query) == query_key(
        queries(moment(0.9, layers=frozenset({"coupling"})))["coupling"]
    )
    assert resolve(m, {}).marks == ()
    pairs = np.random.default_rng(0).normal(size=(5, 2, 2)).astype(np.float32)
    answer = {"pairs": pairs, "cost": np.array(1.5), "random_cost": np.array(4.0)}
    lines, begins, ends, words = resolve(m, {"coupling": answer}).marks
    assert isinstance(lines, Lines) and isinstance(words, Words)
    assert np.allclose(lines.paths[:, 0], pairs[:, 0]) and np.allclose(lines.paths[:, -1], pairs[:, 1])
    assert np.array_equal(begins.xy, pairs[:, 0]) and np.array_equal(ends.xy, pairs[:, 1])
    assert words.texts == ("mean squared distance of the pairs 1.5, paired at random 4",)
    alike = {**answer, "cost": np.array(4.0)}
    assert resolve(m, {"coupling": alike}).marks[-1].texts == ("mean squared distance of the pairs 4",)
