import errno
import os
import stat
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest
from film_runs import names, read_mp4
from PIL import Image

from flowviz.core.errors import FileError
from flowviz.export import Shape, WriterCancelled, clear_working_files, suffixes, writer_for
from flowviz.export.gif import GifWriter, gif_delay

RED, BLUE = (200, 30, 20), (20, 40, 210)


def write(path, colours, width=64, height=48, fps=20, alpha=False):
    writer = writer_for(path)
    writer.open(path, Shape(width, height, fps, alpha))
    for colour in colours:
        writer.write(np.full((height, width, 3), colour, np.uint8))
    writer.close()


FILMS = (".mp4", ".gif", ".frames", ".webm", ".webp")


def test_films_come_first_and_the_best_of_them_before_all():
    assert suffixes() == (*FILMS, ".pdf", ".png", ".svg")


def test_an_mp4_has_the_asked_size_rate_length_and_colours(tmp_path):
    write(tmp_path / "film.mp4", [RED] * 10 + [BLUE] * 15)
    head, pictures = read_mp4(tmp_path / "film.mp4")
    assert head["size"] == (64, 48) and head["fps"] == 20 and len(pictures) == 25
    assert head["codec"] == "h264" and head["pix_fmt"] == "yuv420p(tv, bt709, progressive)"
    assert np.abs(pictures[0].mean(axis=(0, 1)) - RED).max() < 8
    assert np.abs(pictures[-1].mean(axis=(0, 1)) - BLUE).max() < 8


