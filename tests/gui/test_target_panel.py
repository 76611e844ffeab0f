"""The two ends of the flow: tabs, swapping, and what happens when their dimensions differ."""

import numpy as np
import pytest
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QLabel

from flowviz.core.backend import Choice
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.ends import Ends
from flowviz.gui.panels.target_browser import TargetBrowser
from flowviz.gui.panels.target_panel import TargetPanel
from flowviz.targets import build

MOONS = TargetSpec("two_moons", {}, {}, "Two moons")
METHODS = (
    Choice("fm", "Flow matching", "", source_need="samples"),
    Choice("cnf", "CNF", "", source_need="density"),
    Choice("jko", "JKO flow", "", source_need="normal"),
)


@pytest.fixture
def panel(qtbot, monkeypatch):
    monkeypatch.setattr(TargetBrowser, "_draw_presets", lambda self: None)  # nobody looks at the gallery's pictures
    panel = TargetPanel(Ends(QUndoStack()))
    panel.show_ends(MOONS, None)
    panel.show_methods(METHODS)
    qtbot.addWidget(panel)
    panel.resize(260, 800)
    panel.show()
    panel.heard = []
    panel._ends.target_changed.connect(lambda spec: panel.heard.append(("target", spec.key)))
    panel._ends.source_changed.connect(lambda spec: panel.heard.append(("source", spec and spec.key)))
    return panel


def pick(panel, side, key, qtbot):
    """Choose a tile as a person does, and wait until it has been heard."""
    panel.tabs.setCurrentIndex(("target", "source").index(side))
    with qtbot.waitSignal(panel._ends.target_changed if side == "target" else panel._ends.source_changed):
        panel.page.gallery.tiles[key].click()


def words(page):
    return " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def test_a_source_is_noise_until_another_is_chosen_and_undo_makes_it_noise_again(panel, qtbot):
    panel.tabs.setCurrentIndex(1)
    assert panel.source.gallery.tiles["noise"].isChecked() and "N(0, I)" in words(panel.source)
    pick(panel, "source", "rings", qtbot)
    assert panel.heard == [("source", "rings")]
    panel._ends.source.undo_stack.undo()
    assert panel.heard[-1] == ("source", None)
    assert panel.source.gallery.tiles["noise"].isChecked()
    pick(panel, "source", "rings", qtbot)
    panel.source.gallery.tiles["noise"].click()
    assert panel.heard[-1] == ("source", None)


def test_swapping_is_one_step_and_twice_changes_nothing(panel, qtbot):
    pick(panel, "source", "rose", qtbot)
    steps = panel._ends.target.undo_stack.count()
    panel.swap.click()
    assert (panel._ends.target.target.key, panel._ends.used_source.key) == ("rose", "two_moons")
    assert panel._ends.target.undo_stack.count() == steps + 1
    assert panel.side == "source"  # the person looks at the same end as before
    panel.swap.click()
    assert (panel._ends.target.target, panel._ends.used_source.key) == (MOONS, "rose")
    panel._ends.target.undo_stack.undo()
    panel._ends.target.undo_stack.undo()
    assert (panel._ends.target.target, panel._ends.used_source.key) == (MOONS, "rose")


@pytest.mark.parametrize("key", ["two_moons", "torus"])
def test_swapping_with_noise_makes_a_standard_gaussian_the_target_and_back(panel, qtbot, key):
    panel.show_ends(TargetSpec(key), None)
    panel.swap.click()
    target = build(panel._ends.target.target)
    np.testing.assert_allclose(target.mean, 0.0)
    np.testing.assert_allclose(target.covariance, np.eye(target.dim), atol=1e-12)
    assert panel._ends.used_source.key == key
    panel.swap.click()
    assert panel._ends.target.target.key == key and panel._ends.used_source is None


