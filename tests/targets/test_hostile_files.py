"""Files made to mislead, to crash or to reach for others."""

import gzip

import numpy as np
import pytest
from PIL import Image

from flowviz.core.errors import FileError, UserError
from flowviz.targets.fonts import available_fonts
from flowviz.targets.loading import load_target, target_from_text

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100">'


def _points(path, text):
    path.write_text(text)
    return target_from_text(str(path)).spec.data["points"]


@pytest.mark.parametrize("reference", ["file://{}", "{}", "ink.png", "&e;"])
def test_a_drawing_takes_nothing_from_other_files(tmp_path, reference):
    ink = tmp_path / "ink.png"
    Image.new("RGB", (9, 9)).save(ink)
    entity = f'<!DOCTYPE svg [<!ENTITY e "{ink}">]>'
    picture = f'<image xlink:href="{reference.format(ink)}" x="9" width="50" height="50"/>'
    (tmp_path / "a.svg").write_text(f"{entity}{SVG}{picture}</svg>")
    with pytest.raises(UserError, match="transparent"):
        load_target(tmp_path / "a.svg")


def test_a_drawing_that_crashes_the_library_is_refused_with_a_sentence(tmp_path):
    (tmp_path / "a.svg").write_text(SVG + '<g opacity="0.5">' * 900 + "<circle r='40'/>" + "</g>" * 900 + "</svg>")
    with pytest.raises(FileError, match=r"a\.svg is no SVG that can be drawn: it is nested too deeply\. Save"):
        load_target(tmp_path / "a.svg")


def test_a_packed_drawing_that_blows_up_is_refused(tmp_path):
    (tmp_path / "a.svgz").write_bytes(gzip.compress(SVG.encode() + b" " * 60_000_000 + b"</svg>"))
    with pytest.raises(FileError, match="more than 50 MB"):
        load_target(tmp_path / "a.svgz")


def test_packed_and_utf_16_drawings_are_drawn(tmp_path):
    text = f"{SVG}<circle cx='50' cy='50' r='30'/></svg>"
    (tmp_path / "a.svgz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.svg").write_bytes(text.encode("utf-16"))
    first, second = (load_target(tmp_path / name).spec.data for name in ("a.svgz", "b.svg"))
    assert first["density"].shape == (256, 512) and np.array_equal(first["alpha"], second["alpha"])


def test_a_page_of_postscript_that_is_called_png_is_not_handed_to_another_program(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png", "EPS")
    with pytest.raises(FileError, match="not a picture"):
        load_target(tmp_path / "a.png")


@pytest.mark.skipif(len(available_fonts()) < 2, reason="no fonts are installed here")
def test_letters_of_a_drawing_whose_font_is_missing_are_drawn_in_another(tmp_path):
    words = '<text x="10" y="60" font-size="40" font-family="Nobody Has This">Hi</text>'
    (tmp_path / "a.svg").write_text(f"{SVG}{words}</svg>")
    assert load_target(tmp_path / "a.svg").spec.data["alpha"].max() == 1


@pytest.mark.parametrize("shape", ["(True, 2)", "(0, 99999999999999999999999)"])
def test_an_array_with_an_impossible_shape_is_refused(tmp_path, shape):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (tmp_path / "a.npy").write_bytes(head + header + bytes(32))
    with pytest.raises(FileError, match="shape"):
        load_target(tmp_path / "a.npy")


def test_thousands_in_quotes_are_not_taken_for_decimal_commas(tmp_path):
    points = _points(tmp_path / "a.csv", 'x,y\n"1,000.5","2,000.25"\n"12,001.5","3.5"\n')
    assert np.array_equal(points, [[1000.5, 2000.25], [12001.5, 3.5]])


def test_thousands_with_points_are_read_where_commas_are_decimal(tmp_path):
    points = _points(tmp_path / "a.csv", "x;y\n1.234,5;2,5\n1.234;3,5\n0,5;1,5\n")
    assert np.array_equal(points, [[1234.5, 2.5], [1234, 3.5], [0.5, 1.5]])


@pytest.mark.parametrize("rows", ["1.5;2.5\n" * 500 + "2,5;1\n", "1,5;2,5\n" * 500 + "2.5;1,5\n"])
def test_decimal_commas_among_decimal_points_are_named_not_guessed(tmp_path, rows):
    with pytest.raises(FileError, match=r"line 501, column 1 holds the text '2[.,]5'"):
        _points(tmp_path / "a.csv", rows)


def test_a_single_point_is_called_so(tmp_path):
    with pytest.raises(FileError, match="a single point"):
        _points(tmp_path / "a.csv", "1,2\n")


def test_columns_called_x_and_y_come_before_a_running_number(tmp_path):
    assert np.array_equal(_points(tmp_path / "a.csv", ",y,x\n0,5,6\n1,7,9\n"), [[6, 5], [9, 7]])


def test_words_that_are_no_valid_text_are_drawn_or_refused_not_tripped_over():
    assert target_from_text("text:a\udcff").spec.data["density"].max() > 0
