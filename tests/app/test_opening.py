"""How the window opens: with Python's own import, and with what can wait after its first picture."""

import os
import subprocess
import sys
import time

import pytest
from PySide6.QtWidgets import QWidget

from flowviz.gui.opening import FirstPaint
from flowviz.gui.theme.theme import Theme, current_tokens, style_sheet

SEEN_FIRST = """
import sys
import flowviz.gui.plain_imports
from flowviz.app import open_window
from flowviz.gui.application import Application
from flowviz.gui.opening import FirstPaint
from tests.gui.scripted import ScriptedBackend

application = Application(["flowviz"])
window = open_window(application, engine=ScriptedBackend())
late = {"PIL", "pyqtgraph", "flowviz.core.film", "flowviz.export", "flowviz.targets.loading", "flowviz.gui.documents"}

def seen():
    print("first:", sorted(late & set(sys.modules)), window.stage.picture)

def painted(picture):
    print("then:", "PIL" in sys.modules, picture.dots > 0)
    application.quit()

FirstPaint(window.top_bar).painted.connect(seen)
window.presenter.shown.connect(painted)
application.exec()
window.shut_down()
"""


def test_the_window_is_seen_before_its_first_picture_and_before_what_pictures_films_and_files_need():
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    words = [sys.executable, "-c", SEEN_FIRST]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert answer.stdout == "first: [] None\nthen: True True\n", answer.stderr


def test_a_window_that_is_dressed_when_it_stands_wears_the_same(qapp):
    theme = Theme(qapp, "light", is_dressed=False)
    assert (current_tokens().name, qapp.styleSheet()) == ("light", "")
    theme.dress()
    assert qapp.styleSheet() == style_sheet(theme.tokens)
    theme.choose("dark")
    assert qapp.styleSheet() == style_sheet(theme.tokens)
    qapp.setStyleSheet("")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux shows them")
def test_numpy_starts_no_threads_and_later_libraries_may():
    words = "import os, flowviz.core.quiet_numpy; print(len(os.listdir('/proc/self/task')), os.environ.get(NAME))"
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    words = words.replace("NAME", repr("OPENBLAS_NUM_THREADS"))
    answer = subprocess.run([sys.executable, "-c", words], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout == "1 None\n"


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
