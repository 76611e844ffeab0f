"""What one can do with the blocks of a run: pause after one, add one, equalise them, refine them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from flowviz.core.block_edits import BlockEdit, Equalise, Refine
from flowviz.gui.state.run import RunState

_SHORT = {"Pause after block": "Pause", "Add block": "Add"}
"""Where the panel is narrow; name and tool tip say the rest."""
_TIPS = {
    "add": "One more block after the last (a free one stays the last, and is trained again); "
    "the other trained ones stay as they are.",
    "equalise": "Re-time the JKO steps so that every block covers the same W₂², then train the blocks again. "
    "A block that moves far is hard to learn and to invert; one that hardly moves is wasted. "
    "Eta in the form says how far to go. (Shift+E)",
    "refine": "Split every block into two of half its step: at first exactly the same flow, "
    "now in twice as many gentler moves; then train on. (Shift+R)",
}
_EDITS: dict[str, BlockEdit] = {"equalise": Equalise(), "refine": Refine()}


class BlockButtons(QWidget):
    """Four buttons in one row, with shorter words where there is little room.

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
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.pause = self._button("Pause after block", "Finish the block in training, then pause (B)")
        self.pause.setCheckable(True)
        self.pause.clicked.connect(self.pause_after_block_requested)
        self.add = self._button("Add block", _TIPS["add"])
        self.add.clicked.connect(self.add_block_requested)
        self.equalise = self._button("Equalise", _TIPS["equalise"])
        self.refine = self._button("Refine", _TIPS["refine"])
        self.equalise.clicked.connect(self._equalise)
        self.refine.clicked.connect(self._refine)
        self._buttons = (self.pause, self.add, self.equalise, self.refine)
        for button in self._buttons:
            self._row.addWidget(button)
        self._words(are_short=True)
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

    def _words(self, are_short: bool) -> None:
        for button in self._buttons:
            name = button.accessibleName()
            button.setText(_SHORT.get(name, name) if are_short else name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Long words or short ones."""
        super().resizeEvent(event)
        self._words(are_short=self.width() < self._width_of(are_short=False))

    def minimumSizeHint(self) -> QSize:
        """Room for the short words, whichever stand there now."""
        return QSize(self._width_of(are_short=True), super().minimumSizeHint().height())

    def _width_of(self, are_short: bool) -> int:
        """What the buttons that are shown need for those words."""
        shown = [button for button in self._buttons if not button.isHidden()]
        width = self._row.spacing() * max(0, len(shown) - 1)
        for button in shown:
            measure, name = button.fontMetrics().horizontalAdvance, button.accessibleName()
            words = _SHORT.get(name, name) if are_short else name
            width += button.sizeHint().width() - measure(button.text()) + measure(words)
        return width

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
        self._say(self.add, _TIPS["add"], run.why_no_block)
        for name, button in (("equalise", self.equalise), ("refine", self.refine)):
            self._say(button, _TIPS[name], run.why_no_edit(_EDITS[name]))
            button.setVisible(not run.blocks or run.blocks[0].kind == "jko")

    @staticmethod
    def _say(button: QPushButton, tip: str, reason: str) -> None:
        button.setEnabled(not reason)
        button.setAccessibleDescription(reason or tip)
        button.setToolTip(f"<p>{tip}</p>" + (f"<p><b>{reason}</b></p>" if reason else ""))
