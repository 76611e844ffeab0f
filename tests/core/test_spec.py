import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of, from_mapping, param, parse_assignments, to_mapping
from flowviz.core.registry import Registry
from flowviz.core.sources import why_not
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec, from_json, to_json


@dataclass(frozen=True)
class Params:
    rate: float = param(1e-3, "Rate", lo=0.0, hi=1.0, live=True)
    width: int = param(64, "Width", lo=1)
    solver: str = param("rk4", "Solver", choices=("rk4", "euler"))
    exact: bool = param(True, "Exact")


SPEC = RunSpec(
    TargetSpec("points", {"standardise": True}, {"points": np.arange(6.0).reshape(3, 2)}, "three"),
    FlowSpec("cnf", {"width": 8}),
    Budget(steps=5),
    seed=7,
    recording=Recording(particles=3),
)


def test_a_spec_survives_json():
    document, arrays = to_json(SPEC)
    assert from_json(json.loads(json.dumps(document)), arrays) == SPEC


def test_a_spec_with_a_source_survives_json():
    source = TargetSpec("drawing", {}, {"density": np.eye(3)}, "a cross")
    document, arrays = to_json(replace(SPEC, source=source))
    assert set(arrays) == {"target/points", "source/density"}
    assert from_json(json.loads(json.dumps(document)), arrays).source == source


def test_a_spec_of_the_first_format_begins_from_noise():
    document, arrays = to_json(SPEC)
    del document["source"]
    assert from_json({**document, "schema": 1}, arrays) == SPEC


def test_what_a_method_asks_of_its_source_is_held_against_what_the_source_offers():
    assert why_not("FM", "samples", "Rings", "samples") == ""
    assert why_not("CNF", "density", "noise", "normal") == ""
    assert "smooth" in why_not("CNF", "density", "Drawing", "samples")
    assert "N(0, I)" in why_not("JKO", "normal", "Rings", "density")


def test_a_spec_of_a_newer_format_is_refused_with_a_sentence():
    document, arrays = to_json(SPEC)
    with pytest.raises(UserError, match="newer flowviz"):
        from_json({**document, "schema": 99}, arrays)


def test_a_spec_without_its_arrays_is_refused():
    document, _ = to_json(SPEC)
    with pytest.raises(UserError, match="incomplete"):
        from_json(document, {})


def test_the_fingerprint_tells_targets_apart():
    other = TargetSpec("points", {"standardise": True}, {"points": np.zeros((3, 2))}, "three")
    assert SPEC.target.fingerprint() == TargetSpec(**_fields(SPEC.target)).fingerprint()
    assert SPEC.target.fingerprint() != other.fingerprint()
    assert SPEC.target != other


def _fields(target):
    return {"key": target.key, "params": target.params, "data": target.data, "name": target.name}


def test_parameters_are_read_from_texts():
    params = from_mapping(Params, parse_assignments(["rate=0.5", "width=8", "exact=no"]))
    assert to_mapping(params) == {"rate": 0.5, "width": 8, "solver": "rk4", "exact": False}
    assert [field.name for field in fields_of(Params) if field.live] == ["rate"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("rate=2", "out of range"), ("rate=nan", "finite"), ("width=1.5", "whole"), ("solver=x", "Choose"),
     ("exact=maybe", "true or false"), ("nothing=1", "no parameter"), ("rate", "name=value")],
)  # fmt: skip
def test_bad_parameters_name_the_remedy(text, words):
    with pytest.raises(ParameterError, match=words):
        from_mapping(Params, parse_assignments([text]))


def test_a_registry_refuses_two_of_one_name_and_names_what_it_knows():
    registry: Registry[object] = Registry("thing", "flowviz.core")
    registry.register("a")(object)
    with pytest.raises(ValueError, match="two things"):
        registry.register("a")(object)
    with pytest.raises(UserError, match="Known: a"):
        registry.get("b")
    assert "a" in registry and "b" not in registry
