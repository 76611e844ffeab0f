import numpy as np
import pytest
from PySide6.QtCore import Qt
from scripted import until

from flowviz.core.events import Losses, MetricsReady, Started
from flowviz.core.losses import MATCHING, LossTerm
from flowviz.gui.views.traces import traces


@pytest.fixture(scope="module")
def trained(shared):
    window, backend = shared
    window.run_controller.run_or_pause()
    backend.train(10, 20, 30)
    paths = {"straightness": 0.9, "nfe": 64, "energy": 2.5, "least_energy": 2.0, "exact_energy": 2.4, "exact_npe": 0.2}
    backend.say(*(MetricsReady(step, {"npe": 0.5 / step, **paths}) for step in (10, 20, 30)))
    until(lambda: "npe" in window.run.metrics and len(window.run.timeline) == 3)
    window.playback.play(False)
    until(lambda: all(page.plot is not None for page in window.curves.pages.values()))
    return window


@pytest.fixture
def scripted(shared):
    return shared[1]


def front(window, metric):
    page = window.curves.pages[metric]
    window.curves.setCurrentWidget(page)
    window.curves.draw()
    return page


def test_energy_and_straightness_have_a_tab_for_every_method_and_a_sentence(trained):
    page = front(trained, "npe")
    assert set(page.entries) == {"npe", "straightness", "exact_npe"}
    assert page.words.isVisible()
    assert page.words.text().startswith("The particles spend 2 % more energy than an optimal transport")
    assert "NFE 64" in page.words.text()


def test_kinetic_energy_stands_beside_the_least_possible_and_the_closed_form(trained, qtbot):
    page = front(trained, "npe")
    qtbot.mouseClick(page.kind_button, Qt.MouseButton.LeftButton)
    assert set(page.entries) == {"energy", "least_energy", "exact_energy"}
    assert page.plot.bounds["exact_energy"].value() == pytest.approx(2.4)
    assert "spend 2.500 where 2.000 would do; trained exactly, the method spends 2.400" in page.words.text()
    qtbot.mouseClick(page.kind_button, Qt.MouseButton.LeftButton)
    assert "npe" in page.entries and set(page.plot.bounds) == {"exact_npe"}


def test_the_pointer_reads_the_values_of_the_curves(trained):
    page = front(trained, "w2")
    assert page.plot.values_at(20).splitlines() == ["step 20", "W₂ 0.05"]
    assert page.plot.values_at(25).splitlines()[1] == "W₂ 0.04167"
    assert page.plot.values_at(99).splitlines() == ["step 99"]


def test_a_distance_is_drawn_on_a_logarithmic_axis_or_a_linear_one(trained, qtbot):
    page = front(trained, "w2")
    axis = page.plot.plotItem.getAxis("left")
    assert page.log_button.isVisible() and page.log_button.isChecked()
    assert page.plot.band.getRegion()[0] == pytest.approx(-1.30103)  # log10 0.05
    qtbot.mouseClick(page.log_button, Qt.MouseButton.LeftButton)
    assert not page.plot.is_log and not axis.is_log
    assert page.plot.band.getRegion()[0] == pytest.approx(0.05)
    assert axis.tickStrings([0.05], 1.0, 0.05) == ["0.05"]
    qtbot.mouseClick(page.log_button, Qt.MouseButton.LeftButton)
    assert page.plot.is_log
    assert axis.tickStrings([-1.0], 1.0, 1.0) == ["0.1"]


def test_the_sliced_distance_shares_the_tab_of_the_whole_one(trained, scripted, qtbot):
    scripted.say(MetricsReady(20, {"sliced_w2": 0.03}), MetricsReady(30, {"sliced_w2": 0.02}))
    qtbot.waitUntil(lambda: "sliced_w2" in trained.run.metrics, timeout=5000)
    page = front(trained, "w2")
    assert page.kind_button.text() == "SW₂" and set(page.entries) == {"w2", "floor"}
    qtbot.mouseClick(page.kind_button, Qt.MouseButton.LeftButton)
    assert page.kind_button.text() == "W₂" and set(page.entries) == {"sliced_w2", "floor"}
    assert page.entries["sliced_w2"].text() == "Sliced W₂ 0.020"
    qtbot.mouseClick(page.kind_button, Qt.MouseButton.LeftButton)


def test_no_logarithm_is_offered_where_there_is_none(trained, scripted, qtbot):
    scripted.say(MetricsReady(40, {"nll": -0.5}))
    qtbot.waitUntil(lambda: trained.run.metrics["nll"].last == -0.5, timeout=5000)
    page = front(trained, "nll")
    page.set_log(True)
    assert not page.log_button.isVisible() and not page.plot.is_log
    page.set_log(False)


def test_the_axis_of_the_loss_has_the_unit_of_the_methods_own_loss(trained, scripted, qtbot):
    terms = (LossTerm("loss", "matching error", "squared velocity", "How far the field is"), MATCHING)
    scripted.say(Started(trained.run.spec, "CPU, 1 thread", 99, 40, terms=terms))
    qtbot.waitUntil(lambda: trained.run.terms == terms, timeout=5000)
    page = front(trained, "")
    assert page.plot.plotItem.getAxis("left").labelText == "squared velocity"
    assert page.entries["loss"].text().startswith("matching error ")
    assert page.entries["loss"].isChecked() and not page.entries["nll"].isChecked()  # whose unit is another
    assert page.entries["loss"].toolTip().startswith("How far the field is, in squared velocity.")


def test_a_term_of_the_loss_keeps_its_colour_whichever_came_first(trained, scripted, qtbot):
    terms = tuple(LossTerm(name, name, "nats") for name in ("loss", "nll", "energy"))
    scripted.say(Started(trained.run.spec, "CPU, 1 thread", 99, 40, terms=terms))
    qtbot.waitUntil(lambda: trained.run.terms == terms, timeout=5000)
    run, page = trained.run, front(trained, "")
    tokens = trained.theme.tokens
    colours = {trace.key: trace.colour for trace in traces(page.kind, run, tokens)}
    assert len(colours) > 1
    run.losses = dict(reversed(run.losses.items()))  # files have them by name
    assert {trace.key: trace.colour for trace in traces(page.kind, run, tokens)} == colours


def test_a_loss_that_is_another_quantity_is_no_curve_of_the_same_axis(trained, scripted, qtbot):
    terms = (LossTerm("loss", "loss", "squared velocity"),)
    scripted.say(Started(trained.run.spec, "CPU, 1 thread", 99, 40, terms=terms))
    qtbot.waitUntil(lambda: trained.run.terms == terms, timeout=5000)
    for label, unit, is_drawn in (("loss", "squared velocity", True), ("loss", "nats", False), ("F", "nats", False)):
        trained.run_controller.restart()
        scripted.say(Started(trained.run.spec, "CPU, 1 thread", 99, 0, terms=(LossTerm("loss", label, unit),)))
        scripted.say(Losses(np.array([1, 2]), {"loss": np.array([3.0, 2.0])}, "", 100.0, 0.5, 10.0))
        qtbot.waitUntil(lambda: "loss" in trained.run.losses, timeout=5000)
        assert ("run 1" in front(trained, "").entries) == is_drawn
