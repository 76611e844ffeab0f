"""One life of the real window, for test_killed: "train" until killed, or "rescue" what a killed one left.

Arguments: which life, a folder. Prints one line of JSON when it is as far as that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from flowviz.app import open_window
from flowviz.core.spec import Budget
from flowviz.engine.session_file import SessionFiles
from flowviz.gui.control import autosave
from flowviz.gui.documents import Documents
from flowviz.gui.main_window import MainWindow
from tests.app._journey import draw_a_bar, press_run_briefly, wait_for


def train(window: MainWindow, documents: Documents) -> dict[str, object]:
    """Draw, train, rename; tell when that is written down, then go on until killed."""
    draw_a_bar(window)
    window.draft.set_budget(Budget(steps=60))
    press_run_briefly(window)
    window.runs_controller.rename(1, "a bar")
    wait_for(documents.autosave.written, lambda: not window.run.is_active, "the end of training")
    wait_for(documents.autosave.written, lambda: documents.autosave.is_up_to_date, "the last change on disk")
    return {"step": window.run.step, "ink": float(window.ends.target.grid.sum())}


def rescue(window: MainWindow, documents: Documents) -> dict[str, object]:
    """Bring back what the other one left, as a person would."""
    documents.offer_rescued()
    words = documents.rescue_bar.words
    button = next(b for b in documents.rescue_bar.findChildren(QPushButton) if b.text() == "Bring it back")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    wait_for(documents.document.opened, lambda: bool(window.runs.entries), "the session")
    entry = window.runs.entries[0]
    seen = {"words": words, "name": entry.name, "step": window.run.step, "target": window.draft.target.key,
            "ink": float(window.ends.target.grid.sum()), "dirty": documents.document.is_dirty,
            "torch": "torch" in sys.modules}  # fmt: skip
    documents._may_close = True
    window.close()
    return seen


def main(life: str, folder: Path) -> None:
    """One of the two lives."""
    autosave.EVERY_MS = 300
    application = QApplication(sys.argv[:1])
    window = open_window(application)
    documents = window.keep_documents(SessionFiles(), folder)
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    print(json.dumps(train(window, documents) if life == "train" else rescue(window, documents)), flush=True)
    if life == "train":
        application.exec()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
