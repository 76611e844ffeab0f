"""The window's tests run offscreen, with an engine that follows a script: no torch, no process."""

import gc
import os
import sys
import threading
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QThread, QTimer
from PySide6.QtWidgets import QApplication

QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)


def _threads():
    return {thread for thread in threading.enumerate() if thread is not threading.main_thread()}


@pytest.fixture(autouse=True)
def nothing_is_left_behind(qapp):
    """A test that leaves a window, a thread or a running timer behind fails."""
    windows = set(QApplication.topLevelWidgets())
    threads = _threads()
    yield
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
    gc.collect()
    for thread in _threads() - threads:
        thread.join(30.0)  # what ends by itself is not left behind, though a busy machine takes its time
    left = [w for w in QApplication.topLevelWidgets() if w not in windows and w.isVisible()]
    assert not left, f"windows left behind: {left}"
    for window in set(QApplication.topLevelWidgets()) - windows:
        running = [t for t in window.findChildren(QTimer) if t.isActive()]
        assert not running, f"timers left running: {running}"
        going = [t for t in window.findChildren(QThread) if t.isRunning()]
        assert not going, f"threads left running: {going}"
    alive = {thread for thread in _threads() - threads if not isinstance(thread, threading._DummyThread)}
    assert not alive, f"threads left behind: {alive}"


@pytest.fixture
def scripted(request):
    """A warm scripted engine."""
    from scripted import ScriptedBackend

    return ScriptedBackend()


@pytest.fixture
def window(qapp, qtbot, scripted):
    """The whole window on a scripted engine, already warm."""
    from scripted import NoStudio, destroy

    from flowviz.gui.main_window import MainWindow
    from flowviz.gui.theme.theme import Theme

    theme = Theme(qapp, "dark")
    window = MainWindow(scripted, NoStudio(), theme)
    window.resize(1280, 800)
    window.show()
    qtbot.waitUntil(lambda: window.engine.ready is not None, timeout=5000)
    qtbot.waitUntil(lambda: not window.target_panel.is_busy(), timeout=20000)
    yield window
    destroy(window)


@pytest.fixture(scope="module")
def shared(qapp):
    """One window for all tests of a module that put back what they change; with the engine that it talks to."""
    from scripted import NoStudio, ScriptedBackend, destroy, until

    from flowviz.gui.main_window import MainWindow
    from flowviz.gui.theme.theme import Theme

    backend = ScriptedBackend()
    window = MainWindow(backend, NoStudio(), Theme(qapp, "dark"))
    window.resize(1280, 800)
    window.show()
    until(lambda: window.engine.ready is not None)
    until(lambda: not window.target_panel.is_busy())
    yield window, backend
    destroy(window)


@pytest.fixture
def panel(qtbot):
    """The page of one end of the flow, two moons chosen; it keeps what it has said."""
    from flowviz.core.spec import TargetSpec
    from flowviz.gui.control.draw import DrawController
    from flowviz.gui.panels.target_page import TargetPage

    panel = TargetPage(DrawController())
    panel.set_target(TargetSpec("two_moons", {}, {}, "Two moons"))
    qtbot.addWidget(panel)
    panel.resize(260, 800)
    panel.show()
    panel.heard, panel.notices = [], []
    panel.target_changed.connect(panel.heard.append)
    panel.notice.connect(lambda message, hint: panel.notices.append(f"{message} {hint}"))
    return panel


@pytest.fixture(autouse=True)
def dark_theme_again(qapp):
    """Each test begins without a theme of another."""
    yield
    qapp.setStyleSheet("")
    qapp.setProperty("flowvizTheme", None)
    qapp.setProperty("flowvizZoom", None)
