"""What flowviz is made of: versions and licences of everything that comes with it."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

from flowviz import __version__

DISTRIBUTION = "flowviz-explorer"
SENTENCE = "Draw a distribution, train a generative flow on it, and watch probability move."
QT_NOTICE = (
    "flowviz uses Qt through PySide6 under the GNU Lesser General Public License, version 3. Qt is linked as shared "
    "libraries that you may replace by your own build of the same version: the files of the package PySide6 (in the "
    "installed app: PySide6 and libQt6… in the folder _internal), and you may reverse engineer it to debug the change. "
    "The sources are at https://download.qt.io/official_releases/QtForPython/ and https://download.qt.io."
)
FFMPEG_NOTICE = (
    "Films are encoded by ffmpeg, which imageio-ffmpeg brings: a program of its own under the GNU General Public "
    "License, version 3, started beside flowviz and not linked to it. Its sources are at https://ffmpeg.org; you may "
    "put another one in its place with the variable IMAGEIO_FFMPEG_EXE."
)
_KNOWN = {
    "PySide6-Essentials": "LGPL-3.0-only",
    "imageio-ffmpeg": "BSD-2-Clause; ffmpeg: GPL-3.0",
    "torch": "BSD-3-Clause",
}
"""Where a package's own words say less than is needed."""
_DEVELOPERS_ONLY = ("extra == 'dev'", 'extra == "dev"')


@dataclass(frozen=True, slots=True)
class Component:
    """One part that is shipped.

    Attributes:
        name: of the distribution.
        version: "" where it is not installed.
        licence: its short name.
    """

    name: str
    version: str
    licence: str


def components() -> tuple[Component, ...]:
    """flowviz's installed dependencies, in the order of their names; () where they cannot be told."""
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    wanted = [text for text in required if not any(mark in text for mark in _DEVELOPERS_ONLY)]
    names = {re.split(r"[ <>=!~;\[(]", text)[0] for text in wanted} - {DISTRIBUTION}
    found = (_component(name) for name in sorted(names, key=str.lower))
    return tuple(component for component in found if component is not None)


def _component(name: str) -> Component | None:
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    classified = _classified(about.get_all("Classifier") or [])
    lines = [line for key in ("License-Expression", "License") for line in (about.get_all(key) or [""])[0].splitlines()]
    licence = _KNOWN.get(name) or classified or next((line.strip() for line in lines if line.strip()), "see its files")
    return Component(name, about["Version"], licence[:60])


def _classified(classifiers: list[str]) -> str:
    found = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    return ", ".join(found)


def about_text() -> str:
    """Everything as plain text."""
    lines = [f"flowviz {__version__}", SENTENCE, "MIT licence.", "", QT_NOTICE, "", FFMPEG_NOTICE, ""]
    return "\n".join([*lines, *(f"{c.name} {c.version}: {c.licence}" for c in components())])
