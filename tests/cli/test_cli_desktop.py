import configparser
import sys
import xml.etree.ElementTree as ET

import pytest

from flowviz.cli import run_cli
from flowviz.cli_desktop import _quoted, places, program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a Linux desktop's files")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")  # the desktop's own programs need not be here


def test_the_entry_starts_this_flowviz_with_a_file_and_knows_its_type(capsys):
    assert run_cli(["desktop"]) == 0
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str
    entry.read(places()["entry"], encoding="utf-8")
    fields = entry["Desktop Entry"]
    assert fields["Exec"] == f"{program()} %f" and fields["MimeType"] == "application/x-flowviz;"
    assert fields["Icon"] == places()["icon"].stem and "<svg" in places()["icon"].read_text()
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    kind = ET.parse(places()["type"]).getroot().find(f"{space}mime-type")
    assert kind.get("type") == "application/x-flowviz" and kind.find(f"{space}glob").get("pattern") == "*.flowviz"
    assert program() in capsys.readouterr().out


def test_it_can_be_taken_out_again():
    assert run_cli(["desktop"]) == 0
    assert run_cli(["desktop", "--remove"]) == 0 and run_cli(["desktop", "--remove"]) == 0
    assert not any(path.exists() for path in places().values())


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("/opt/flowviz", "/opt/flowviz"), ("/my apps/flowviz", '"/my apps/flowviz"'), ("/50%/f", "/50%%/f")],
)
def test_programs_with_odd_names_are_quoted(word, quoted):
    assert _quoted(word) == quoted
