"""Rounds of reflow in the window: a row each, and each brought back on the stage."""

import dataclasses

import pytest
from scripted import frame

from flowviz.core.events import Finished, FrameReady
from flowviz.core.frames import RoundInfo

ROUNDS = (
    RoundInfo(0, 10, 0.593, 4.63, 32, 2.8, 0.41),
    RoundInfo(1, 20, 0.9996, 2.74, 6, 0.11, 0.4),
    RoundInfo(2, 30, 0.9999, 2.737, 1, 0.04, 0.4),
)


@pytest.fixture
def rectified(window, qtbot, scripted):
    """A window whose run has three rounds."""
    window.run_controller.run_or_pause()
    for step in (5, 10, 20, 25, 30):
        done = sum(entry.step <= step for entry in ROUNDS)
        scripted.say(FrameReady(dataclasses.replace(frame(step), rounds=ROUNDS[:done])))
    scripted.say(Finished(30, 1.0))
    qtbot.waitUntil(lambda: window.run.status == "finished" and len(window.run.reflows) == 3, timeout=5000)
    window.curves.setCurrentWidget(window.curves.rounds)
    return window


def shown(table):
    return [[table.item(row, place).text() for place in range(table.columnCount())] for row in range(table.rowCount())]


def test_every_round_has_a_row_with_the_figures_of_its_paths(rectified):
    page = rectified.curves.rounds
    assert rectified.curves.isTabVisible(rectified.curves.indexOf(page))
    assert shown(page.table) == [
        ["1", "0.593", "4.63", "32", "2.80", "0.41"],
        ["2", "0.9996", "2.74", "6", "0.11", "0.40"],
        ["3", "0.9999", "2.74", "1", "0.040", "0.40"],
    ]
    assert page.table.currentRow() == 2
    assert page.words.text() == (
        "Round 3 learns from the ends of round 2: energy 4.63 → 2.74 since round 1, "
        "and a single Euler step ends within 0.05 of the flow."
    )


def test_choosing_a_round_shows_its_paths_on_the_stage(rectified):
    page = rectified.curves.rounds
    page.table.setCurrentCell(0, 0)
    assert rectified.cursor_state.step == 10 and not rectified.cursor_state.follow_latest
    assert rectified.presenter.frame.step == 10
    assert "32 Euler steps end within 0.05" in page.words.text()
    page.table.setCurrentCell(2, 0)
    assert rectified.cursor_state.step == 30


def test_the_row_follows_the_clock_of_training(rectified):
    page = rectified.curves.rounds
    for step, row in ((5, 0), (10, 0), (20, 1), (25, 2), (30, 2)):
        rectified.playback.show_step(step)
        assert page.table.currentRow() == row, step


def test_a_method_without_rounds_has_no_tab_for_them(window):
    assert not window.curves.isTabVisible(window.curves.indexOf(window.curves.rounds))
