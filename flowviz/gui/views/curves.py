"""Curves over training: loss and its parts, NLL against the entropy, distances against their noise floors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from time import perf_counter

from PySide6.QtCore import QSettings, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QTabWidget, QWidget

from flowviz.gui.opening import every_class_of_qt
from flowviz.gui.panels.blocks import BlocksView
from flowviz.gui.panels.rounds import RoundsView
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState
from flowviz.gui.views.curve_page import CurvePage
from flowviz.gui.views.jko import JkoPage
from flowviz.gui.views.probe_page import ProbePage
from flowviz.gui.views.traces import KINDS

_WARM_UP_MS = 1200
_TURN_S = 0.008
_GAP_MS = 450
_SCRUB_GAP_MS = 60
_AXES = "log_axes"
_ROOM = 370
"""Pixels that a window of 1024 has at its side when the interface is 1.3 times as large as usual."""


class CurvesView(QTabWidget):
    """All curves as tabs; only the one in front is drawn, about twice a second.

    Signals:
        step_requested(int): the person dragged the cursor line.
        built(): the first plot is made; the window has all it needs now.
    """

    step_requested = Signal(int)
    built = Signal()

    def __init__(self, run: RunState, cursor: CursorState, runs: RunsState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor, self._runs = run, cursor, runs
        self._had_pins, self._before_probe = False, 0
        self.setObjectName("curves")
        self.setAccessibleName("Curves")
        self.setMinimumHeight(216)
        self.setDocumentMode(True)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabBar().setAccessibleName("Kinds of curves")
        self.pages: dict[str, CurvePage] = {}
        for kind in KINDS:
            page = CurvePage(kind)
            page.step_requested.connect(self.step_requested)
            page.choice_changed.connect(self.draw)
            self.pages[kind.metric] = page
            self.setTabToolTip(self.addTab(page, kind.tab or kind.title), kind.tip)
        self._add_block_pages()
        self.probe = ProbePage()
        self.setTabToolTip(self.addTab(self.probe, "Probe"), "What happens to the pinned points along the flow")
        self.setTabVisible(self.indexOf(self.probe), False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.draw)
        self._warm_up = QTimer(self)
        self._warm_up.setSingleShot(True)
        self._warm_up.setInterval(_WARM_UP_MS)
        self._warm_up.timeout.connect(self._make_on)
        self._steps = self._making()
        run.curves_changed.connect(self._changed)
        runs.changed.connect(self._changed)
        run.frames_changed.connect(self._changed)
        cursor.moved.connect(self._moved)
        self.currentChanged.connect(self.draw)

    def minimumSizeHint(self) -> QSize:
        """All tabs without scrolling, as far as a small screen has room for them."""
        least = super().minimumSizeHint()
        return least.expandedTo(QSize(min(self.tabBar().sizeHint().width(), _ROOM), 0))

    def showEvent(self, event: QShowEvent) -> None:
        """The window comes first; the plots are made when it stands."""
        super().showEvent(event)
        if self.pages[""].plot is None:
            self._warm_up.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen needs no plots."""
        super().hideEvent(event)
        self._warm_up.stop()

    def _making(self) -> Iterator[None]:
        """All that the plots need, in small steps."""
        yield from every_class_of_qt()
        for page in self.pages.values():
            page.build()
            yield

    @Slot()
    def _make_on(self) -> None:
        """Make the plots in steps; between them the event loop has its turn."""
        until = perf_counter() + _TURN_S
        for _ in self._steps:
            if perf_counter() > until:
                QTimer.singleShot(0, self, self._make_on)
                return
        self.draw()
        self.built.emit()

    @property
    def log_axes(self) -> dict[str, bool]:
        """Whether the axis of each curve is logarithmic, by its metric; "" is the loss."""
        return {metric: page.is_log for metric, page in self.pages.items()}

    def choose_axes(self, log_axes: Mapping[str, bool]) -> None:
        """Make axes logarithmic or linear; a curve that is not named stays as it is, and unknown names do nothing."""
        for metric, page in self.pages.items():
            page.set_log(bool(log_axes.get(metric, page.is_log)))

    def remember(self, settings: QSettings) -> None:
        """Keep the choices of axes for the next start."""
        settings.setValue(_AXES, json.dumps(self.log_axes))

    def recall(self, settings: QSettings) -> None:
        """Take up the choices of axes that an earlier window kept, where it did."""
        try:
            self.choose_axes(dict(json.loads(str(settings.value(_AXES, "{}")))))
        except (TypeError, ValueError):
            return  # somebody else's settings

    def _add_block_pages(self) -> None:
        self.jko = JkoPage(self._run, self._cursor)
        self.blocks = BlocksView(self._run, self._cursor)
        self._blocks_of = -1
        for page, title, tip in (
            (self.jko, "JKO", "KL behind every block against the bound of theory, and how far each block moves"),
            (self.blocks, "Blocks", "The blocks that are trained one after another, and what one can do with them"),
        ):
            self.setTabToolTip(self.addTab(page, title), tip)
            page.block_chosen.connect(self._block_chosen)
        self.show_block_pages(False)
        self.rounds = RoundsView(self._run, self._cursor)
        self.rounds.step_requested.connect(self.step_requested)
        self.setTabToolTip(self.addTab(self.rounds, "Rounds"), "How straight the paths of every round of reflow are")
        self.show_rounds_page(False)

    def show_rounds_page(self, visible: bool) -> None:
        """Show or hide the tab of methods that learn their flow round after round."""
        self.setTabVisible(self.indexOf(self.rounds), visible)

    def show_block_pages(self, visible: bool, is_process: bool = False) -> None:
        """Show or hide the tabs of methods that train blocks: JKO steps, or stretches of a process."""
        self.setTabText(self.indexOf(self.jko), "KL" if is_process else "JKO")
        for page in (self.jko, self.blocks):
            self.setTabVisible(self.indexOf(page), visible)
        if self._run.serial != self._blocks_of:
            self._blocks_of = self._run.serial
            self._choose(None)

    def show_probe_page(self, has_pins: bool) -> None:
        """Bring the probe's curves to the front with the first pin, and the page before back when all are gone."""
        is_front = self.currentWidget() is self.probe
        self.setTabVisible(self.indexOf(self.probe), has_pins)
        if has_pins and not is_front and not self._had_pins:
            self._before_probe = self.currentIndex()
            self.setCurrentWidget(self.probe)
        elif not has_pins and is_front and self._had_pins:
            self.setCurrentIndex(self._before_probe)
        self._had_pins = has_pins

    @Slot(int)
    def _block_chosen(self, block: int) -> None:
        self._choose(block)

    def _choose(self, block: int | None) -> None:
        self.jko.choose(block)
        self.blocks.choose(block)

    @Slot()
    def _changed(self) -> None:
        if not self._timer.isActive():
            self._timer.start(_GAP_MS)

    @Slot()
    def _moved(self) -> None:
        page = self.currentWidget()
        if isinstance(page, CurvePage) and page.step != self._cursor.step and not self._timer.isActive():
            self._timer.start(_GAP_MS if self._cursor.follow_latest else _SCRUB_GAP_MS)

    @Slot()
    def draw(self) -> None:
        """Draw the tab in front."""
        page = self.currentWidget()
        if isinstance(page, CurvePage):
            page.show_run(self._run, self._cursor.step, self._runs.earlier)

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        for page in self.pages.values():
            if page.plot is not None:
                page.plot.restyle()
        self.jko.refresh()
        self.blocks.refresh()
        self.rounds.refresh()
        self.draw()
