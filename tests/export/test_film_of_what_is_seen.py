"""A film shows what the stage shows: the runs side by side, the pins with their paths, the loop with its mass."""

from dataclasses import replace

import numpy as np
import pytest
from film_runs import SPEC, a_run, small

from flowviz.core.drawing import Words
from flowviz.core.errors import ParameterError
from flowviz.core.film import Beside, FilmSpec, KeyFrame
from flowviz.core.film_json import film_from_json, film_to_json
from flowviz.core.probes import Loop, Pin
from flowviz.core.queries import LoopQuery, ProbeQuery, TransportQuery
from flowviz.core.spec import FlowSpec
from flowviz.engine.film import Filmed, FilmPainter
from flowviz.scene.marks import Lines

PINS = (Pin(0.5, -0.25, 0.5), Pin(1.0, 1.0, 1.0))
SQUARE = Loop(((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)), 0.0)


class Asker:
    """Answers as a flow that moves everything to the right, and remembers who was asked."""

    def __init__(self):
        self.asked = []

    def answer(self, spec, weights, query):
        self.asked.append((spec.flow.key, type(query)))
        times = np.asarray(query.times)
        points = np.zeros((query.n, 2)) if isinstance(query, TransportQuery) else query.points
        paths = points[None] + (times - getattr(query, "t", 0.0))[:, None, None] * np.array([2.0, 0.0])
        result = {"paths": paths.astype(np.float32), "times": times}
        return result | ({"mass": np.full(len(times), 0.4)} if isinstance(query, LoopQuery) else {})


def painter_of(film, beside=(), name=""):
    painter = FilmPainter(Filmed(SPEC, a_run().frames, beside=beside, name=name), film)
    painter._asker = Asker()
    return painter


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_film_of_compared_runs_has_a_panel_for_each_at_the_same_step(count):
    runs = a_run().frames
    others = tuple(Beside(n, f"other {n}", replace(SPEC, flow=FlowSpec("jko")), runs) for n in range(1, count + 1))
    film = small(clock="training", options={"mode": "compare"}, layers=("particles",))
    painter = painter_of(film, others, "mine")
    for index in (0, film.frame_count - 1):
        scene, step = painter._shot(index).scene, painter.moment_of(index)[0].step
        names = ("mine", *(other.label for other in others))
        assert [(panel.title, panel.note) for panel in scene.panels] == [(name, f"step {step:,}") for name in names]
        texts = [item.text for item in painter.drawing(index).items if isinstance(item, Words)]
        assert [texts.count(name) for name in names] == [1] * len(names)
        assert [text for text in texts if text.startswith("t = ")] == [scene.clock] and "step" not in scene.clock
        assert f"{1 + count} runs on Eight Gaussians" in texts
    assert painter.picture(0).shape == (128, 192, 3)


def test_the_title_is_of_the_stage_mode_that_each_picture_shows():
    other = Beside(1, "other", replace(SPEC, flow=FlowSpec("jko")), a_run().frames)
    modes, titles = ("flow", "compare", "flow"), ("CNF on Eight Gaussians", "2 runs on Eight Gaussians")
    keys = tuple(KeyFrame(0, 0.5 * place, layers=("particles",), mode=mode) for place, mode in enumerate(modes))
    painter = painter_of(
        small(clock="keys", keys=keys, frames=5, layers=("particles",), width=480, height=320), (other,), "mine"
    )
    for index, title in ((0, titles[0]), (2, titles[1]), (4, titles[0])):
        drawing = painter.drawing(index)
        assert drawing.title == title
        assert title in [item.text for item in drawing.items if isinstance(item, Words)]


def test_each_compared_run_is_asked_with_its_own_flow():
    other = Beside(1, "other", replace(SPEC, flow=FlowSpec("jko")), a_run().frames)
    painter = painter_of(small(options={"mode": "compare", "particles": 500}, layers=("particles",)), (other,), "mine")
    painter._shot(3)
    painter._shot(4)
    assert sorted(painter._asker.asked) == [("cnf", TransportQuery), ("jko", TransportQuery)]


def test_pins_and_loop_are_in_every_picture_and_the_mass_stays():
    painter = painter_of(small(pins=PINS, loop=SQUARE, layers=("particles",)))
    for index in (0, 6, painter.total - 1):
        (panel,) = painter._shot(index).scene.panels
        t = painter.moment_of(index)[1]
        colours = [mark.colour for mark in panel.marks if isinstance(mark, Lines)]
        assert "series0" in colours and "series1" in colours
        loop = [mark.paths[0] for mark in panel.marks if isinstance(mark, Lines) and mark.colour == "accent"][-1]
        assert loop[:4].mean(axis=0) == pytest.approx([2 * t, 0.0], abs=1e-5)
        assert [label.text for label in panel.labels] == ["mass 0.400"]
    assert [kind for _, kind in painter._asker.asked] == [ProbeQuery, ProbeQuery, LoopQuery], "asked once for all t"


def test_pins_and_loop_are_pixels_of_stills_as_well():
    film = small(width=640, height=480, clock="still", t=0.5, layers=(), parts=())
    bare = painter_of(film).picture(0).astype(int)
    shown = painter_of(replace(film, pins=PINS[:1], loop=SQUARE)).picture(0).astype(int)
    changed = np.abs(shown - bare).max(axis=2) > 40
    assert changed.sum() > 500


def test_pins_and_loop_go_through_the_command_that_the_window_copies():
    film = FilmSpec(pins=(*PINS, Pin(0.1, 0.2, 0.3, 0.4)), loop=SQUARE)
    assert film_from_json(film_to_json(film)) == film


@pytest.mark.parametrize(
    ("field", "value"),
    [("layers", 3), ("keys", [{"step": "a"}]), ("camera", 3), ("options", 3), ("pins", [[1, 2]]), ("loop", 7)],
)
def test_a_film_that_makes_no_sense_is_refused_by_the_name_of_the_field(field, value):
    with pytest.raises(ParameterError, match=rf"^{field} of a film cannot be .*film dialog copies"):
        film_from_json({field: value})
