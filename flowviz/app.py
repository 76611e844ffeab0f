"""Opens the window: the only file that knows everyone."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QSettings, QStandardPaths, Qt
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QApplication

from flowviz import __version__
from flowviz.core.resources import resource


def run_app() -> int:
    """Open the window and stay until it is closed; returns the exit status."""
    multiprocessing.freeze_support()
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("flowviz")
    application.setApplicationDisplayName("flowviz")
    application.setOrganizationName("flowviz")
    application.setApplicationVersion(__version__)
    application.setWindowIcon(QIcon(str(resource("icons/app.svg"))))
    _choose_font(application)
    log = _start_log()

    from flowviz.engine.film_process import ProcessStudio
    from flowviz.engine.process import ProcessBackend
    from flowviz.gui.main_window import MainWindow
    from flowviz.gui.theme.theme import Theme

    settings = QSettings()
    choice = settings.value("theme", "system")
    theme = Theme(application, choice if choice in ("light", "dark") else "system")
    backend = ProcessBackend()
    window = MainWindow(backend, ProcessStudio(), theme, settings)
    _catch_the_unexpected(window, log)
    application.aboutToQuit.connect(window.shut_down)
    window.resize(window.sizeHint().boundedTo(window.screen().availableSize()))
    window.show()
    try:
        return application.exec()
    finally:
        window.shut_down()


def _choose_font(application: QApplication) -> None:
    """The system's own font, never smaller than people can read from the second row."""
    font = QFont(application.font())
    font.setPixelSize(13)
    application.setFont(font)


def _start_log() -> Path:
    """Where unexpected errors are written down."""
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))
    path = folder / "flowviz.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return path


def _catch_the_unexpected(window: object, log: Path) -> None:
    """Anything unexpected goes to the log file and to the error bar, never to a person as a traceback."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        logging.getLogger("flowviz").error("unexpected: %s", details)
        show = getattr(window, "show_error", None)
        if show is not None:
            show("Something unexpected happened; the window goes on.", f"The log file {log} has the details.", details)

    sys.excepthook = hook
