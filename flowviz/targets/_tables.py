"""Tables of numbers in text files: the dialect is found, the bad cell is named."""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.spec import Array

MOST_ROWS = 5_000_000
_LOOK_BYTES = 1 << 17
_LOOK_LINES = 400
_MISSING = {"", "nan", "na", "n/a", "null", "none", "-", "?", "."}
_WORDS = ("NA", "N/A", "n/a", "null", "NULL", "None", "none", "-", "?", " ")  # the usual ways to write a gap
_BLOCK = 1 << 23  # characters rewritten at a time
_GROUPED = {  # thousands set apart: 1,234.5 (without its point 1,234 could be a decimal comma) and 1.234,5 or 1.234
    ".": re.compile(r"[-+]?\d{1,3}(,\d{3})+\.\d*"),
    ",": re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"),
}
_DELIMITERS: tuple[str | None, ...] = ("\t", ";", "|", ",", None)  # None: any white space


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that can be chosen from.

    Attributes:
        names: of all columns ("x", or "column 1" where the file gives none).
        numeric: which columns hold numbers.
        preview: the first rows, as texts.
        read: (n, k) float64 of k columns by their indices, NaN where a cell is missing, at most
            5 000 001 rows; raises FileError.
        notes: what a person should know of how the file was read.
    """

    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    preview: tuple[tuple[str, ...], ...]
    read: Callable[[tuple[int, ...]], Array]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file writes a table.

    Attributes:
        delimiter: between cells; None for any white space.
        decimal: "." or ",".
        skip: lines before the first row of numbers.
        encoding: of the file.
    """

    delimiter: str | None
    decimal: str
    skip: int
    encoding: str

    def split(self, line: str) -> list[str]:
        """The cells of one line, without blanks and quotes."""
        if self.delimiter is None:
            return [cell.strip("\"'") for cell in line.split()]
        if '"' in line:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=self.delimiter, skipinitialspace=True))]
        return [cell.strip() for cell in line.split(self.delimiter)]

    def number(self, cell: str) -> float:
        """The cell's number, NaN where it says that there is none.

        Raises:
            ValueError: it is a text.
        """
        if cell.lower() in _MISSING:
            return np.nan
        if self.decimal == ",":
            if "." in cell:
                if not _GROUPED[","].fullmatch(cell):
                    raise ValueError(cell)  # 1.5 among 2,5: one of them would be read wrongly
                cell = cell.replace(".", "")
            cell = cell.replace(",", ".")
        elif "," in cell and _GROUPED["."].fullmatch(cell):
            cell = cell.replace(",", "")
        if "_" in cell:
            raise ValueError(cell)
        return float(cell)


