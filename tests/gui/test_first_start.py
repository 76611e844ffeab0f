import pytest
from PySide6.QtCore import QPoint, QRect, QSettings, Qt

from flowviz.core.resources import resource
from flowviz.engine.session_file import SessionFiles


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def started(window, qtbot, tmp_path, settings):
    """The window as on its very first start."""
    documents = window.keep_documents(SessionFiles(), tmp_path)
    with qtbot.waitSignal(documents.document.opened, timeout=20000):
        window.first_start.begin(settings)
    return window


def test_the_first_start_shows_a_trained_example_that_moves_already(started, qtbot, settings):
    before = resource("example.flowviz").read_bytes()
    run = started.run
    assert len(run.timeline) > 10 and run.timeline.last.step == 1500
    assert started.cursor_state.flow.playing
    t = started.cursor_state.t
    qtbot.waitUntil(lambda: started.cursor_state.t > t, timeout=5000)
    qtbot.waitUntil(lambda: started.stage.picture.job.frame is not None, timeout=5000)
    assert run.metrics["nll"].last < run.entropy + 0.05, "the example is badly trained"
    assert started.documents.document.path == "" and not started.documents.document.is_dirty
    assert resource("example.flowviz").read_bytes() == before
    started.first_start.tour.end()
    started.first_start.begin(settings)
    assert started.first_start.tour is None, "the tour came twice"


def test_the_tour_has_five_steps_each_beside_what_it_speaks_of(started, qtbot):
    tour = started.first_start.tour
    titles = []
    for _ in range(5):
        titles.append(tour._title.text())
        assert started.rect().contains(tour.geometry()), "the bubble hangs over the edge"
        assert tour._mark.isVisible() and tour.next_button.hasFocus()
        qtbot.waitUntil(lambda: tour._text.height() >= tour._text.heightForWidth(tour._text.width()), timeout=2000)
        qtbot.keyClick(tour.next_button, Qt.Key.Key_Space)
    assert len(set(titles)) == 5
    assert started.first_start.tour is None


def test_the_tour_follows_what_it_speaks_of(started, qtbot):
    tour, stage = started.first_start.tour, started.stage
    before = stage.mapTo(started, QPoint(0, 0))
    started.show_notice("A notice that pushes the stage down.", "")
    qtbot.waitUntil(lambda: stage.mapTo(started, QPoint(0, 0)) != before)

    def fits():
        area = QRect(stage.mapTo(started, QPoint(0, 0)), stage.size())
        return tour._mark.geometry() == area.adjusted(-2, -2, 2, 2) & started.rect()

    qtbot.waitUntil(fits)
    tour.end()


@pytest.mark.parametrize("with_key", [True, False])
def test_the_tour_can_be_skipped_and_brought_back(started, qtbot, with_key):
    tour = started.first_start.tour
    if with_key:
        qtbot.keyClick(tour, Qt.Key.Key_Escape)
    else:
        qtbot.mouseClick(tour.skip_button, Qt.MouseButton.LeftButton)
    assert started.first_start.tour is None
    started.table.actions["tour"].trigger()
    assert started.first_start.tour.number == 0
    started.resize(1024, 700)
    qtbot.waitUntil(lambda: started.rect().contains(started.first_start.tour.geometry()), timeout=3000)
    started.first_start.tour.end()
