"""Families of methods, in the order in which people meet them."""

from __future__ import annotations

from typing import Literal, get_args

MethodGroup = Literal["Likelihood", "Simulation-free", "Between two data sets", "Without a network"]
METHOD_GROUPS: tuple[str, ...] = get_args(MethodGroup)
