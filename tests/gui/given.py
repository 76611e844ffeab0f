"""What a person gives to the target page, and how a test waits for what it says."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter


def told(panel, qtbot):
    return qtbot.waitSignal(panel.notice, check_params_cb=lambda message, hint: bool(message))


def settled(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.is_busy(), timeout=20000)


def picture(path):
    image = QImage(60, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.fillRect(10, 10, 20, 20, Qt.GlobalColor.black)
    painter.end()
    if path:
        image.save(str(path))
    return image


def table(path, columns=3, rows=200):
    rng = np.random.default_rng(0)
    names = ",".join("abcdefgh"[:columns])
    np.savetxt(
        path, rng.normal(size=(rows, columns)) * 10 ** np.arange(columns), delimiter=",", header=names, comments=""
    )
    return str(path)
