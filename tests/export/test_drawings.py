"""Vector stills: the same marks as in pixels."""

import base64
import re
import xml.etree.ElementTree as ET
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import resvg_py
from film_runs import a_run, names, small
from PIL import Image

from flowviz.core.drawing import Block, Clipped, Dots, Drawing, Faces, Picture, Shapes, Strokes, Words
from flowviz.core.errors import FileError
from flowviz.engine.film import FilmPainter, render_film, still
from flowviz.export import writer_for

SVG = "{http://www.w3.org/2000/svg}"
LAYERS = ("target", "particles", "trails")


def paint_svg(path):
    return np.asarray(Image.open(BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=path.read_text())))).convert("RGB"))


def streams(data):
    """The decompressed streams of a PDF."""
    found = []
    for body in re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        with_ascii = body.strip().removesuffix(b"~>")
        for raw in (body.strip(b"\r\n"), body):
            try:
                found.append(zlib.decompress(raw))
                break
            except zlib.error:
                continue
        else:
            try:
                found.append(zlib.decompress(base64.a85decode(with_ascii)))
            except (ValueError, zlib.error):
                found.append(body)
    return found


def test_an_svg_shows_what_the_painter_paints(tmp_path):
    film = small(
        width=480, height=320, layers=LAYERS, t=0.5, theme="light", parts=("title", "clock", "legend", "scale")
    )
    drawn = paint_svg(render_film(a_run(), film, tmp_path / "still.svg")).astype(float)
    painted = FilmPainter(a_run(), still(film), 1).picture(0).astype(float)
    assert drawn.shape == painted.shape and names(tmp_path) == ["still.svg"]
    for low in (0, 160, 240):  # the same ink in the same places, coarsely: opacities add up a little differently
        a, b = (
            255 - image[low : low + 80].reshape(80 // 16, 16, 30, 16, 3).mean(axis=(1, 3)) for image in (drawn, painted)
        )
        assert np.abs(a - b).max() < 16 and np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.98


def test_an_svg_has_no_shape_that_a_program_without_clipping_would_draw(tmp_path):
    root = ET.parse(render_film(a_run(), small(layers=LAYERS), tmp_path / "still.svg")).getroot()
    clips = list(root.iter(f"{SVG}clipPath"))
    assert clips and clips == [clip for defs in root.iter(f"{SVG}defs") for clip in defs]


def test_an_svg_has_one_element_for_each_mark_and_its_words_as_outlines(tmp_path):
    film = small(layers=("particles",), t=1.0, parts=("title", "clock"), width=480, height=320)
    root = ET.parse(render_film(a_run(), film, tmp_path / "still.svg")).getroot()
    assert len(root.findall(f".//{SVG}circle")) == 200
    words = [path.get("aria-label") for path in root.findall(f".//{SVG}path")]
    assert "CNF on Eight Gaussians" in words and any("t = 1.00" in word for word in words)
    assert not root.findall(f".//{SVG}text") and root.find(f"{SVG}title").text == "CNF on Eight Gaussians"


def test_a_pdf_has_its_fonts_in_it_and_a_page_of_its_size(tmp_path):
    film = small(layers=LAYERS, t=1.0, parts=("title", "clock"))
    data = render_film(a_run(), film, tmp_path / "still.pdf").read_bytes()
    assert data.startswith(b"%PDF") and re.search(rb"/MediaBox \[ 0 0 144 96 \]", data)
    assert data.count(b"/FontFile2") == 2 == data.count(b"/BaseFont")  # none is named that is not in it
    assert b"CNF on Eight Gaussians" in data  # the title's; words are glyph numbers
    content = max(streams(data), key=lambda stream: stream.count(b" c"))
    assert content.count(b" c") >= 4 * 200  # four curves make a dot


def test_the_same_film_gives_the_same_pdf(tmp_path):
    film = small(layers=LAYERS)
    first, second = (render_film(a_run(), film, tmp_path / name).read_bytes() for name in ("a.pdf", "b.pdf"))
    assert first == second


EVERYTHING = Drawing(
    100,
    80,
    (
        Block((0, 0, 100, 10), "#ff0000", 0.5),
        Dots(np.array([[20.0, 30.0], [30.0, 30.0]]), 6.0, ("#00ff00", "#0000ff"), 1.0),
        Strokes(np.array([[[10.0, 50.0], [50.0, 50.0], [90.0, 50.0]]]), "#00aa00", 4.0, (1.0, 0.0)),
        Shapes(np.array([[[60.0, 20.0], [80.0, 20.0], [70.0, 40.0]]]), "#112233", 1.0),
        Picture(np.full((2, 2, 4), (0, 0, 200, 255), np.uint8), (10, 60, 20, 10)),
        Clipped((40, 60, 10, 10), (Block((40, 60, 40, 10), "#cc00cc"),)),
        Words("A & <b>", 95, 78, 10, "#000000", "end", True),
    ),
    Faces("", ""),
    "All & everything",
)


def test_every_item_of_a_drawing_reaches_the_svg(tmp_path):
    writer_for(tmp_path / "all.svg").save(tmp_path / "all.svg", EVERYTHING)
    image = Image.open(BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=(tmp_path / "all.svg").read_text()))))
    at = {
        place: image.getpixel(place) for place in [(50, 5), (20, 30), (30, 30), (30, 50), (70, 50), (70, 25), (20, 65)]
    }
    assert at[50, 5][:2] == (255, 0) and 120 < at[50, 5][3] < 135
    assert at[20, 30] == (0, 255, 0, 255) and at[30, 30] == (0, 0, 255, 255)
    assert at[30, 50] == (0, 170, 0, 255) and at[70, 50][3] == 0
    assert at[70, 25] == (17, 34, 51, 255) and at[20, 65] == (0, 0, 200, 255)
    assert image.getpixel((45, 65))[3] == 255 and image.getpixel((60, 65))[3] == 0  # clipped
    assert np.asarray(image)[68:79, 60:95, 3].max() == 255  # words in the face that is always there


def test_every_item_of_a_drawing_reaches_the_pdf(tmp_path):
    writer_for(tmp_path / "all.pdf").save(tmp_path / "all.pdf", EVERYTHING)
    data = (tmp_path / "all.pdf").read_bytes()
    assert b"/Image" in data and b"/FontFile2" in data and b"/ca .5" in data


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_drawings_go_only_where_one_may_write(suffix):
    with pytest.raises(FileError, match="cannot be written"):
        render_film(a_run(), small(), Path("/proc") / f"still{suffix}")
