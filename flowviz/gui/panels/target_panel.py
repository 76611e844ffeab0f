"""The left panel: the two ends of the flow, in two tabs."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from flowviz.core.backend import Choice
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.ends import Ends
from flowviz.gui.control.files import Given
from flowviz.gui.panels.target_page import TargetPage
from flowviz.gui.theme.icons import set_icon
from flowviz.targets import dim_of

_TABS = (
    ("Target", "Where the flow ends, at t = 1: what is learned"),
    ("Source", "Where the flow begins, at t = 0"),
)


class TargetPanel(QWidget):
    """Tabs Target and Source, each a page of its own, and a button that swaps them.

    Args:
        ends: what is chosen at both ends.
    """

    notice = Signal(str, str)
    """(what happened, what to do): for the window's bar."""
    draw_mode_requested = Signal(bool)
    run_file_given = Signal(str)
    """A saved run was dropped: its path."""
    place_changed = Signal(str, int)
    """The end of the flow ("target" or "source") and the dimension that are shown: where one draws."""

    def __init__(self, ends: Ends, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("targetPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)  # as wide as the panel, tabs and all
        self._ends = ends
        self._pages = QStackedWidget()
        self._draws = False
        self._methods: tuple[Choice, ...] = ()
        self._source: TargetPage | None = None
        self.target = self._make_page(ends.target)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName("Ends of the flow")
        for index, (name, tip) in enumerate(_TABS):
            self.tabs.addTab(name)
            self.tabs.setTabToolTip(index, tip)
        self.tabs.currentChanged.connect(self._show_page)
        self.swap = _swap_button()
        self.swap.clicked.connect(self._swap)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 12, 0)
        row.addWidget(self.tabs, 1)
        row.addWidget(self.swap)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._pages, 1)
        ends.target.target_changed.connect(self._target_changed)
        ends.source.target_changed.connect(self._source_changed)

    def _make_page(self, end: DrawController) -> TargetPage:
        page = TargetPage(end)
        self._pages.addWidget(page)
        page.notice.connect(self.notice)
        page.draw_mode_requested.connect(self._draw_mode_requested)
        page.run_file_given.connect(self.run_file_given)
        page.browser.dim_shown.connect(self._tell_place)
        page.set_draw_mode(self._draws)
        return page

    @property
    def source(self) -> TargetPage:
        """The source's page; made when it is first wanted, so that the window opens without it."""
        if self._source is None:
            self._source = self._make_page(self._ends.source)
            if self._ends.target.target is not None:
                self._source.set_dim(dim_of(self._ends.target.target))
            self._source.show_methods(self._methods)
        return self._source

    @property
    def _made(self) -> tuple[TargetPage, ...]:
        return (self.target,) if self._source is None else (self.target, self._source)

    @property
    def page(self) -> TargetPage:
        """The page that is shown."""
        return self.target if self.tabs.currentIndex() == 0 else self.source

    @property
    def side(self) -> str:
        """Which end that is: "target" or "source"."""
        return "target" if self.tabs.currentIndex() == 0 else "source"

    def show_ends(self, target: TargetSpec, source: TargetSpec | None) -> None:
        """Show what a program chose (an opened run, the first start); no signal, no undo step."""
        self._ends.show(target, source)
        self.target.set_target(self._ends.target.target)
        if self._source is not None:
            self._source.set_target(self._ends.source.target)
            self._source.set_dim(dim_of(target))

    def show_methods(self, methods: Iterable[Choice]) -> None:
        """Say on the source's page which of these methods can begin there."""
        self._methods = tuple(methods)
        if self._source is not None:
            self._source.show_methods(self._methods)

    def take(self, given: Given) -> None:
        """Make something that was dropped the end of the flow that is shown."""
        self.page.intake.take(given)

    @Slot()
    def open_dialog(self) -> None:
        """Ask for a file for the end of the flow that is shown."""
        self.page.intake.open_dialog()

    @Slot()
    def paste(self) -> None:
        """Make what the clipboard holds the end of the flow that is shown."""
        self.page.intake.paste()

    def set_draw_mode(self, is_on: bool) -> None:
        """Show whether the canvas is up, without a request."""
        self._draws = is_on
        for page in self._made:
            page.set_draw_mode(is_on)

    @Slot(bool)
    def _draw_mode_requested(self, is_on: bool) -> None:
        self.set_draw_mode(is_on)  # one canvas is up for both ends, or none
        self.draw_mode_requested.emit(is_on)

    def is_busy(self) -> bool:
        """Whether something is being loaded or drawn beside the window."""
        return any(page.is_busy() for page in self._made)

    def closeEvent(self, event: QCloseEvent) -> None:
        for page in self._made:
            page.close()
        super().closeEvent(event)

    @Slot(int)
    def _show_page(self, index: int) -> None:
        self._pages.setCurrentWidget(self.target if index == 0 else self.source)
        self._tell_place()

    @Slot()
    def _tell_place(self) -> None:
        self.place_changed.emit(self.side, self.page.gallery.dim)

    @Slot()
    def _swap(self) -> None:
        shown = self.tabs.currentIndex()
        self._ends.swap()
        self.tabs.setCurrentIndex(shown)  # both ends changed, and the person looks at the same one

    @Slot(object)
    def _target_changed(self, spec: TargetSpec) -> None:
        self.tabs.setCurrentIndex(0)
        if self._source is not None:
            self._source.set_dim(dim_of(spec))

    @Slot()
    def _source_changed(self) -> None:
        self.tabs.setCurrentIndex(1)


def _swap_button() -> QToolButton:
    button = QToolButton()
    button.setText("Swap")
    button.setAccessibleName("Swap source and target")
    button.setToolTip("Swap source and target: let the flow run the other way round")
    button.setObjectName("swapEnds")
    set_icon(button, "swap")
    return button
