"""Pictures and drawings to files, one file per format. No Qt."""

from flowviz.export._base import EXPORTERS as EXPORTERS
from flowviz.export._base import Dither as Dither
from flowviz.export._base import DrawingWriter as DrawingWriter
from flowviz.export._base import Exporter as Exporter
from flowviz.export._base import FilmWriter as FilmWriter
from flowviz.export._base import Shape as Shape
from flowviz.export._base import WriterCancelled as WriterCancelled
from flowviz.export._base import clear_working_files as clear_working_files
from flowviz.export._base import nbytes_of as nbytes_of
from flowviz.export._base import suffix_words as suffix_words
from flowviz.export._base import suffixes as suffixes
from flowviz.export._base import writer_for as writer_for