def test_an_mp4_can_start_before_it_is_loaded_to_its_end(tmp_path):
    write(tmp_path / "film.mp4", [RED] * 5)
    data = (tmp_path / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_gif_loops_for_ever_with_the_asked_pictures(tmp_path):
    write(tmp_path / "film.gif", [RED] * 3 + [BLUE] * 2)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (64, 48) and film.info["loop"] == 0
        times, colours = [], []
        for index in range(film.n_frames):
            film.seek(index)
            times.append(film.info["duration"])
            colours.append(np.asarray(film.convert("RGB")).mean(axis=(0, 1)))
    assert sum(times) == 5 * 50
    assert np.abs(colours[0] - RED).max() < 8 and np.abs(colours[-1] - BLUE).max() < 8


SEE_THROUGH = (200, 30, 20, 0)


def moving(width=64, height=48):
    """Pictures of an opaque square that moves over nothing, and where its middle is."""
    for left in (4, 20, 36):
        picture = np.zeros((height, width, 4), np.uint8)
        picture[12:36, left : left + 24] = (*RED, 255)
        yield picture, left + 12


def opacities(path):
    """The opacity (height, width) of each picture of a film or a still."""
    if path.is_dir():
        return [np.asarray(Image.open(name).convert("RGBA"))[..., 3] for name in sorted(path.iterdir())]
    found = []
    with Image.open(path) as film:
        for index in range(getattr(film, "n_frames", 1)):
            film.seek(index)
            found.append(np.asarray(film.convert("RGBA"))[..., 3].copy())
    return found


@pytest.mark.parametrize("suffix", [".webp", ".gif", ".frames"])
def test_a_transparent_film_shows_each_picture_alone(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    writer = writer_for(path)
    writer.open(path, Shape(64, 48, 10, alpha=True))
    for picture, _ in moving():
        writer.write(picture)
    writer.close()
    found = opacities(path)
    assert len(found) == 3
    for alpha, (_, middle) in zip(found, moving(), strict=True):
        assert alpha[24, middle] > 250 and np.abs((alpha > 128).sum() - 24 * 24) < 60
    assert found[2][24, 10] < 5


def test_a_transparent_webm_says_so_and_plays(tmp_path):
    path = tmp_path / "film.webm"
    writer = writer_for(path)
    writer.open(path, Shape(64, 48, 10, alpha=True))
    for picture, _ in moving():
        writer.write(picture)
    writer.close()
    assert (
        b"AlphaMode" in path.read_bytes()
        or b"alpha_mode" in path.read_bytes().lower()
        or b"\x53\xc0" in path.read_bytes()
    )
    head, pictures = read_mp4(path)
    assert head["codec"] == "vp9" and len(pictures) == 3


def test_a_webm_has_the_asked_size_rate_length_and_colours(tmp_path):
    write(tmp_path / "film.webm", [RED] * 10 + [BLUE] * 15)
    head, pictures = read_mp4(tmp_path / "film.webm")
    assert head["codec"] == "vp9" and head["size"] == (64, 48) and head["fps"] == 20 and len(pictures) == 25
    assert np.abs(pictures[0].mean(axis=(0, 1)) - RED).max() < 8
    assert np.abs(pictures[-1].mean(axis=(0, 1)) - BLUE).max() < 8


def test_a_webp_loops_for_ever_with_the_asked_length(tmp_path):
    write(tmp_path / "film.webp", [RED] * 3 + [BLUE] * 2)
    with Image.open(tmp_path / "film.webp") as film:
        assert film.size == (64, 48) and film.info["loop"] == 0 and film.n_frames == 5
        times = []
        for index in range(film.n_frames):
            film.seek(index)
            film.load()
            times.append(film.info["duration"])
        assert sum(times) == 5 * 50 and np.abs(np.asarray(film.convert("RGB")).mean(axis=(0, 1)) - BLUE).max() < 8


def test_a_png_is_the_picture_itself(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 4), np.uint8)
    path = tmp_path / "still.png"
    writer = writer_for(path)
    writer.open(path, Shape(64, 48, alpha=True))
    writer.write(picture)
    writer.close()
    assert np.array_equal(np.asarray(Image.open(path)), picture) and names(tmp_path) == [path.name]


def test_a_sequence_is_numbered_and_replaces_only_a_sequence(tmp_path):
    path = tmp_path / "film.frames"
    for count in (3, 2):
        write(path, [RED] * count)
        assert names(path) == [f"{index + 1:05d}.png" for index in range(count)] and names(tmp_path) == [path.name]
    (path / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match="holds other things"):
        write(path, [RED])
    assert (path / "notes.txt").read_text() == "mine"


def changes(folder, dither):
    """Share of neighbouring pixels of a smooth ramp of 4096 colours that differ in a GIF of it."""
    ramp = np.zeros((64, 64, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(64) * 4, np.arange(64)[:, None] * 4
    writer = writer_for(folder / "film.gif")
    writer.open(folder / "film.gif", Shape(64, 64, 10, dither=dither))
    writer.write(ramp)
    writer.close()
    with Image.open(folder / "film.gif") as film:
        shown = np.asarray(film.convert("RGB")).astype(float)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) <= 256
    return (np.diff(shown, axis=1) != 0).any(axis=-1).mean()


def test_a_gif_mixes_colours_as_chosen(tmp_path):
    assert changes(tmp_path, "none") < changes(tmp_path, "bayer") < changes(tmp_path, "diffuse")


@pytest.mark.skipif(sys.platform != "linux", reason="a device that is always full")
@pytest.mark.parametrize("suffix", [".png"])
def test_a_full_disk_is_said_in_a_sentence(tmp_path, monkeypatch, suffix):
    from flowviz.export import _base

    monkeypatch.setattr(_base, "working_file", lambda path, kind, process=None: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(FileError, match="No space left on device"):
        _base.write_whole(tmp_path / f"still{suffix}", b"x" * 100_000)


@pytest.mark.parametrize(("fps", "delay"), [(1, 100), (10, 10), (20, 5), (30, 3), (50, 2), (60, 2), (120, 2)])
def test_gif_delays_are_whole_hundredths_and_never_below_two(fps, delay):
    assert gif_delay(fps) == delay and GifWriter.rate(fps) == 100 / delay


@pytest.mark.parametrize("name", ["film.avi", "film"])
def test_an_unknown_suffix_is_refused_in_a_sentence(tmp_path, name):
    with pytest.raises(FileError) as caught:
        writer_for(tmp_path / name)
    assert name in caught.value.message and ".mp4, .gif, " in caught.value.hint


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileError, match="there is no folder"):
        writer_for(tmp_path / "nowhere" / "film.mp4")


def test_a_folder_is_not_a_film(tmp_path):
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        writer_for(tmp_path / "film.mp4")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that nobody may write to, even root")
def test_a_folder_without_the_right_to_write_is_named():
    with pytest.raises(FileError, match="cannot be written to /proc"):
        writer_for(Path("/proc/film.mp4"))


def fake_encoder(folder, monkeypatch, script):
    program = folder / "encoder.sh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))


@pytest.mark.skipif(os.name != "posix", reason="a shell script plays the encoder")
@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webm", ".webp"])
def test_an_encoder_that_dies_is_quoted_and_the_old_film_stays(tmp_path, monkeypatch, suffix):
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / f"film{suffix}"
    path.write_bytes(b"older film")
    fake_encoder(tmp_path, monkeypatch, "echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1")
    with pytest.raises(FileError, match="No space left on device"):
        write(path, [RED] * 400, 320, 240)
    assert path.read_bytes() == b"older film" and names(path.parent) == [path.name]


@pytest.mark.skipif(os.name != "posix", reason="a path that cannot be run")
def test_an_encoder_that_cannot_be_started_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "missing"))
    with pytest.raises(FileError, match="cannot be started"):
        write(tmp_path / "film.mp4", [RED])


