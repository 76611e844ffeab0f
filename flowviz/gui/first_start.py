"""The first start: a trained example that moves already, and a tour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Slot

from flowviz.core.resources import resource
from flowviz.gui.widgets.tour import Stop, Tour

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow

_KEY = "toured"


class FirstStart(QObject):
    """Opens the example and leads through the window, on the first start or when asked."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._waits = False
        self.tour: Tour | None = None

    def begin(self, settings: QSettings | None) -> None:
        """Once in a person's life: the example, then the tour."""
        if settings is None or settings.value(_KEY):
            return
        settings.setValue(_KEY, "yes")
        self.open_example()
        self.show_tour()

    @Slot()
    def open_example(self) -> None:
        """Show the trained run that comes with flowviz; what is on the stage is asked about first if it is unsaved."""
        documents = self._window.documents
        if documents is not None:
            self._waits = True
            documents.document.opened.connect(self._opened)
            documents.open_copy(str(resource("example.flowviz")))

    @Slot(str)
    def _opened(self, _path: str) -> None:
        if self._waits:
            self._waits = False
            self._window.playback.to_start()
            self._window.playback.play()

    @Slot()
    def show_tour(self) -> None:
        """Five steps around the window."""
        if self.tour is None:
            self.tour = Tour(self._window, _stops(self._window))
            self.tour.ended.connect(self._ended)

    @Slot()
    def _ended(self) -> None:
        self.tour = None
        self._window.stage.setFocus()


def _stops(window: MainWindow) -> tuple[Stop, ...]:
    return (
        Stop(
            lambda: window.stage,
            "A flow carries noise into data",
            "This one is trained already. Hover to see the path through a point, click to pin it; drag and scroll to "
            "look closer. The tabs above show the same flow as a journey, a strip or four panels.",
        ),
        Stop(
            lambda: window.target_panel,
            "What is to be learnt",
            "Choose a preset, draw your own shape, or open a picture, a table, a text or a mesh.",
        ),
        Stop(
            lambda: window.top_bar,
            "Train",
            "Run (Ctrl+Enter) trains on the chosen target; the first particles move within a second. "
            "Pause, step and stop whenever you like.",
        ),
        Stop(
            lambda: window.clocks,
            "Two clocks",
            "Above: flow time, from noise (0) to data (1); Space plays it. "
            "Below: the training; drag back to see how the flow was learnt.",
        ),
        Stop(
            lambda: window.curves,
            "Curves one can trust",
            "Likelihood against the entropy, distances against their noise floor. "
            "F1 lists all keys, F5 presents, Ctrl+E makes a film.",
        ),
    )
