"""The blocks of a JKO flow in the window: seen, told, followed through training, edited."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QToolButton
from scripted import blocks, frame

from flowviz.core.block_edits import Drop, Equalise, Refine, Retime, Split
from flowviz.core.events import Failed, Finished, FrameReady, MetricsReady
from flowviz.core.frames import BlockInfo
from flowviz.core.params import ParamField
from flowviz.core.probes import Pin
from flowviz.core.spec import Budget
from flowviz.gui.panels.method import by_group
from flowviz.gui.widgets.block_chart import kl_range
from flowviz.gui.widgets.param_form import ParamForm
from flowviz.scene.block_story import chain_of

ENTROPY = 2.3  # as the scripted engine says


def trained(*costs, steps=None, last_kl=0.1):
    """Trained blocks that move by these W2^2, KL falling from 0.8 in equal ratios."""
    n = len(costs)
    kls = (np.geomspace(0.8, last_kl, n + 1) + ENTROPY).tolist()
    steps = steps or [0.5] * n
    return tuple(
        BlockInfo(i, "trained", steps[i], 1 - (i + 1) / n, 1 - i / n, costs[i], {}, kls[i + 1], kls[i], 0.05)
        for i in range(n)
    )


@pytest.fixture
def jko(window, qtbot, scripted):
    """A window whose JKO run of three blocks is finished."""
    window.draft.set_method("jko")
    window.run_controller.run_or_pause()
    scripted.train(10, blocks=blocks(1))
    scripted.train(20, blocks=trained(0.4, 0.2, 0.1))
    scripted.say(Finished(20, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    return window


def test_the_clocks_get_the_height_that_they_want_when_blocks_appear_above_their_track(window, qtbot, scripted):
    dock = window.layout_of_docks.docks["clocks"]
    before = dock.height()
    window.draft.set_method("jko")
    window.run_controller.run_or_pause()
    scripted.train(10, blocks=blocks(1))
    qtbot.waitUntil(lambda: dock.widget().sizeHint().height() > before, timeout=5000)
    qtbot.waitUntil(lambda: dock.height() == dock.widget().sizeHint().height(), timeout=5000)
    scripted.say(Finished(10, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)


def test_the_tabs_of_blocks_are_there_for_methods_with_blocks_only(window, qtbot):
    pages = (window.curves.jko, window.curves.blocks)
    window.draft.set_method("cnf")
    assert not any(window.curves.isTabVisible(window.curves.indexOf(page)) for page in pages)
    window.draft.set_method("jko")
    assert all(window.curves.isTabVisible(window.curves.indexOf(page)) for page in pages)


@pytest.fixture
def usual_size(qapp):
    yield
    qapp.setProperty("flowvizZoom", None)


def test_all_tabs_fit_without_scrolling_and_every_sentence_begins_at_its_beginning(jko, qtbot, usual_size):
    jko.probes.pin(Pin(0.5, -0.25, 1.0), adds=False)
    bar, page = jko.curves.tabBar(), jko.curves.jko
    jko.resize(1024, 700)
    for zoom in (1.0, 1.25):
        jko.theme.set_zoom(zoom)
        jko.curves.setCurrentWidget(page)
        arrows = bar.findChildren(QToolButton) + jko.mode_bar.tabs.findChildren(QToolButton)
        qtbot.waitUntil(lambda arrows=arrows: not any(arrow.isVisible() for arrow in arrows), timeout=5000)
        qtbot.waitUntil(lambda: page.words.isVisible() and len(page.words.lines()) > 1, timeout=5000)
        seen = {bar.tabText(index) for index in range(bar.count()) if bar.isTabVisible(index)}
        assert seen == {"Loss", "NLL", "W₂", "Inv.", "Paths", "JKO", "Blocks", "Probe"}
        for tabs in (bar, jko.mode_bar.tabs):
            assert tabs.tabRect(tabs.count() - 1).right() <= tabs.width()
        assert jko.layer_bar.loop_button.isVisible()
        lines, words = page.words.lines(), page.words
        assert page.words.text().startswith(lines[0])
        assert page.chart.geometry().bottom() < words.y() and words.geometry().bottom() <= page.rect().bottom()
        assert len(lines) * words.fontMetrics().lineSpacing() <= words.height()


def test_a_sentence_tells_what_the_newest_block_did_and_of_another_when_it_is_chosen(jko, qtbot):
    page = jko.curves.jko
    jko.curves.setCurrentWidget(page)
    assert page.words.text() == (
        "Block 3 of 3 moved the samples by 0.32 and brought KL from 0.20 to 0.10; "
        "an exact step ends at 0.089 or less: undertrained, network too small, or noise of the samples."
    )
    assert page.words.property("warns") is True
    page.chart.setFocus()
    qtbot.keyClick(page.chart, Qt.Key.Key_Left)
    qtbot.keyClick(page.chart, Qt.Key.Key_Left)
    assert page.words.text().startswith("Block 1 of 3 moved the samples by 0.63")
    assert page.chart.accessibleDescription() == page.words.text()
    assert jko.curves.blocks.isVisible() is False
    jko.curves.setCurrentWidget(jko.curves.blocks)
    assert jko.curves.blocks.table.currentRow() == 0, "both pages tell of the same block"


def test_a_click_on_a_bar_chooses_its_block(jko, qtbot):
    page = jko.curves.jko
    jko.curves.setCurrentWidget(page)
    middle = QPointF(page.chart.width() / 2 + 17, 40).toPoint()
    assert page.chart.block_at(middle.x()) == 1
    qtbot.mouseClick(page.chart, Qt.MouseButton.LeftButton, pos=middle)
    assert page.words.text().startswith("Block 2 of 3")
    assert page.chart.block_at(2) is None


def test_the_table_shows_h_distance_kl_bound_and_stop_ratio(jko):
    jko.curves.setCurrentWidget(jko.curves.blocks)
    table = jko.curves.blocks.table
    cells = [table.item(0, place).text() for place in range(6)]
    assert cells == ["● 1", "0.50", "0.40", "0.40", "0.36", "0.050"]


def test_a_block_is_marked_when_it_is_free(jko, qtbot, scripted):
    free = BlockInfo(0, "trained", 0.5, 0.0, 1.0, 0.4, {}, 2.4, 3.1, 0.05, is_free=True)
    scripted.train(30, blocks=(free,))
    jko.curves.setCurrentWidget(jko.curves.blocks)
    table = jko.curves.blocks.table
    qtbot.waitUntil(lambda: table.rowCount() == 1, timeout=5000)
    assert [table.item(0, place).text() for place in (1, 4)] == ["free", "–"]


def test_scrubbing_back_in_training_shows_the_blocks_of_that_frame(jko, qtbot):
    page = jko.curves.jko
    jko.curves.setCurrentWidget(page)
    jko.playback.show_step(10)
    assert [row.info.status for row in page.chart.chain.rows] == ["trained", "training", "waiting"]
    jko.playback.follow(True)
    assert [row.info.status for row in page.chart.chain.rows] == ["trained"] * 3


@pytest.mark.parametrize(("name", "edit"), [("equalise", Equalise(0.5)), ("refine", Refine())])
def test_the_buttons_edit_a_run_that_is_over_and_train_on(jko, qtbot, scripted, name, edit):
    jko.curves.setCurrentWidget(jko.curves.blocks)
    button = getattr(jko.blocks.buttons, name)
    assert button.isEnabled()
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert scripted.handle.calls[-1] == ("extend", Budget(), edit)
    qtbot.waitUntil(lambda: jko.run.status == "running", timeout=5000)
    assert not button.isEnabled()
    assert "Stop the training first." in button.toolTip()


def test_the_form_says_how_far_to_equalise(jko, scripted):
    jko.draft.set_param("eta", 0.25)
    jko.surgery.edit(Equalise())
    assert scripted.handle.calls[-1] == ("extend", Budget(), Equalise(0.25))


def test_an_edit_that_cannot_be_done_is_refused_with_its_reason(window, qtbot, scripted):
    window.draft.set_method("jko")
    window.surgery.edit(Refine())
    assert "It needs a trained block." in window.notice_bar.words
    window.run_controller.run_or_pause()
    scripted.train(1, blocks=blocks(1))
    scripted.say(Finished(1, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished", timeout=5000)
    window.curves.setCurrentWidget(window.blocks)
    assert window.blocks.buttons.refine.isEnabled()
    assert not window.blocks.buttons.equalise.isEnabled(), "one block is equal to itself"


def test_an_edit_that_the_engine_refuses_is_said_and_the_run_stays(jko, qtbot, scripted):
    jko.surgery.edit(Refine())
    scripted.say(Failed(20, "There would be 128 blocks.", "64 are the most."))
    qtbot.waitUntil(jko.error_bar.isVisible, timeout=5000)
    assert jko.error_bar.words == "There would be 128 blocks. 64 are the most."
    assert len(jko.run.timeline) == 2


def test_one_block_is_dropped_by_a_press_and_undo_brings_weights_blocks_and_curves_back(jko, qtbot, scripted):
    jko.curves.setCurrentWidget(jko.curves.blocks)
    view = jko.curves.blocks
    view.table.setCurrentCell(1, 0)
    assert view.surgery.name.text() == "Block 2"
    before = jko.run.timeline.last
    qtbot.mouseClick(view.surgery.buttons["Drop"], Qt.MouseButton.LeftButton)
    assert scripted.handle.calls[-1] == ("extend", Budget(), Drop(1))
    assert jko.history.stack.undoText() == "Drop block 2"
    scripted.train(40, blocks=trained(0.4, 0.15))
    scripted.say(Finished(40, 2.0))
    qtbot.waitUntil(lambda: jko.run.status == "finished" and len(jko.run.blocks) == 2, timeout=5000)
    view.table.setCurrentCell(1, 0)
    assert view.change.text() == "NLL 2.400 → 2.400, W₂² 0.10 → 0.15"
    assert view.change.isVisible()

    jko.history.stack.undo()
    assert [block.w2_squared for block in jko.run.blocks] == [0.4, 0.2, 0.1]
    assert jko.run.step == 20 and jko.run.timeline.last is before and jko.run.status == "finished"
    assert jko.run.metrics["w2"].curve()[0].tolist() == [10, 20]
    assert len(jko.runs.entries) == 1, "it is the same run"
    jko.run_controller.proceed()
    assert scripted.starts[-1][1] == 20 and scripted.starts[-1][0] is before.weights
    scripted.say(Finished(20, 1.0))
    qtbot.waitUntil(lambda: jko.run.status == "finished", timeout=5000)

    jko.history.stack.redo()
    assert len(jko.run.blocks) == 2 and jko.run.step == 40, "what was trained after the edit is not trained twice"
    jko.history.stack.undo()
    jko.surgery.edit(Split(0))
    assert scripted.edits[-1] == Split(0) and scripted.starts[-1][1] == 20, (
        "without a live engine it begins from weights"
    )


def test_a_block_is_given_another_step_in_its_cell(jko, qtbot, scripted):
    jko.curves.setCurrentWidget(jko.curves.blocks)
    view = jko.curves.blocks
    view.table.setCurrentCell(2, 0)
    for typed in ("abc", "0,75"):
        qtbot.mouseClick(view.surgery.buttons["Re-time"], Qt.MouseButton.LeftButton)
        editor = next(editor for editor in view.table.findChildren(QLineEdit) if editor.isVisible())
        editor.setText(typed)
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        QApplication.processEvents()  # the table takes what was typed in its next turn
    assert "A JKO step is a number" in jko.notice_bar.words
    assert scripted.handle.calls == [("extend", Budget(), Retime(2, 0.75))]
    qtbot.waitUntil(lambda: jko.run.status == "running", timeout=5000)
    assert not view.surgery.buttons["Drop"].isEnabled()
    assert "Stop the training first." in view.surgery.buttons["Drop"].toolTip()


def test_the_round_before_stays_as_outlines(jko, qtbot, scripted):
    page = jko.curves.jko
    jko.curves.setCurrentWidget(page)
    assert page.chart.before.rows == ()
    jko.surgery.edit(Equalise())
    scripted.train(30, blocks=trained(0.25, 0.22, 0.2, steps=[0.3, 0.5, 0.9]))
    qtbot.waitUntil(lambda: page.chart.chain.rows[0].info.step_size == 0.3, timeout=5000)
    assert [row.info.w2_squared for row in page.chart.before.rows] == [0.4, 0.2, 0.1]
    jko.playback.show_step(20)
    assert page.chart.before.rows == (), "in the first round there is none before"


def test_the_chart_is_painted_in_both_themes_with_and_without_an_entropy(jko):
    page = jko.curves.jko
    jko.curves.setCurrentWidget(page)
    seen = set()
    for theme in ("light", "dark"):
        jko.theme.choose(theme)
        for entropy in (ENTROPY, None):
            jko.run.entropy = entropy
            page.refresh()
            image = page.chart.grab().toImage()
            seen.add(bytes(image.constBits()))
    assert len(seen) == 4
    assert "entropy" in page.words.toolTip()


def test_the_axis_of_kl_spans_what_was_measured():
    nothing = chain_of((), ENTROPY)
    assert kl_range(nothing, nothing) is None
    low, high = kl_range(chain_of(trained(0.4, 0.2, last_kl=0.01), ENTROPY), nothing)
    assert low < -2
    assert np.log10(0.8) < high < 0.1


def test_the_inversion_error_has_a_tab_for_every_method(window, qtbot, scripted):
    window.draft.set_method("cnf")
    window.run_controller.run_or_pause()
    scripted.train(10, 20)
    scripted.say(MetricsReady(20, {"inversion_error": 3e-6}), MetricsReady(10, {"inversion_error": 1e-6}))
    qtbot.waitUntil(lambda: "inversion_error" in window.run.metrics, timeout=5000)
    page = window.curves.pages["inversion_error"]
    window.curves.setCurrentWidget(page)
    assert [entry.text() for entry in page.entries.values()] == ["Inversion error 3e-6"]
    x, _ = window.run.metrics["inversion_error"].curve()
    assert x.tolist() == [10, 20], "a value of an older step takes its place"


def test_a_frame_without_blocks_leaves_those_that_are_known(jko, qtbot, scripted):
    scripted.say(FrameReady(frame(40)))
    qtbot.waitUntil(lambda: len(jko.run.timeline) == 3, timeout=5000)
    assert len(jko.run.blocks) == 3
    assert jko.run.rounds == []


def test_fields_of_a_group_stand_together_advanced_ones_last_and_a_group_folds(qtbot):
    fields = (
        ParamField("rate", "float", 0.1, label="Rate"),
        ParamField("pool", "int", 3, label="Pool", group="Advanced"),
        ParamField("h", "float", 0.1, label="h", group="JKO steps"),
        ParamField("width", "int", 3, label="Width"),
    )
    ordered = by_group(fields)
    assert [field.name for field in ordered] == ["rate", "width", "h", "pool"]
    form = ParamForm(ordered, folded={"Advanced"})
    qtbot.addWidget(form)
    form.show()
    heads = {head.text(): head for head in form.findChildren(QToolButton, "formHeading")}
    pool, h = form.editor("pool").controls()[0], form.editor("h").controls()[0]
    assert h.isVisible()
    assert not pool.isVisible()
    with qtbot.waitSignal(
        form.group_folded, check_params_cb=lambda group, folded: (group, folded) == ("Advanced", False)
    ):
        qtbot.mouseClick(heads["Advanced"], Qt.MouseButton.LeftButton)
    assert pool.isVisible()
    assert form.values()["pool"] == 3


def test_stretches_of_a_process_are_called_so_and_offer_only_what_they_can(jko, scripted, qtbot):
    stretches = tuple(dataclasses.replace(block, kind="process", losses={"loss": 1.0}) for block in trained(0.4, 0.2))
    scripted.say(FrameReady(frame(30, stretches)))
    qtbot.waitUntil(lambda: len(jko.run.blocks) == 2, timeout=5000)
    curves, view = jko.curves, jko.blocks
    assert curves.tabText(curves.indexOf(curves.jko)) == "KL"
    curves.setCurrentWidget(view)
    assert view.table.horizontalHeaderItem(1).text() == "γ"
    assert view.table.item(0, 1).text() == "0.41"  # log(1 + 0.5)
    assert not view.surgery.isVisible() and not view.buttons.equalise.isVisible()
    assert view.buttons.add.isEnabled()
    assert jko.run.why_no_edit(Refine()) == "A stretch of the process has no JKO step to change."
