"""Which columns of a table become points: two or three of them, or their principal components."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowviz.core.errors import FileError, UserError
from flowviz.core.spec import Array
from flowviz.targets._tables import Table
from flowviz.targets.points import UNLIKE

Column = str | int
_COMPONENTS = re.compile(r"pca([23])", re.IGNORECASE)
_MOST_COLUMNS = 200
_AXES = "xyz"
_WEIGHTS = re.compile(r"((sample|sampling|case|row|point|survey|importance|frequency)[ _-]?weights?|weights|fnlwgt)")
"""Columns that are called so (in lower case) say how much a row counts and nothing else: taken by themselves."""
_PERHAPS = ("weight", "wt", "w", "mass", "density", "count", "counts")
"""These may say the same, or be measured like any other column (a person's weight): they are only offered."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What is taken from a table.

    Attributes:
        columns: indices of the columns that are read.
        weight: index of the column that says how much each row counts, or None.
        components: 2 or 3 principal components of the columns are taken; 0: the columns themselves.
        notes: what to say about the choice.
    """

    columns: tuple[int, ...]
    weight: int | None = None
    components: int = 0
    notes: tuple[str, ...] = ()


def picked(table: Table, name: str, wanted: Sequence[Column] = (), weights: Column | None = None) -> Picked:
    """What to take.

    Args:
        table: the table.
        name: what people call the file.
        wanted: two or three columns by name or by number counted from 1; ("pca2",) or ("pca3",); () for the
            columns called x, y (and z), all of a table of two or three columns, else the first two.
        weights: the column that says how much each row counts, by name or by number counted from 1; "" for none;
            None for one whose name means nothing else ("weights", "sample_weight", ...), and none where columns
            were wanted.

    Raises:
        FileError, UserError: there are no such columns, or they hold no numbers.
    """
    weight = _index(table, name, weights) if weights else None
    numeric = [index for index, is_number in enumerate(table.numeric) if is_number]
    if len(wanted) == 1 and (match := _COMPONENTS.fullmatch(str(wanted[0]))) and str(wanted[0]) not in table.names:
        return _components(table, name, [index for index in numeric if index != weight], int(match[1]), weight)
    if wanted:
        if len(wanted) not in (2, 3):
            hint = "Choose two (x and y) or three (x, y and z), or their principal components: pca2 or pca3."
            what = "1 column was" if len(wanted) == 1 else f"{len(wanted)} columns were"
            raise UserError(f"{what} chosen for {name}.", hint)
        return Picked(tuple(_index(table, name, column) for column in wanted), weight, 0, _weighed(table, weight))
    if len(numeric) < 2:
        only = f": {table.names[numeric[0]]}" if numeric else ""
        raise FileError(
            f"{name} has only one column of numbers{only}.", "A distribution in the plane needs two: x and y."
        )
    return _usual(table, name, numeric, weight, is_weight_open=weights is None)


def _components(table: Table, name: str, numeric: list[int], dim: int, weight: int | None) -> Picked:
    if len(numeric) < dim:
        raise UserError(f"{name} has {len(numeric)} columns of numbers, too few for {dim} components.", "Choose fewer.")
    if len(numeric) > _MOST_COLUMNS:
        raise UserError(f"{name} has {len(numeric)} columns, too many to turn.", f"Keep at most {_MOST_COLUMNS}.")
    return Picked(tuple(numeric), weight, dim, _weighed(table, weight))


def _usual(table: Table, name: str, numeric: list[int], weight: int | None, is_weight_open: bool) -> Picked:
    called = {table.names[index].strip().lower(): index for index in reversed(numeric)}
    if is_weight_open and len(numeric) > 2:
        weight = next((index for word, index in called.items() if _WEIGHTS.fullmatch(word)), None)
    rest = [index for index in numeric if index != weight]
    if len(rest) < 2:  # the person's own choice: the column is an axis too
        rest = numeric
    is_cloud = name.lower().endswith(".xyz")
    if {"x", "y"} <= called.keys():
        columns = tuple(called[axis] for axis in _AXES if axis in called)
    elif len(rest) == 3 and (is_cloud or len(rest) + (weight is not None) == len(table.names)):
        columns = tuple(rest)
    else:
        columns = tuple(rest[:2])
    if is_weight_open and weight is None and len(numeric) == 4 and len(columns) != 3 and is_cloud:
        columns, weight = tuple(numeric[:3]), numeric[3]
    notes = _said(table, name, columns, weight)
    unused = [word for word in _PERHAPS if word in called and called[word] not in columns]
    if is_weight_open and weight is None and unused:
        notes += (_offered(table.names[called[unused[0]]]),)
    return Picked(columns, weight, 0, notes)


def _offered(column: str) -> str:
    return (
        f"The column {column} was not used. If it says how much each point counts, choose it as Weights, "
        f'write "#weights={column}" behind the file\'s name, or call it "weights".'
    )


def _said(table: Table, name: str, columns: tuple[int, ...], weight: int | None) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if len(table.names) > len(columns) + (weight is not None):
        chosen = _listed([table.names[column] for column in columns])
        axes = _listed(list(_AXES[: len(columns)]))
        notes = (f"{name} has {len(table.names)} columns; {chosen} were taken as {axes}.",)
    return notes + _weighed(table, weight)


def _weighed(table: Table, weight: int | None) -> tuple[str, ...]:
    return () if weight is None else (f"The column {table.names[weight]} says how much each point counts.",)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _index(table: Table, name: str, column: Column) -> int:
    if isinstance(column, str) and column in table.names:
        index = table.names.index(column)
    elif str(column).isdecimal() and 1 <= int(column) <= len(table.names):
        index = int(column) - 1
    else:
        known = ", ".join(table.names[:12]) + (" ..." if len(table.names) > 12 else "")
        raise UserError(f"{name} has no column {column}.", f"Its columns: {known}.")
    if not table.numeric[index]:
        raise FileError(
            f"Column {table.names[index]} of {name} holds text where numbers belong.", "Choose another column."
        )
    return index


def principal_components(points: Array, dim: int) -> tuple[Array, str]:
    """The first principal components of points, and a sentence about the share of variance that they keep.

    Columns whose spreads differ more than fourfold (that includes other units) are scaled to equal spread
    first. Each component points to where its largest loading is positive.

    Args:
        points: (n, k) float64, finite, k >= dim.
        dim: how many components.

    Returns:
        (n, dim) float64, centred, and the sentence.
    """
    centred = points - points.mean(axis=0)
    spread = centred.std(axis=0)
    varying = spread[spread > 0]
    is_scaled = bool(len(varying)) and varying.max() > UNLIKE * varying.min()
    if is_scaled:
        centred = centred / np.where(spread > 0, spread, 1.0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    axes = axes[:, ::-1][:, :dim]
    axes = axes * np.sign(axes[np.argmax(np.abs(axes), axis=0), np.arange(dim)])
    share = float(variances[::-1][:dim].sum() / max(float(variances.sum()), np.finfo(np.float64).tiny))
    scaled = ", after each was scaled to the same spread" if is_scaled else ""
    sentence = (
        f"The first {dim} principal components of {points.shape[1]} columns keep {100 * share:.1f} % of their "
        f"variance{scaled}."
    )
    return centred @ axes, sentence
