"""Files that the system hands over by an event, as macOS does."""

import os
import subprocess
import sys

CHILD = """
import sys
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QFileOpenEvent
from flowviz.gui.application import Application

application, opened = Application(["flowviz"]), []
def give(path):
    QCoreApplication.postEvent(application, QFileOpenEvent(path))
    QCoreApplication.processEvents()
give("/first.flowviz")
give("/second.flowviz")
assert opened == []
application.listen(opened.append)
assert opened == ["/second.flowviz"], opened
give("/third.flowviz")
assert opened == ["/second.flowviz", "/third.flowviz"], opened
print("as it should be")
"""


def test_a_file_given_by_an_event_is_opened_even_when_it_comes_before_the_window():
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    answer = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, env=environment, check=False)
    assert answer.stdout.strip() == "as it should be", answer.stderr
