"""Work beside the window ends with it."""

import threading

from flowviz.gui.control import background as background_module
from flowviz.gui.control.background import Background


def test_a_closing_window_waits_for_what_is_nearly_done_and_hears_nothing_of_it(qtbot):
    background, begun, heard = Background(), threading.Event(), []

    def work():
        begun.set()
        while background.is_busy:  # until it is stopped
            pass
        return "done"

    background.submit(work, heard.append)
    (thread,) = background._threads
    assert begun.wait(5)
    background.stop()
    assert not thread.is_alive() and not background.is_busy
    background._deliver()
    background.submit(lambda: "late", heard.append)
    assert not background._threads and not background.is_busy, "nothing begins after the end"
    assert heard == []


def test_a_closing_window_does_not_wait_for_what_takes_long(qtbot, monkeypatch):
    monkeypatch.setattr(background_module, "_PATIENCE_S", 0.05)
    background, release = Background(), threading.Event()
    background.submit(lambda: release.wait(10), lambda _: None)
    (thread,) = background._threads
    background.stop()
    assert thread.is_alive()
    release.set()
    thread.join(5)
