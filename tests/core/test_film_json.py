import json

import pytest

from flowviz.core.camera import Camera
from flowviz.core.errors import UserError
from flowviz.core.film import FilmSpec, KeyFrame
from flowviz.core.film_json import film_from_json, film_to_json

RICH = FilmSpec(
    clock="keys",
    repeat="loop",
    width=640,
    height=360,
    scale=1.5,
    frames=90,
    layers=("density",),
    options={"mode": "flow", "particles": 500},
    extent=(-1.0, 1.0, -2.0, 2.0),
    camera=Camera(azimuth=10.0),
    keys=(
        KeyFrame(5, 0.0, ("density",), (-1.0, 1.0, -1.0, 1.0)),
        KeyFrame(9, 1.0, (), None, Camera(span=3.0), "strip"),
    ),
    theme="light",
    background="#ffffff",
    parts=("legend", "curves"),
)


@pytest.mark.parametrize("film", [FilmSpec(), RICH])
def test_a_film_comes_back_from_json(film):
    assert film_from_json(json.loads(json.dumps(film_to_json(film)))) == film


def test_only_what_differs_is_written():
    assert film_to_json(FilmSpec(fps=25)) == {"fps": 25}


def test_what_is_not_named_stays_as_in_the_given_film():
    film = film_from_json({"fps": 12}, RICH)
    assert film.fps == 12 and film.keys == RICH.keys


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"speed": 3}, "no field 'speed'"),
        ({"fps": "thirty"}, "fps"),
        ({"layers": 7}, "layers of a film cannot be 7"),
        ({"keys": [{"t": 1}]}, "keys of a film cannot be"),
        ({"keys": [{"step": 1, "t": 1, "layers": [], "extent": [1, 2]}]}, "four numbers"),
        ({"camera": {"azimuth": "left"}}, "camera"),
        ({"seconds": -1}, "out of range"),
    ],
)
def test_a_wrong_document_is_refused_in_a_sentence(document, word):
    with pytest.raises(UserError, match=word):
        film_from_json(document)
