"""How the window opens: with Python's own import, and with what can wait after its first picture."""

import subprocess
import sys
import time

from PySide6.QtWidgets import QWidget

from flowviz.gui.opening import FirstPaint


def test_python_keeps_its_own_import_when_the_app_brings_qt():
    words = "import builtins; own = builtins.__import__; import flowviz.app; print(builtins.__import__ is own)"
    assert subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout == "True\n"


def test_the_self_test_is_told_when_the_window_was_seen_and_the_engine_ready(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    words = [sys.executable, "-m", "flowviz", "--started", repr(time.time())]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    seen, ready = (float(part.split(" after ")[1].split(" s")[0]) for part in answer.stdout.split(", "))
    assert 0 < seen < ready


def test_a_first_painting_is_told_once_and_not_for_what_is_hidden(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    told = []
    FirstPaint(widget).painted.connect(lambda: told.append(widget.isVisible()))
    widget.repaint()
    assert told == []
    widget.show()
    qtbot.waitUntil(lambda: told == [True])
    widget.hide()
    widget.show()
    widget.repaint()
    qtbot.wait(0)
    assert told == [True]


def test_one_entry_of_a_registry_is_found_without_its_neighbours_and_all_keep_the_order_of_their_files():
    words = (
        "import sys; from flowviz.targets import TARGETS; TARGETS.get('two_moons'); "
        "print('flowviz.targets.rose' in sys.modules); files = [cls.__module__ for _, cls in TARGETS.items()]; "
        "print(files == sorted(files) and len(files) > 20)"
    )
    answer = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\nTrue\n"
