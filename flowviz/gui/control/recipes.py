"""Copy as Python: the run on the stage as a script on the clipboard."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtGui import QGuiApplication

from flowviz.core.errors import FileError, UserError
from flowviz.core.recipe import recipe_of, repeatable
from flowviz.core.spec import Array
from flowviz.gui.control.background import Background
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.run import RunState


class RecipeController(QObject):
    """Copies the run on the stage, or without one the run that the panels describe.

    Args:
        folder: where data too large for a script are written, or None for the usual place.

    Signals:
        notice(str message, str hint): what is on the clipboard now, or why nothing is.
    """

    notice = Signal(str, str)

    def __init__(
        self, run: RunState, draft: DraftState, folder: Path | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._run, self._draft = run, draft
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
        self._folder = folder or Path(place) / "recipes"
        self._background = Background(self)

    def copy(self) -> None:
        """Put the script on the clipboard, its data beside it if they are large."""
        last = self._run.timeline.last
        spec = self._run.spec or self._draft.spec()
        course, notes = repeatable(self._run.course, last.step) if last is not None else ((), ())
        if not course and spec.budget.seconds is not None:
            notes = ("The clock limits its training: how many steps that makes depends on the machine.",)
        choice = self._draft.methods.get(spec.flow.key)
        label = choice.label if choice is not None else spec.flow.key
        defaults = {field.name: field.default for field in choice.params} if choice is not None else {}
        path = self._folder / f"{spec.target.fingerprint()}.npz"
        title = f"{label} on {spec.target.name or spec.target.key}"
        recipe = recipe_of(spec, title, str(path), defaults, course, notes)

        def done(_nothing: object) -> None:
            QGuiApplication.clipboard().setText(recipe.script)
            hint = f"Its data are in {path}." if recipe.arrays else "Paste it into a file and run that with Python."
            self.notice.emit(f"The script that repeats {title} is on the clipboard.", " ".join([*notes, hint]))

        if recipe.arrays:
            self._background.submit(lambda: _write(path, recipe.arrays), done, self._failed)
        else:
            done(None)

    def close(self) -> None:
        """Forget what is being written."""
        self._background.stop()

    def _failed(self, error: UserError) -> None:
        self.notice.emit(error.message, error.hint)


def _write(path: Path, arrays: Mapping[str, Array]) -> None:
    """A npz file that is whole or not there."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FileError(f"{path} could not be written: {error.strerror or error}.", "Free some space.") from error
