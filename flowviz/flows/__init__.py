"""How to learn: flow-based methods. torch, no Qt; one file per method."""

from flowviz.flows._base import FLOWS as FLOWS
from flowviz.flows._base import Flow as Flow
from flowviz.flows._base import HasBlocks as HasBlocks
from flowviz.flows._base import HasCoupling as HasCoupling
from flowviz.flows._base import HasLogDensity as HasLogDensity
from flowviz.flows._base import HasLogRatio as HasLogRatio
from flowviz.flows._base import HasLossFloor as HasLossFloor
from flowviz.flows._base import HasProcessBlocks as HasProcessBlocks
from flowviz.flows._base import HasRounds as HasRounds
from flowviz.flows._base import HasSde as HasSde
from flowviz.flows._base import HasStart as HasStart
from flowviz.flows._base import HasVelocity as HasVelocity
from flowviz.flows._base import Problem as Problem
from flowviz.flows._base import Transport as Transport
from flowviz.flows._source import Source as Source