def text_table(path: Path) -> Table:
    """The table in a text file; only its beginning is read.

    Raises:
        FileError: no table of at least two columns. OSError as the system raises it.
    """
    lines, encoding = _beginning(path)
    rows = [(number, line) for number, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if not rows:
        raise FileError(f"{path.name} is empty.", "Choose a file with two columns of numbers.")
    dialect, width = _dialect(path, [line for _, line in rows], encoding)
    cells = [(number, dialect.split(line)) for number, line in rows]
    start = next(index for index, (_, row) in enumerate(cells) if len(row) == width)
    body = [row for _, row in cells[start:] if len(row) == width]
    has_header, numeric = _header(body, dialect)
    names = body[0] if has_header else _comment_names(lines, cells[start][0], dialect, width)
    body = body[1:] if has_header else body
    skip = cells[start][0] + (1 if has_header else 0)
    dialect = Dialect(dialect.delimiter, dialect.decimal, skip, encoding)
    if not any(numeric):
        raise FileError(
            f"{path.name} holds no columns of numbers; line {cells[start][0] + 1} reads {_short(rows[start][1])}.",
            "Choose a file with two columns of numbers.",
        )
    notes = []
    if start:
        left = "line before the table was" if start == 1 else f"{start} lines before the table were"
        notes.append(f"The {left} left out.")
    return Table(
        names=tuple(name or f"column {index + 1}" for index, name in enumerate(names)),
        numeric=tuple(numeric),
        preview=tuple(tuple(row) for row in body[:50]),
        read=lambda columns: _read(path, dialect, columns, names),
        notes=tuple(notes),
    )


def _beginning(path: Path) -> tuple[list[str], str]:
    """The file's first lines and its encoding."""
    with path.open("rb") as file:
        data = file.read(_LOOK_BYTES)
    if not data:
        raise FileError(f"{path.name} is empty.", "Choose a file with two columns of numbers.")
    encoding = "utf-8"
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            encoding = name
    whole = len(data) < _LOOK_BYTES
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, whole)
    except UnicodeDecodeError:
        encoding, text = "latin-1", data.decode("latin-1")
    if "\0" in text:
        raise FileError(f"{path.name} is no text file.", "Choose a CSV, TSV, TXT, NPY or NPZ file.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return (lines if whole or len(lines) < 2 else lines[:-1])[:_LOOK_LINES], encoding


def _dialect(path: Path, lines: list[str], encoding: str) -> tuple[Dialect, int]:
    """The delimiter and decimal sign that turn most cells into numbers, and the number of columns."""
    best: tuple[float, Dialect, int] | None = None
    quoted = any('"' in line for line in lines)
    for delimiter in _DELIMITERS:
        for decimal in (".", ","):
            if delimiter == decimal and not quoted:
                continue
            dialect = Dialect(delimiter, decimal, 0, encoding)
            rows = [dialect.split(line) for line in lines]
            width = Counter(len(row) for row in rows[-len(rows) * 3 // 4 :]).most_common(1)[0][0]
            fitting = [row for row in rows if len(row) == width]
            cells = [cell for row in fitting for cell in row]
            share = sum(_is_number(dialect, cell) for cell in cells) / len(cells) * len(fitting) / len(rows)
            if width >= 2 and share > 0 and (best is None or share > best[0] + 1e-9):
                best = share, dialect, width
    if best is not None:
        return best[1], best[2]
    plain = Dialect(None, ".", 0, encoding)
    if any(_is_number(plain, line.strip()) or _is_number(Dialect(None, ",", 0, ""), line.strip()) for line in lines):
        raise FileError(f"{path.name} has only one column.", "A distribution in the plane needs two: x and y.")
    cells = [cell.strip().lower() for line in lines[1:] for cell in re.split(r"[\t;|,]", line)]
    if cells and all(cell in _MISSING for cell in cells):
        raise FileError(
            f"Every row of {path.name} lacks a number.", "Fill the missing numbers, or choose another file."
        )
    raise FileError(
        f"{path.name} holds no table of numbers; its first line reads {_short(lines[0])}.",
        "Choose a file with two columns of numbers.",
    )


def _is_number(dialect: Dialect, cell: str) -> bool:
    """Whether the cell is a number (missing ones do not count)."""
    try:
        return cell.lower() not in _MISSING and dialect.number(cell) is not None
    except ValueError:
        return False


def _header(body: list[list[str]], dialect: Dialect) -> tuple[bool, list[bool]]:
    """Whether the first row names the columns, and which columns hold numbers."""
    rest = body[1:] or body
    numeric = []
    for index in range(len(body[0])):
        present = [row[index] for row in rest if row[index].lower() not in _MISSING]
        good = sum(_is_number(dialect, cell) for cell in present)
        numeric.append(
            2 * good >= len(present) and (good > 0 or any(c.lower() == "nan" for c in (r[index] for r in rest)))
        )
    first = [cell for cell, number in zip(body[0], numeric, strict=True) if number]
    texts = [cell for cell in first if cell.lower() not in _MISSING and not _is_number(dialect, cell)]
    # One odd cell in a first row of numbers is a mistake in the data, not a row of names.
    return 2 * len(texts) > len(first), numeric


def _comment_names(lines: list[str], start: int, dialect: Dialect, width: int) -> list[str]:
    """Names from a comment line right above the numbers (as numpy.savetxt writes them), or none."""
    above = lines[start - 1].strip() if start else ""
    if above.startswith("#"):
        words = dialect.split(above.lstrip("# "))
        if len(words) == width and not any(_is_number(dialect, word) for word in words):
            return words
    return [""] * width


def _read(path: Path, dialect: Dialect, columns: tuple[int, ...], names: Sequence[str]) -> Array:
    """Some columns (n, k): quickly where every cell is a plain number, less so where commas or gaps must be
    rewritten first, and cell by cell where that fails, to say which cell it is."""
    ways = [_read_quickly] if dialect.decimal == "." else []
    ways += [_read_rewritten] if dialect.delimiter != dialect.decimal else []
    for way in ways:
        try:
            return way(path, dialect, columns)
        except (ValueError, IndexError, OverflowError):
            continue  # a missing or bad cell: the next, more careful way finds it
    try:
        return _read_carefully(path, dialect, columns, names)
    except _DecimalComma:
        return _read(path, Dialect(dialect.delimiter, ",", dialect.skip, dialect.encoding), columns, names)


def _read_quickly(path: Path, dialect: Dialect, columns: tuple[int, ...]) -> Array:
    return _parse(path, dialect, columns, dialect.skip, MOST_ROWS + 1)


def _read_rewritten(path: Path, dialect: Dialect, columns: tuple[int, ...]) -> Array:
    """As `_read_quickly`, after decimal commas and gaps have been rewritten, block by block."""
    parts: list[Array] = []
    left = MOST_ROWS + 1
    with path.open(encoding=dialect.encoding, errors="replace") as file:
        for _ in range(dialect.skip):
            file.readline()
        while left > 0 and (block := file.read(_BLOCK)):
            block += file.readline()
            if dialect.decimal == ",":
                if _points_in(block, dialect.delimiter):
                    raise ValueError("a decimal point where commas are expected")
                block = block.replace(",", ".")
            parts.append(_parse(io.StringIO(_filled(block, dialect.delimiter)), dialect, columns, 0, left))
            left -= len(parts[-1])
    return np.concatenate(parts) if parts else np.zeros((0, len(columns)))


def _points_in(block: str, delimiter: str | None) -> bool:
    """Whether a cell is a number with a point but no comma, which the replacement would misread."""
    ends = r"\s\"'" + (re.escape(delimiter) if delimiter else "")
    return re.search(rf"(?<![^{ends}])[-+]?\d*\.\d+(?![^{ends}])", block) is not None


def _filled(block: str, delimiter: str | None) -> str:
    """The lines with nan in every empty cell and for every word that means none."""
    if delimiter is None:
        return block
    gap, d = f"{delimiter}nan", delimiter
    block = block.replace(d + d, gap + d).replace(d + d, gap + d).replace(d + "\n", gap + "\n")
    block = block.replace("\n" + d, "\nnan" + d)
    block = f"nan{block}" if block.startswith(d) else block
    block = f"{block}nan" if block.endswith(d) else block
    for word in _WORDS:
        if word in block:
            ends = f"[^{re.escape(d)}\n]"
            block = re.sub(rf"(?<!{ends}){re.escape(word)}(?!{ends})", "nan", block)
    return block


def _parse(source: Path | io.StringIO, dialect: Dialect, columns: tuple[int, ...], skip: int, rows: int) -> Array:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of files without rows; that is our own sentence
        return np.loadtxt(
            source,
            delimiter=dialect.delimiter,
            skiprows=skip,
            usecols=columns,
            comments="#",
            quotechar='"',
            ndmin=2,
            encoding=dialect.encoding,
            max_rows=rows,
        )


class _DecimalComma(Exception):
    """A cell further down shows that the file writes 1,5."""


def _read_carefully(path: Path, dialect: Dialect, columns: tuple[int, ...], names: Sequence[str]) -> Array:
    values = array("d")
    points = False  # whether some number has been written with a decimal point
    for number, line in _lines(path, dialect):
        cells = dialect.split(line)
        if len(cells) <= max(columns):
            raise FileError(
                f"{path.name}, line {number} has {len(cells)} column{'s' if len(cells) > 1 else ''}, "
                f"too few to hold column {max(columns) + 1}: {_short(line)}.",
                "Give every row the same columns, or remove that line.",
            )
        for column in columns:
            try:
                values.append(dialect.number(cells[column]))
                points = points or "." in cells[column]
            except ValueError:
                bad = cells[column]
                comma = dialect.decimal == "." and dialect.delimiter != "," and re.fullmatch(r"[-+]?\d*,\d+", bad)
                if comma and not points:
                    raise _DecimalComma from None
                where = f"column {names[column] or column + 1}"
                raise FileError(
                    f"{path.name}, line {number}, {where} holds the text {_short(bad)} where a number belongs.",
                    "Correct or remove that line, or choose another column.",
                ) from None
        if len(values) > len(columns) * MOST_ROWS:
            break
    return np.frombuffer(values, dtype=np.float64).reshape(-1, len(columns))


def _lines(path: Path, dialect: Dialect) -> Iterator[tuple[int, str]]:
    """Lines that hold data, with their numbers counted from 1."""
    with path.open(encoding=dialect.encoding, errors="replace") as file:
        for number, line in enumerate(file, 1):
            if number > dialect.skip:
                line = line.split("#", 1)[0] if "#" in line else line
                if line.strip():
                    yield number, line.rstrip("\n")


def _short(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:37] + "...")
