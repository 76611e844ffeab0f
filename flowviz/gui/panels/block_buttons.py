"""What one can do with the blocks of a run: pause after one, add one, equalise them, refine them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from flowviz.core.block_edits import BlockEdit, Equalise, Refine
from flowviz.gui.state.run import RunState

_ONE_ROW = 390
_TIPS = {
    "equalise": "Re-time the JKO steps so that every block covers the same W₂², then train the blocks again. "
    "A block that moves far is hard to learn and to invert; one that hardly moves is wasted. "
    "Eta in the form says how far to go. (Shift+E)",
    "refine": "Split every block into two of half its step: at first exactly the same flow, "
    "now in twice as many gentler moves; then train on. (Shift+R)",
}
_EDITS: dict[str, BlockEdit] = {"equalise": Equalise(), "refine": Refine()}


class BlockButtons(QWidget):
    """Four buttons, in one row where there is room and in two where there is not.

    Signals:
        pause_after_block_requested(bool), add_block_requested();
        edit_requested(object BlockEdit).
    """

    pause_after_block_requested = Signal(bool)
    add_block_requested = Signal()
    edit_requested = Signal(object)

    def __init__(self, run: RunState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self.pause = self._button("Pause after block", "Finish the block in training, then pause (B)")
        self.pause.setCheckable(True)
        self.pause.clicked.connect(self.pause_after_block_requested)
        self.add = self._button("Add block", "One more block after the last; the trained ones stay as they are")
        self.add.clicked.connect(self.add_block_requested)
        self.equalise = self._button("Equalise", _TIPS["equalise"])
        self.refine = self._button("Refine", _TIPS["refine"])
        self.equalise.clicked.connect(self._equalise)
        self.refine.clicked.connect(self._refine)
        self._columns = 0
        self._place(2)
        run.blocks_changed.connect(self.refresh)
        run.status_changed.connect(self.refresh)
        self.refresh()

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setProperty("compact", True)
        button.setToolTip(f"<p>{tip}</p>")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for place, button in enumerate((self.pause, self.add, self.equalise, self.refine)):
            self._grid.addWidget(button, place // columns, place % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row or two."""
        super().resizeEvent(event)
        self._place(4 if self.width() >= _ONE_ROW else 2)

    def set_pauses(self, pauses: bool) -> None:
        """Whether training will pause after this block."""
        with QSignalBlocker(self.pause):
            self.pause.setChecked(pauses)

    @Slot()
    def _equalise(self) -> None:
        self.edit_requested.emit(_EDITS["equalise"])

    @Slot()
    def _refine(self) -> None:
        self.edit_requested.emit(_EDITS["refine"])

    @Slot()
    def refresh(self) -> None:
        """Only what the run can take now can be pressed; the others say what is missing."""
        run = self._run
        self.pause.setEnabled(run.status == "running" and bool(run.blocks))
        self.add.setEnabled(bool(run.blocks) and run.status != "failed")
        for name, button in (("equalise", self.equalise), ("refine", self.refine)):
            reason = run.why_no_edit(_EDITS[name])
            button.setEnabled(not reason)
            button.setAccessibleDescription(reason or _TIPS[name])
            button.setToolTip(f"<p>{_TIPS[name]}</p>" + (f"<p><b>{reason}</b></p>" if reason else ""))
