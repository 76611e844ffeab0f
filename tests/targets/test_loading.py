"""Files become targets, or one clear sentence that names file, place and remedy."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowviz.core.errors import FileError, UserError
from flowviz.core.spec import FlowSpec, RunSpec, from_json, to_json
from flowviz.targets import build, loading
from flowviz.targets.loading import LoadOptions, load_table, load_target, pasted_points, preset_target, target_from_text

PAIRS = np.array([[1.5, -2.0], [3.25, 4e3], [-0.125, 0.0], [7.0, 1e-3]])


def _file(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _npy(array, **kwargs) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **kwargs)
    return buffer.getvalue()


def _points(path: Path, **options) -> np.ndarray:
    return load_target(path, LoadOptions(**options)).spec.data["points"]


# ---- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x,y\n1.5,-2\n3.25,4e3\n-0.125,0\n7,0.001\n"),
        ("no_header.csv", "1.5,-2\n3.25,4e3\n-0.125,0\n7,0.001"),
        ("spaces.csv", " x , y \n 1.5 , -2 \n 3.25, 4e3\n-0.125,0\n7,0.001\n"),
        ("excel.csv", "x;y\n1,5;-2\n3,25;4000\n-0,125;0\n7;0,001\n"),
        ("thousands.csv", "x;y\n1,5;-2,0\n3,25;4.000,0\n-0,125;0,0\n7,0;0,001\n"),
        ("a.tsv", "x\ty\n1.5\t-2\n3.25\t4e3\n-0.125\t0\n7\t0.001\n"),
        ("german.tsv", "x\ty\r\n1,5\t-2\r\n3,25\t4e3\r\n-0,125\t0\r\n7\t0,001\r\n"),
        ("blank.txt", "1.5 -2\n3.25   4e3\n\n-0.125 0\n   7 0.001\n\n"),
        ("comma_blank.txt", "1,5 -2\n3,25 4000\n-0,125 0\n7 0,001\n"),
        ("comments.txt", "# made by numpy\n# x y\n1.5 -2\n3.25 4e3\n# half\n-0.125 0\n7 0.001\n"),
        ("quoted.csv", '"x","y"\n"1.5","-2"\n"3.25","4e3"\n"-0.125","0"\n"7","0.001"\n'),
        ("quoted_comma.csv", '"x","y"\n"1,5","-2"\n"3,25","4000"\n"-0,125","0"\n"7","0,001"\n'),
        ("pipe.txt", "x|y\n1.5|-2\n3.25|4e3\n-0.125|0\n7|0.001\n"),
        ("mac.csv", "x,y\r1.5,-2\r3.25,4e3\r-0.125,0\r7,0.001\r"),
        ("preamble.csv", "Export of today\nsecond line\nx,y\n1.5,-2\n3.25,4e3\n-0.125,0\n7,0.001\n"),
        ("bom.csv", "\ufeffx,y\n1.5,-2\n3.25,4e3\n-0.125,0\n7,0.001\n"),
    ],
)
def test_every_way_of_writing_a_table_gives_the_same_points(tmp_path, name, text):
    np.testing.assert_allclose(_points(_file(tmp_path, name, text)), PAIRS)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_spreadsheet_encodings_are_read(tmp_path, encoding):
    path = _file(tmp_path, "a.csv", "größe;y\n1.5;-2\n3.25;4000\n-0.125;0\n7;0.001\n".encode(encoding))
    np.testing.assert_allclose(_points(path), PAIRS)
    assert load_table(path).names == ("größe", "y")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(*[st.floats(-1e9, 1e9).map(lambda v: float(f"{v:.6g}"))] * 2), min_size=2, max_size=30),
    st.sampled_from([",", ";", "\t", " ", "|"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_dialect_comes_back_as_written(tmp_path_factory, rows, delimiter, comma, header, newline):
    points = np.array(rows)
    if (points == points[0]).all():
        return
    comma = comma and delimiter != ","

    def cell(value):
        return f"{value:.1f}".replace(".", ",") if comma else repr(value)

    if comma:
        points = np.round(points, 1)
        if (points == points[0]).all():
            return
    lines = [delimiter.join(cell(v) for v in row) for row in points.tolist()]
    text = newline.join(([f"left{delimiter}right"] if header else []) + lines)
    path = _file(tmp_path_factory.mktemp("dialect"), "a.csv", text)
    np.testing.assert_allclose(_points(path), points, rtol=1e-12)


def test_of_many_columns_the_first_two_of_numbers_are_taken_and_said(tmp_path):
    path = _file(tmp_path, "iris.csv", "kind,w,h,d\nrose,1,2,3\ntulip,4,5,6\nlily,7,8,10\n")
    loaded = load_target(path)
    np.testing.assert_array_equal(loaded.spec.data["points"], [[1, 2], [4, 5], [7, 8]])
    assert loaded.notes[0] == "iris.csv has 4 columns; w and h were taken as x and y."
    table = load_table(path)
    assert table.names == ("kind", "w", "h", "d") and table.numeric == (False, True, True, True)
    assert table.preview[0] == ("rose", "1", "2", "3")


@pytest.mark.parametrize("columns", [("d", "w"), (4, 2), ("4", "2")])
def test_columns_are_chosen_by_name_or_number(tmp_path, columns):
    path = _file(tmp_path, "iris.csv", "kind,w,h,d\nrose,1,2,3\ntulip,4,5,6\n")
    np.testing.assert_array_equal(_points(path, columns=columns), [[3, 1], [6, 4]])


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (("w", "z"), "has no column z"),
        ((1, 2), "Column kind of iris.csv holds text"),
        (("w",), "1 column was chosen"),
        ((0, 1), "no column 0"),
    ],
)
def test_columns_that_are_not_there_are_named(tmp_path, columns, sentence):
    path = _file(tmp_path, "iris.csv", "kind,w,h,d\nrose,1,2,3\ntulip,4,5,6\n")
    with pytest.raises(UserError, match=sentence):
        load_target(path, LoadOptions(columns))


@pytest.mark.parametrize("gap", ["", "NaN", "NA", "null", "-", " "])
def test_rows_that_lack_a_number_are_dropped_and_counted(tmp_path, gap):
    loaded = load_target(_file(tmp_path, "a.csv", f"x,y\n1,2\n3,{gap}\n{gap},4\n5,6\n7,8\n"))
    np.testing.assert_array_equal(loaded.spec.data["points"], [[1, 2], [5, 6], [7, 8]])
    assert loaded.notes[0] == "2 rows with missing numbers were dropped."


def test_a_decimal_comma_far_down_is_understood(tmp_path):
    text = "".join(f"{i};{i % 7}\n" for i in range(2000)) + "3,5;4,5\n"
    assert _points(_file(tmp_path, "a.csv", text))[-1].tolist() == [3.5, 4.5]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "", r"a\.csv is empty\. Choose a file"),
        ("a.csv", "\n\n# nothing\n", r"a\.csv is empty"),
        ("a.csv", "1\n2\n3\n", r"a\.csv has only one column\. A distribution in the plane needs two"),
        ("a.csv", "kind,x\na,1\nb,2\n", r"a\.csv has only one column of numbers: x\."),
        ("a.csv", "x,y\n1,2\n3,4\n5,six\n7,8\n", r"a\.csv, line 4, column y holds the text 'six' where a number belongs\. Correct"),  # noqa: E501
        ("a.csv", "1,2\n3,4\n\n5,six\n7,8\n", r"a\.csv, line 4, column 2 holds the text 'six'"),
        ("a.csv", "x,y\n1,2\n3\n5,6\n7,8\n", r"a\.csv, line 3 has 1 column, too few"),
        ("a.csv", "x,y\nnan,nan\nnan,1\n", r"Every row of a\.csv lacks a number"),
        ("a.csv", "x,y\n1,2\n3,inf\n", r"a\.csv, row 2 of the numbers holds an infinite number"),
        ("a.csv", "x,y\n1,2\n3,1e300\n", r"a\.csv, row 2 .* 1e\+300, which is too large"),
        ("a.csv", "x,y\n1,2\n1,2\n1,2\n", r"All 3 points of a\.csv are equal"),
        ("a.csv", "x,y\n", r"a\.csv h"),
        ("a.csv", "x,y\nnan,nan\n,\n", r"Every row of a\.csv lacks a number"),
        ("a.txt", "To be or not to be\nthat is the question\n", r"a\.txt holds no table of numbers; its first line reads"),  # noqa: E501
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", r"a\.csv is no text file"),
        ("a.xlsx", b"PK", r"a\.xlsx is of a kind that flowviz does not read\. It reads \.csv"),
        ("a", "1,2", "of a kind that flowviz does not read"),
        ("a.npy", b"", r"a\.npy is empty"),
        ("a.npy", b"hello world", r"a\.npy is no NPY file"),
        ("a.npy", _npy(np.array([[1, "a"], [None, 2]], dtype=object), allow_pickle=True), r"a\.npy holds pickled Python objects"),  # noqa: E501
        ("a.npy", _npy(np.zeros((3, 2), complex)), r"a\.npy holds complex numbers"),
        ("a.npy", _npy(np.zeros(3, [("x", float), ("y", float)])), r"a\.npy holds records with the fields x, y"),
        ("a.npy", _npy(np.array([["a", "b"]])), r"a\.npy holds str\d+ values where numbers belong"),
        ("a.npy", _npy(np.arange(5.0)), r"a\.npy has only one column: an array of shape \(5,\)"),
        ("a.npy", _npy(np.ones((5, 1))), r"a\.npy has only one column"),
        ("a.npy", _npy(np.float64(3)), r"a\.npy has only one column"),
        ("a.npy", _npy(np.zeros((0, 2))), r"a\.npy holds an array without numbers"),
        ("a.npy", _npy(np.zeros((3, 4, 5))), r"a\.npy holds an array of shape \(3, 4, 5\), not a table"),
        ("a.npy", _npy(np.array([[1.0, np.inf], [0, 1]])), r"a\.npy, row 1 .* infinite"),
        ("a.npy", _npy(np.zeros((9, 2)))[:-20], r"a\.npy is cut short or damaged: its header promises 18 numbers"),
        ("a.npz", b"", r"a\.npz is empty"),
        ("a.npz", b"PK not a zip", r"a\.npz is no NPZ file, or damaged"),
        ("a.png", b"", r"a\.png is not a picture that can be read"),
        ("a.jpg", b"\xff\xd8\xff\xe0 junk", r"a\.jpg is (not a picture|damaged)"),
        ("a.svg", "", r"a\.svg is no SVG that can be drawn"),
        ("a.svg", "<html></html>", r"a\.svg is no SVG that can be drawn"),
    ],
)  # fmt: skip
def test_bad_files_get_one_sentence_with_place_and_remedy(tmp_path, name, content, sentence):
    with pytest.raises(FileError, match=sentence) as caught:
        load_target(_file(tmp_path, name, content))
    assert "\n" not in str(caught.value) and caught.value.message.endswith(".") and caught.value.hint.endswith(".")


def test_an_npy_header_that_lies_about_its_size_is_not_believed(tmp_path):
    honest = _npy(np.zeros((9, 2)))
    lying = honest.replace(b"(9, 2), }" + b" " * 11, b"(900000000000, 2), }")
    assert len(lying) == len(honest) and lying != honest
    with pytest.raises(FileError, match=r"promises 1,800,000,000,000 numbers, and it holds 18"):
        load_target(_file(tmp_path, "a.npy", lying))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileError, match=r"There is no file called .*gone\.csv"):
        load_target(tmp_path / "gone.csv")
    with pytest.raises(FileError, match="is a folder"):
        load_target(tmp_path)


@pytest.mark.parametrize("name", ["a.csv", "a.npy", "a.npz", "a.png", "a.svg"])
def test_a_file_that_vanishes_while_it_is_read_is_named(tmp_path, monkeypatch, name):
    monkeypatch.setattr(loading, "_check_file", lambda path: None)
    with pytest.raises(FileError, match=rf"{name} vanished while it was being read\. Put it back"):
        load_target(tmp_path / name)


def test_a_table_that_vanishes_between_looking_and_reading_is_named(tmp_path):
    path = _file(tmp_path, "a.csv", "x,y\n1,2\n3,4\n")
    table = load_table(path)
    path.unlink()
    with pytest.raises(FileError, match=r"a\.csv vanished"):
        loading.points_target(table, "a.csv")


def test_more_rows_than_the_limit_are_left_out_and_said(tmp_path, monkeypatch):
    from flowviz.targets import _tables

    monkeypatch.setattr(_tables, "MOST_ROWS", 3)
    monkeypatch.setattr(loading, "MOST_ROWS", 3)
    loaded = load_target(_file(tmp_path, "a.csv", "".join(f"{i},{i * i}\n" for i in range(10))))
    assert len(loaded.spec.data["points"]) == 3
    assert "Only the first 3 rows were read." in loaded.notes


def test_a_constant_column_is_loaded_with_a_word_of_warning(tmp_path):
    loaded = load_target(_file(tmp_path, "a.csv", "x,y\n1,2\n3,2\n"))
    assert "y is constant" in loaded.notes[0]


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "u1", "f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_any_number_type_is_read(tmp_path, dtype, order):
    array = np.array([[1, 2], [3, 4], [5, 7]], dtype=dtype, order=order)
    np.testing.assert_array_equal(_points(_file(tmp_path, "a.npy", _npy(array))), array)


def test_two_long_rows_are_taken_as_x_and_y(tmp_path):
    loaded = load_target(_file(tmp_path, "a.npy", _npy(np.arange(20.0).reshape(2, 10))))
    assert loaded.spec.data["points"].shape == (10, 2)
    assert "two rows" in loaded.notes[0]


def test_npz_gives_its_table_or_its_columns(tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.arange(3), points=PAIRS)
    np.savez_compressed(tmp_path / "b.npz", x=PAIRS[:, 0], y=PAIRS[:, 1])
    np.testing.assert_array_equal(_points(tmp_path / "a.npz"), PAIRS)
    np.testing.assert_array_equal(_points(tmp_path / "b.npz", columns=("y", "x")), PAIRS[:, ::-1])
    assert load_table(tmp_path / "b.npz").names == ("x", "y")


def test_npz_without_a_table_says_why(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    np.savez(tmp_path / "b.npz", x=np.array([None], dtype=object))
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    for name, sentence in (("a", "only one column"), ("b", "pickled Python objects"), ("c", "holds no arrays")):
        with pytest.raises(FileError, match=sentence):
            load_target(tmp_path / f"{name}.npz")


def test_a_spec_of_loaded_points_survives_json(tmp_path):
    spec = load_target(_file(tmp_path, "a.csv", "x,y\n1,2\n3,4\n")).spec
    run = RunSpec(spec, FlowSpec("cnf"))
    assert from_json(*to_json(run)) == run
    assert not spec.data["points"].flags.writeable


def test_pasted_cells_become_points():
    loaded = pasted_points("x\ty\n1\t2\n3\t4\n")
    assert loaded.spec.data["points"].tolist() == [[1, 2], [3, 4]] and loaded.spec.name == "clipboard"
    with pytest.raises(FileError, match="clipboard"):
        pasted_points("hello world")


# ---- words of the command line ------------------------------------------------------------------------------------


def test_a_key_alone_and_with_parameters():
    assert dict(target_from_text("rose").spec.params) == {"k": 4, "radius": 3.5, "noise": 0.07}
    spec = target_from_text("rose:k=5, noise=0.1").spec
    assert spec.params["k"] == 5 and spec.params["noise"] == 0.1 and spec.name == "Rose"
    assert preset_target("rose", {"k": 5, "noise": 0.1}).spec == spec


def test_a_file_with_and_without_columns(tmp_path):
    path = _file(tmp_path, "iris.csv", "w,h,d,l\n1,2,3,7\n4,5,6,8\n")
    assert target_from_text(str(path)).spec.data["points"].tolist() == [[1, 2], [4, 5]]
    assert target_from_text(f"{path}#d,1").spec.data["points"].tolist() == [[3, 1], [6, 4]]


def test_a_file_with_a_hash_in_its_name_is_itself(tmp_path):
    path = _file(tmp_path, "a#1,2.csv", "1,2\n4,5\n")
    assert target_from_text(str(path)).spec.name == "a#1,2.csv"


def test_typed_words():
    spec = target_from_text("text:Hi: there, you").spec
    assert spec.key == "text" and spec.params["text"] == "Hi: there, you"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("pinwhel", r"no target and no file called 'pinwhel'\. Did you mean pinwheel\?"),
        ("drawing", "no target and no file called 'drawing'"),
        ("rose:k", "Cannot read the parameter 'k'"),
        ("rose:petals=3", "no parameter called petals"),
        ("rose:k=99", "out of range"),
        ("nowhere/data.csv", r"There is no file called nowhere.data\.csv"),
        ("text:", "The text is empty"),
        ("", "no target and no file called ''"),
        ("a\0b.csv", "There is no file called"),
        ("x" * 5000, "no target and no file called"),
    ],
)
def test_words_that_name_nothing(word, sentence):
    with pytest.raises(UserError, match=sentence):
        target_from_text(word)


def test_every_preset_is_known_by_its_key():
    from flowviz.targets import TARGETS

    for key, cls in TARGETS.items():
        if cls.is_preset:
            assert build(target_from_text(key).spec).label == cls.label
