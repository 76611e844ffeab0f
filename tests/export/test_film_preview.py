"""Pictures of a film while it is being chosen, by the real process."""

import time

import numpy as np
from film_runs import SPEC, a_run, small

from flowviz.core.film import FilmJob
from flowviz.engine.film import FilmPainter, render_film
from flowviz.engine.studio import ProcessStudio


def next_picture(preview, seconds=60.0):
    end = time.monotonic() + seconds
    while (found := preview.drain()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def test_a_preview_is_the_films_own_picture_and_what_cannot_be_shown_is_said(tmp_path):
    preview = ProcessStudio().preview(FilmJob(SPEC, a_run().frames, small(), ""))
    try:
        film = small(clock="training", layers=("particles",))
        for index in (0, 11):
            preview.show(film, index / 11)
            assert np.array_equal(next_picture(preview).pixels, FilmPainter(a_run(), film).picture(index))
        preview.show(small(width=1280, height=720), 1.0)
        assert next_picture(preview).pixels.shape == (270, 480, 3)
        preview.show(small(width=100, height=2000), 1.0)
        assert next_picture(preview).pixels.shape == (1280, 64, 3)  # no film is narrower
        preview.show(small(layers=("confetti",)), 1.0)
        assert "confetti" in next_picture(preview).words
        for suffix in (".pdf", ".svg"):
            preview.show(film, 1.0, suffix)
            while not (found := next_picture(preview)).nbytes:
                assert found.pixels is not None, "the picture does not wait for the size"
            assert found.nbytes == render_film(a_run(), film, tmp_path / f"film{suffix}").stat().st_size
    finally:
        preview.close()