@pytest.mark.parametrize("suffix", [*FILMS, ".png"])
def test_aborting_leaves_nothing(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    writer = writer_for(path)
    writer.open(path, Shape(64, 48, 20))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.abort()
    writer.abort()
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webm", ".webp"])
def test_cancelling_while_the_film_is_finished_leaves_nothing(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    writer = writer_for(path)
    writer.open(path, Shape(640, 480, 20))
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    for shift in range(12):
        writer.write(np.roll(noise, shift * 31, axis=1))
    with pytest.raises(WriterCancelled):
        writer.close(lambda: True)
    assert names(tmp_path) == []


def test_what_a_killed_process_left_can_be_cleared(tmp_path):
    path = tmp_path / "film.gif"
    for kind in ("part.gif", "lossless.mkv", "palette.png"):
        (tmp_path / f".film.gif.4711.{kind}").touch()
    (tmp_path / ".film.gif.4712.part.gif").touch()
    clear_working_files(path, 4711)
    assert names(tmp_path) == [".film.gif.4712.part.gif"]


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".frames"])
def test_memory_does_not_grow_with_length(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    writer = writer_for(path)
    picture = np.zeros((120, 160, 3), np.uint8)
    writer.open(path, Shape(160, 120, 50))
    tracemalloc.start()
    try:
        for index in range(600):
            picture[:, index % 160] = index % 251
            writer.write(picture)
        writer.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 600 pictures are 35 MB
    assert peak < 2 * picture.nbytes + 1_000_000
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ".webm", ".webp"])
def test_the_encoders_memory_does_not_grow_with_length(tmp_path, suffix):
    writer = writer_for(tmp_path / f"film{suffix}")
    picture = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    writer.open(tmp_path / f"film{suffix}", Shape(160, 120, 50))
    encoder, taken = psutil.Process(writer._encoder._process.pid), []
    for index in range(420):
        writer.write(np.roll(picture, index, axis=1))
        if index in (140, 419):
            taken.append(encoder.memory_info().rss)
    writer.abort()
    # noise hardly shrinks: 279 pictures are 16 MB, and their WebP some 6
    assert taken[1] - taken[0] < 3e6


def test_a_disk_that_is_full_amid_a_sequence_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    writer = writer_for(tmp_path / "film.frames")
    writer.open(tmp_path / "film.frames", Shape(64, 48, 20))
    writer.write(np.zeros((48, 64, 3), np.uint8))

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="No space left on device"):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.abort()
    assert names(tmp_path) == []


def test_export_needs_neither_qt_nor_torch():
    code = "import sys, flowviz.export as e; e.suffixes(); print('torch' in sys.modules, 'PySide6' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
