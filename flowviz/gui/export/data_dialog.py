"""File > Export data: a run's numbers and its model for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QWidget,
)

from flowviz.core.data import MOST_DRAWS, DataChoice, DataJob, What
from flowviz.core.errors import UserError
from flowviz.core.film import FilmCancelled, FilmDone, FilmEvent, FilmFailed, FilmStudio
from flowviz.gui.export.estimate import size_words
from flowviz.gui.export.file_place import FilePlace
from flowviz.gui.export.job_dialog import JobDialog
from flowviz.gui.export.rows import choice

_WHATS: tuple[tuple[str, What, str], ...] = (
    ("Samples", "samples", "Fresh draws of the model, in the data's own units"),
    ("Trajectories", "trajectories", "Fresh draws on their way from noise to data, at all recorded times"),
    ("Density on a grid", "density", "The model's natural log-density, in the data's own units"),
    ("Curves", "curves", "Losses and distances by training step"),
    ("Weights", "weights", "All arrays of the model"),
    ("Velocity field", "velocity", "dx/dt as a function of x and t, in the data's own units, to run without flowviz"),
)
_LABELS = {
    ".npz": "NumPy archive", ".csv": "CSV table", ".parquet": "Parquet table", ".safetensors": "safetensors",
    ".pt2": "PyTorch program", ".onnx": "ONNX model",
}  # fmt: skip
_CELLS, _MOST_CELLS = {2: 128, 3: 48}, {2: 4096, 3: 256}
"""Cells along a side of the density's grid, by dimension."""
_NEEDS = {"samples": ("n", "t"), "trajectories": ("n",), "density": ("cells", "t")}
"""Which of the fields each choice looks at."""


class DataDialog(JobDialog):
    """The data dialog.

    Args:
        studio: writes the file.
        make_job: the job of a choice and a path.
        t: flow time of the stage.
        dim: of the run on the stage.
    """

    def __init__(
        self,
        studio: FilmStudio,
        make_job: Callable[[What, DataChoice, str], DataJob],
        t: float,
        dim: int = 2,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(studio, "Export data", "export", parent)
        self._dim = dim
        self.setObjectName("dataDialog")
        self._make_job = make_job
        self._build(t)
        self.what.currentIndexChanged.connect(self._refresh)
        self.place.changed.connect(self._forget)
        self._refresh()

    def _build(self, t: float) -> None:
        self.what = choice("What", _WHATS, "data")
        self.n, self.cells, self.t = QSpinBox(), QSpinBox(), QDoubleSpinBox()
        self.n.setRange(1, MOST_DRAWS)
        self.n.setValue(2000)
        self.cells.setRange(2, _MOST_CELLS[self._dim])
        self.cells.setValue(_CELLS[self._dim])
        self.cells.setSuffix(" cells along a side")
        self.t.setRange(0.0, 1.0)
        self.t.setSingleStep(0.05)
        self.t.setDecimals(3)  # as beside the clock
        self.t.setValue(t)
        for box, name in ((self.n, "Number of points"), (self.cells, "Cells along the grid"), (self.t, "Flow time")):
            box.setAccessibleName(name)
            box.lineEdit().setTextMargins(4, 0, 0, 0)
        self.place = FilePlace(self._formats(), "data", _stem(self.what.currentData()), "Export data")
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(14)
        self.form.setVerticalSpacing(9)
        self.form.addRow("Export", self.what)
        self.form.addRow("Points", self.n)
        self.form.addRow("Grid", self.cells)
        self.form.addRow("Flow time", self.t)
        labels = [self.form.labelForField(widget) for widget in (self.what, self.n, self.cells, self.t)]
        for label in labels:  # or the fields would move sideways when one of them goes
            label.setMinimumWidth(max(other.sizeHint().width() for other in labels))
        self._words = QLabel()
        self._words.setProperty("role", "muted")
        self._words.setWordWrap(True)
        column = self.column()
        column.addWidget(self.place)
        column.addLayout(self.form)
        for widget in (self._words, self._problem, self._bar):
            column.addWidget(widget)
        column.addStretch(1)
        self.add_buttons(self.show_button)

    def _formats(self) -> dict[str, str]:
        return {suffix: _LABELS.get(suffix, suffix) for suffix in self._studio.data_suffixes(self.what.currentData())}

    @Slot()
    def _refresh(self) -> None:
        """Show the fields that count for what is exported, and the formats that fit."""
        what = self.what.currentData()
        self.place.set_formats(self._formats())
        self.place.name_after(_stem(what))
        needs = _NEEDS.get(what, ())
        for name, widget in (("n", self.n), ("cells", self.cells), ("t", self.t)):
            self.form.setRowVisible(widget, name in needs)
        self._words.setText(_WHATS[self.what.currentIndex()][2] + ".")
        self._forget()
        self._show_busy(False)

    @Slot()
    def _forget(self) -> None:
        self._problem.hide()
        self.offer("")
        self.export_button.setText("Export")

    @Slot()
    def _export(self) -> None:
        what, path = self.what.currentData(), self.place.path
        try:
            if not path.name:
                raise UserError("The file has no name.", "Type one, or choose it with Browse.")
            if not self.place.may_write():
                self.say_problem(f"{path.name} exists already. Press Replace to overwrite it.")
                self.export_button.setText("Replace")
                return
            choice_made = DataChoice(self.n.value(), 0, round(self.t.value(), 4), self.cells.value())
            job = self._make_job(what, choice_made, str(path))
        except UserError as error:
            self.say_problem(str(error))
            return
        self.place.remember()
        self._forget()
        self.begin(job)
        self._show_busy(True)

    def _heard(self, event: FilmEvent) -> None:
        match event:
            case FilmDone(path, nbytes):
                self._finish(f"{Path(path).name} is ready: {size_words(nbytes)}.", "")
                self.offer(path)
            case FilmFailed(message, hint):
                self._finish("", f"{message} {hint}".strip())
            case FilmCancelled():
                self._finish("Cancelled; nothing was written.", "")

    def _finish(self, words: str, problem: str) -> None:
        self.end()
        self._show_busy(False)
        self._words.setText(words)
        if problem:
            self.say_problem(problem)

    def _show_busy(self, is_busy: bool) -> None:
        for widget in (self.what, self.place, self.n, self.cells, self.t, self.export_button):
            widget.setEnabled(not is_busy)
        self._bar.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.cancel_button.setEnabled(True)


def _stem(what: What) -> str:
    """Of the name that is suggested for a file."""
    return f"flow {what}"
