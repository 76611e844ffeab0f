"""What to learn: distributions in two or three dimensions. numpy only; one file per family."""

from flowviz.targets._base import TARGETS as TARGETS
from flowviz.targets._base import Frame as Frame
from flowviz.targets._base import HasLogDensity as HasLogDensity
from flowviz.targets._base import HasMixture as HasMixture
from flowviz.targets._base import Target as Target
from flowviz.targets._base import build as build
from flowviz.targets._base import dim_of as dim_of
from flowviz.targets._source import StandardNormal as StandardNormal
from flowviz.targets._source import build_source as build_source
from flowviz.targets._source import offer_of as offer_of
from flowviz.targets._source import offer_of_spec as offer_of_spec
