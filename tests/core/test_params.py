"""Declared parameters, inherited and restated."""

from dataclasses import dataclass

from flowviz.core.params import fields_of, from_mapping, param, restated


@dataclass(frozen=True)
class Base:
    rate: float = param(0.1, "Rate", lo=0.0, hi=1.0, live=True, help="How fast.")
    width: int = param(64, "Width", lo=4, hi=1024, unit="units", help="How wide.")


@dataclass(frozen=True)
class Derived(Base):
    noise: float = param(0.5, "Noise", help="How much.")
    rate: float = restated(Base, "rate", 0.2, hi=0.5)


def test_a_restated_parameter_keeps_its_place_and_whatever_it_does_not_restate():
    rate, width, noise = fields_of(Derived)
    assert (rate.name, width.name, noise.name) == ("rate", "width", "noise")
    assert (rate.default, rate.lo, rate.hi, rate.label, rate.live, rate.help) == (
        0.2,
        0.0,
        0.5,
        "Rate",
        True,
        "How fast.",
    )
    assert width == fields_of(Base)[1]


def test_restating_leaves_the_class_it_inherits_from_as_it_was():
    assert fields_of(Base)[0].default == Base().rate == 0.1
    assert Derived().rate == 0.2
    assert from_mapping(Derived, {"rate": "0.4"}) == Derived(rate=0.4)
