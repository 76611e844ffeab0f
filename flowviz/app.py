"""Opens the window: the only file that knows everyone."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import flowviz.gui.plain_imports  # isort: skip  # noqa: F401
from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QApplication

from flowviz import __version__
from flowviz.core.resources import resource
from flowviz.gui.application import Application
from flowviz.gui.opening import PICTURE_MS, UNSEEN_MS, FirstPaint, StartCheck

if TYPE_CHECKING:
    from flowviz.core.backend import Backend
    from flowviz.gui.main_window import MainWindow


def run_app(path: str = "", renderer: str = "auto", started: float | None = None) -> int:
    """Open the window, with a session or a run in it if one is named, until it is closed; returns the exit status.

    Args:
        path: a session or run file, or "".
        renderer: who draws space: "auto", "painter" or "opengl".
        started: for the self-test, when the process was, in seconds since 1970: say how long window and engine took,
            and end. Nothing is written to the person's settings then.
    """
    multiprocessing.freeze_support()
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    application = Application(sys.argv[:1])
    application.setApplicationName("flowviz")
    application.setApplicationDisplayName("flowviz")
    application.setOrganizationName("flowviz")
    application.setDesktopFileName("org.flowviz.explorer")  # by which desktops find icon and menu entry
    application.setApplicationVersion(__version__)
    application.setWindowIcon(QIcon(str(resource("icons/app.svg"))))
    _choose_font(application)
    log = _start_log()
    settings = QSettings() if started is None else None
    window = open_window(application, settings)
    if started is not None:
        StartCheck(window, FirstPaint(window.top_bar, UNSEEN_MS), started)
    else:
        first_paint = FirstPaint(window.top_bar, UNSEEN_MS, PICTURE_MS)
        first_paint.painted.connect(lambda: _bring_documents(application, window, path))
    if renderer in ("painter", "opengl"):
        window.stage.choose_renderer("painter" if renderer == "painter" else "opengl")
    _catch_the_unexpected(window, log)
    application.aboutToQuit.connect(window.shut_down)
    try:
        return application.exec()
    finally:
        window.shut_down()


def _bring_documents(application: Application, window: MainWindow, path: str) -> None:
    """Sessions, what an earlier window left behind, and the first start: once the window has been seen."""
    from flowviz.engine.session_file import SessionFiles

    documents = window.keep_documents(SessionFiles())
    is_offered = documents.offer_rescued()
    if path:
        documents.open(str(Path(path).absolute()))
    elif not is_offered:  # what was nearly lost comes before the tour
        window.first_start.begin(QSettings())
    application.listen(documents.open)


def open_window(
    application: QApplication, settings: QSettings | None = None, engine: Backend | None = None
) -> MainWindow:
    """The window with its engine, on the screen.

    Args:
        application: the application, not yet styled.
        settings: where theme and layout are kept between sessions, or None.
        engine: one that is held begins when the window has been seen; None to make one.
    """
    from flowviz.engine.process import ProcessBackend

    # The paint thread lets go of the interpreter sooner: the event loop waits 2.5 ms for it at most, not 5 to 12.
    sys.setswitchinterval(0.001)
    engine = engine or ProcessBackend(is_held=True)
    from flowviz.engine.studio import ProcessStudio
    from flowviz.gui.main_window import MainWindow
    from flowviz.gui.theme.sizes import room_of
    from flowviz.gui.theme.theme import Theme

    choice = settings.value("theme", "system") if settings is not None else "dark"
    theme = Theme(application, choice if choice in ("light", "dark") else "system", is_dressed=False)
    window = MainWindow(engine, ProcessStudio(), theme, settings)
    if settings is not None:
        theme.set_zoom(float(str(settings.value("zoom", 1.0))))
    theme.dress()
    window.resize(window.sizeHint().boundedTo(room_of(window)))
    window.curves.built.connect(_settle)
    if isinstance(engine, ProcessBackend):
        FirstPaint(window.top_bar, UNSEEN_MS).painted.connect(engine.begin)
    window.show()
    return window


def _settle() -> None:
    """What lives now lives as long as the window: the collector need not walk over it again and again.

    Each walk would stop the event loop for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def _choose_font(application: QApplication) -> None:
    """The system's own font, never smaller than people can read from the second row."""
    font = QFont(application.font())
    font.setPixelSize(13)
    application.setFont(font)


def _start_log() -> Path:
    """Where unexpected errors are written down."""
    from flowviz.gui.log import log_path

    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("flowviz").info("flowviz %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)
    return path


def _catch_the_unexpected(window: MainWindow, log: Path) -> None:
    """Anything unexpected goes to the log file and to the error bar, never to a person as a traceback."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        logging.getLogger("flowviz").error("unexpected: %s", details)
        window.show_error(
            "Something unexpected happened; the window goes on.", f"The log file {log} has the details.", details
        )

    sys.excepthook = hook