def test_a_source_of_another_dimension_waits_until_the_target_has_its_own_again(panel, qtbot):
    pick(panel, "source", "rose", qtbot)
    panel.heard.clear()
    pick(panel, "target", "torus", qtbot)
    assert panel.heard == [("source", None), ("target", "torus")]
    panel.tabs.setCurrentIndex(1)
    assert panel.source.gallery.tiles["noise"].isChecked()
    assert "waits: it has 2 dimensions, and the target has 3" in words(panel.source)
    assert panel.source.gallery.tiles["trefoil"].isVisible() and not panel.source.gallery.tiles["rose"].isVisible()
    panel._ends.target.undo_stack.undo()
    assert panel._ends.used_source.key == "rose" and panel.source.gallery.tiles["rose"].isChecked()


def test_the_source_page_says_which_methods_can_begin_there(panel, qtbot):
    pick(panel, "source", "checkerboard", qtbot)
    said = (
        "As a source it works with Flow matching. CNF needs a density that is known and smooth everywhere. "
        "JKO flow needs Gaussian noise."
    )
    qtbot.waitUntil(lambda: said in words(panel.source), timeout=5000)
    pick(panel, "source", "rose", qtbot)  # a sum of Gaussians: a density that is smooth everywhere
    said = "As a source it works with Flow matching, CNF. JKO flow needs Gaussian noise."
    qtbot.waitUntil(lambda: said in words(panel.source), timeout=5000)
    panel.show_methods(METHODS[:2])
    qtbot.waitUntil(lambda: "Every method can begin here." in words(panel.source), timeout=5000)


def test_each_end_has_a_drawing_of_its_own(panel):
    ends = panel._ends
    ends.source.begin(0.0, 0.0)
    ends.source.move(2.0, 0.0)
    ends.source.end()
    assert ends.used_source.key == "drawing" and ends.target.target == MOONS
    assert ends.target.is_empty and not ends.source.is_empty
    ends.source.undo_stack.undo()
    assert ends.used_source is None and ends.source.is_empty


def test_showing_both_ends_is_silent(panel):
    panel.show_ends(TargetSpec("torus"), TargetSpec("trefoil"))
    assert panel.heard == [] and panel._ends.used_source.key == "trefoil"
    assert panel.target.gallery.tiles["torus"].isChecked()


def test_an_undo_at_the_other_end_shows_that_end(panel, qtbot):
    pick(panel, "source", "rings", qtbot)
    panel.tabs.setCurrentIndex(0)
    panel._ends.source.undo_stack.undo()
    assert panel.side == "source"


def test_ink_that_something_else_took_the_place_of_is_kept_and_comes_back(panel):
    ends = panel._ends
    for paper in (ends.target, ends.source.space):
        paper.begin(0.0, 0.0)
        paper.move(1.0, 1.0)
        paper.end()
    ends.target.choose(MOONS, "Moons")
    ends.source.choose(None, "Noise")
    kept = ends.drawings()
    assert set(kept) == {"target", "source_in_space"} and kept["source_in_space"].ndim == 3
    ends.take_drawings({})
    assert ends.target.is_empty and ends.source.space.is_empty and ends.target.target == MOONS
    ends.take_drawings(kept)
    np.testing.assert_array_equal(ends.source.space.ink, kept["source_in_space"])


def test_drawing_goes_on_at_the_other_end_and_is_done_at_both(panel):
    asked = []
    panel.draw_mode_requested.connect(asked.append)
    panel.target.browser.draw_button.click()
    panel.tabs.setCurrentIndex(1)
    assert panel.source.browser.draw_button.isChecked()
    panel._ends.source.done_requested.emit()
    assert asked == [True, False]
    assert not panel.target.browser.draw_button.isChecked() and not panel.source.browser.draw_button.isChecked()


def test_the_source_page_is_made_when_it_is_first_looked_at_and_knows_all_that_went_before(panel):
    assert panel._source is None, "the window opens sooner without it"
    panel.show_ends(TargetSpec("trefoil", {}, {}, "Trefoil"), None)
    panel.set_draw_mode(True)
    panel.tabs.setCurrentIndex(1)
    assert panel.page is panel.source and panel.source.gallery.dim == 3
    assert panel.source.browser.draw_button.isChecked() and panel.source.gallery.tiles["noise"].isChecked()


def test_a_page_nobody_sees_computes_nothing(qtbot):
    page = TargetPanel(Ends(QUndoStack()))
    qtbot.addWidget(page)
    page.show_ends(MOONS, None)
    assert not page.is_busy()
