"""SVG files, drawn in a process of their own: the drawing library can crash or hang on a hostile file, and must not
take the window with it."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import xml.etree.ElementTree as ElementTree
import zlib
from multiprocessing.connection import Connection
from pathlib import Path

from flowviz.core.errors import FileError

MOST_BYTES = 50_000_000  # unpacked
_PATIENCE_S = 30.0
_REMEDY = "Save it again as PNG in another program."
_PICTURES = ("image", "feImage")


def draw_svg(path: Path, side: int) -> bytes:
    """An SVG or SVGZ file drawn as a PNG of at most side x side pixels. Nothing that it refers to is opened.

    Raises:
        FileError: no SVG, damaged, too large, or one that cannot be drawn. OSError as the system raises it.
    """
    data = _unpacked(path)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_draw_and_send, args=(data, side, theirs), name="flowviz-svg", daemon=True)
    try:
        process.start()
        theirs.close()
        if not ours.poll(_PATIENCE_S):
            raise FileError(f"{path.name} takes too long to draw.", _REMEDY)
        drawn, answer = ours.recv()
    except EOFError:
        raise FileError(f"{path.name} is no SVG that can be drawn: it is nested too deeply.", _REMEDY) from None
    finally:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()
    if not drawn:
        raise FileError(f"{path.name} is no SVG that can be drawn: {answer.rstrip('.')}.", _REMEDY)
    return bytes(answer)


def without_references(data: bytes) -> str:
    """The document as text without anything that it would take from other files or from the network.

    Entities are expanded, so that no other spelling of a reference is left. Pictures inside the file stay.

    Raises:
        ElementTree.ParseError: no XML. RecursionError: nested too deeply.
    """
    root = ElementTree.fromstring(data)
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag.rpartition("}")[2] not in _PICTURES:
            continue
        for name in [name for name in element.attrib if name.rpartition("}")[2] == "href"]:
            if not element.attrib[name].startswith(("data:", "#")):
                del element.attrib[name]
    return ElementTree.tostring(root, encoding="unicode")


def _unpacked(path: Path) -> bytes:
    """The bytes of the file, decompressed where need be."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"{path.name} is damaged: {error}.", _REMEDY) from error
    if len(data) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        raise FileError(f"{path.name} is too large: more than {most} MB of SVG.", "Save it as PNG first.")
    if not data.strip():
        raise FileError(f"{path.name} is no SVG that can be drawn: it is empty.", _REMEDY)
    return data


def _draw_and_send(data: bytes, side: int, pipe: Connection) -> None:
    """What the process does: sends (True, PNG) or (False, what is wrong)."""
    try:
        import resvg_py

        text = without_references(data)
        serif = _fallback_font() if "text" in text else None
        drawn = resvg_py.svg_to_bytes(svg_string=text, width=side, height=side, serif_family=serif)
        pipe.send((True, bytes(drawn)))
    except RecursionError:
        pipe.send((False, "it is nested too deeply"))
    except BaseException as error:  # resvg's panics are no Exceptions
        pipe.send((False, (str(error) or type(error).__name__).splitlines()[0]))
    finally:
        pipe.close()


def _fallback_font() -> str | None:
    """An installed family for letters whose own font is missing, which the library would leave out."""
    from flowviz.targets.fonts import available_fonts

    installed = available_fonts()[1:]
    usual = ("Times New Roman", "DejaVu Serif", "Liberation Serif", "DejaVu Sans", "Noto Sans")
    return next((name for name in usual if name in installed), installed[0] if installed else None)
