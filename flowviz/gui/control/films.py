"""From File > Export to a film job: what to film comes from what is on the stage."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from flowviz.core.camera import Camera
from flowviz.core.data import DataChoice, DataJob, What
from flowviz.core.errors import UserError
from flowviz.core.film import Beside, Curves, FilmJob, FilmSpec, FilmStudio, curves_of
from flowviz.gui.state.companions import Companions
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.keyframes import KeyFrameState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.probes import ProbeState
from flowviz.gui.state.run import RunState
from flowviz.gui.views.stage import StageView
from flowviz.gui.widgets.question import Answer, question
from flowviz.scene.marks import Extent
from flowviz.scene.options import options_to_mapping
from flowviz.scene.resolve import layers
from flowviz.scene.tokens import ThemeName
from flowviz.targets import dim_of

if TYPE_CHECKING:
    from flowviz.gui.export.data_dialog import DataDialog
    from flowviz.gui.export.dialog import ExportDialog

_ONE_FRAME = ("flow", "camera", "still")
"""Clocks whose films show one training step."""


class FilmController(QObject):
    """Opens the film dialog and turns its choices into jobs.

    Args:
        studio: makes the films.
        seen: what is on the stage.
        keys: the captured key frames.
        companions: the runs beside it.
    """

    def __init__(
        self,
        studio: FilmStudio,
        seen: tuple[RunState, CursorState, OptionsState, ProbeState],
        keys: KeyFrameState,
        companions: Companions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._keys, self._companions = studio, keys, companions
        self._run, self._cursor, self._options, self._probes = seen
        self.dialog: ExportDialog | None = None
        self.data_dialog: DataDialog | None = None
        self.box: QMessageBox | None = None

    def defaults(self, view: Extent, theme: ThemeName, camera: Camera | None = None, fit: bool = False) -> FilmSpec:
        """A film of what is on the stage: a part of the plane, or space as the camera sees it."""
        options = self._options.value
        return FilmSpec(
            step=None if self._cursor.follow_latest else self._cursor.step,
            t=self._cursor.t,
            direction=options.direction,
            layers=tuple(sorted(options.layers)),
            options=options_to_mapping(options),
            extent=view,
            camera=camera,
            fit=fit,
            keys=self._keys.keys,
            theme=theme,
            pins=self._probes.value.pins,
            loop=self._probes.value.loop,
        )

    def job(self, film: FilmSpec, path: str) -> FilmJob:
        """The film of the run on the stage.

        Raises:
            UserError: there is no run.
        """
        record = self._run.record()
        if record is None:
            raise UserError("There is no run to film.", "Press Run first.")
        frames = record.frames
        if film.clock in _ONE_FRAME:
            shown = frames[-1] if film.step is None else self._run.timeline.nearest(film.step)
            frames = (shown,) if shown is not None else frames[-1:]
        curves = curves_of(record) if "curves" in film.parts else Curves()
        others = self._beside(film)
        return FilmJob(record.spec, frames, film, path, curves, others, self._companions.name if others else "")

    def _beside(self, film: FilmSpec) -> tuple[Beside, ...]:
        """The runs beside that of the stage, where the film shows them."""
        if "compare" not in (film.options.get("mode"), *(key.mode for key in film.keys)):
            return ()
        others = self._companions.beside()
        if film.clock in _ONE_FRAME:
            others = tuple(replace(other, frames=(other.frame(film.step),)) for other in others)
        return others

    def ask(self, window: QWidget, stage: StageView, theme: ThemeName, abilities: Collection[str]) -> None:
        """Open the dialog for a film of what the stage shows; training and stage go on behind it.

        Args:
            window: the dialog's parent.
            stage: where the film is looked from, at first.
            theme: of the film, at first.
            abilities: what the method of the run can do.
        """
        from flowviz.gui.export.dialog import ExportDialog  # on first use: the window opens without it

        if self.dialog is not None and self.dialog.is_busy:
            self.dialog.open()  # the film in the making comes first
            return
        self.close()
        camera = stage.camera()
        # a camera that nobody moved keeps everything in view in a film of any shape
        defaults = self.defaults(stage.view(), theme, camera, camera is not None and "space" not in stage.gazes)
        offered = [key for key, layer in layers() if layer.fits(self._dim, abilities)]
        self.dialog = ExportDialog(self._studio, self.job, defaults, window, offered)
        self.dialog.open()

    def data_job(self, what: What, choice: DataChoice, path: str) -> DataJob:
        """Numbers of the run and the moment on the stage.

        Raises:
            UserError: there is no run.
        """
        record = self._run.record()
        if record is None:
            raise UserError("There is no run to export.", "Press Run first.")
        latest = self._cursor.follow_latest
        shown = record.last if latest else self._run.timeline.nearest(self._cursor.step) or record.last
        return DataJob(replace(record, frames=(shown,)), what, choice, path)

    def ask_data(self, window: QWidget) -> None:
        """Open the data dialog."""
        from flowviz.gui.export.data_dialog import DataDialog

        self.close_data()
        self.data_dialog = DataDialog(self._studio, self.data_job, self._cursor.t, self._dim, window)
        self.data_dialog.show()

    @property
    def _dim(self) -> int:
        return 2 if self._run.spec is None else dim_of(self._run.spec.target)

    def may_end(self, window: QWidget) -> bool:
        """Whether nothing is being made; else the person is asked, and the window closes when that is given up."""
        if not any(dialog is not None and dialog.is_busy for dialog in (self.dialog, self.data_dialog)):
            return True
        if self.box is not None:
            self.box.close()
        words = (
            "Export",
            "A file is still being made.",
            "If flowviz ends now, that is given up and nothing is written.",
        )
        answers = {Answer.Discard: "End now", Answer.Cancel: "Go on"}
        self.box = question(
            window, words, answers, Answer.Cancel, lambda answer: self._answered(answer == Answer.Discard, window)
        )
        return False

    def _answered(self, gives_up: bool, window: QWidget) -> None:
        self.box = None
        if gives_up:
            self.close()
            self.close_data()
            window.close()

    def close_data(self) -> None:
        """Cancel a file in the making and close the dialog."""
        if self.data_dialog is not None:
            self.data_dialog.close()
            self.data_dialog.deleteLater()
            self.data_dialog = None

    def close(self) -> None:
        """Cancel a film in the making and close the dialog."""
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None
