"""Makes films and files of numbers in processes of their own. All it needs comes in on first use: the window opens
without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowviz.core.errors import UserError

if TYPE_CHECKING:
    from flowviz.core.data import DataJob, What
    from flowviz.core.film import FilmJob
    from flowviz.engine.film_preview import ProcessPreview
    from flowviz.engine.film_process import ProcessFilm


class ProcessStudio:
    """A core.film.FilmStudio of processes."""

    def suffixes(self) -> tuple[str, ...]:
        """File suffixes it can write (".mp4", ".gif")."""
        from flowviz.export import suffixes

        return suffixes()

    def data_suffixes(self, what: What) -> tuple[str, ...]:
        """File suffixes that something of a run can be written to."""
        from flowviz.engine.data_export import suffixes_for

        return suffixes_for(what)

    def preview(self, job: FilmJob) -> ProcessPreview:
        """Pictures of films of that job's run."""
        from flowviz.engine.film_preview import ProcessPreview

        return ProcessPreview(job)

    def start(self, job: FilmJob | DataJob) -> ProcessFilm:
        """Begin a film or a file; a path that cannot work becomes a FilmFailed before any process starts."""
        from flowviz.core.film import FilmFailed, FilmJob
        from flowviz.engine.film_process import ProcessFilm

        path = Path(job.path).expanduser().absolute()
        try:
            if isinstance(job, FilmJob):
                from flowviz.export import writer_for

                writer_for(path)
            else:
                from flowviz.engine.data_export import check_suffix

                check_suffix(path, job.what)
        except UserError as error:
            return ProcessFilm(path, None, [FilmFailed(error.message, error.hint)])
        return ProcessFilm(path, job, [])
