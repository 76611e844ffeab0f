import sys

import pytest

from flowviz import __main__, app


@pytest.mark.parametrize(
    ("words", "path", "renderer"),
    [
        ([], "", "auto"),
        (["--renderer", "painter"], "", "painter"),
        (["--renderer=opengl", "a.flowviz"], "a.flowviz", "opengl"),
    ],
)
def test_who_draws_space_is_chosen_before_the_file(monkeypatch, words, path, renderer):
    opened = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr(app, "run_app", lambda *given: opened.append(given) or 0)
    monkeypatch.setattr(sys, "argv", ["flowviz", *words])
    assert __main__.main() == 0
    assert opened == [(path, renderer, None)]


def test_a_renderer_that_is_none_is_told_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["flowviz", "--renderer", "vulkan"])
    assert __main__.main() == 2
    assert capsys.readouterr().err == "flowviz: --renderer is one of auto, painter, opengl.\n"
