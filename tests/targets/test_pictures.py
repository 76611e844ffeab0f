"""Pictures and typed text as densities."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from flowviz.core.errors import FileError, UserError
from flowviz.core.spec import TargetSpec
from flowviz.targets import build
from flowviz.targets import fonts as fonts_module
from flowviz.targets.fonts import BUILT_IN, available_fonts, load_font
from flowviz.targets.loading import LoadOptions, image_target, load_target, text_target
from flowviz.targets.text import TextParams, text_data


def _corner_mark(mode="L", ground=255, mark=0, size=(200, 100)) -> Image.Image:
    """A picture with a mark in its upper left tenth."""
    image = Image.new(mode, size, ground)
    image.paste(mark, (10, 5, 30, 15))
    return image


def _centre(target) -> np.ndarray:
    low, high = target.bounds()
    return (low + high) / 2


def _marked_place(image: Image.Image) -> list[float]:
    """Where the mark of a 200 x 100 picture lies on the stage: 7 units for 200 pixels, y upwards."""
    return [(20 - 100) * 7 / 200, (50 - 10) * 7 / 200]


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "jpg"])
def test_a_dark_mark_on_white_lands_where_it_is(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    image = _corner_mark("RGB", (255, 255, 255), (0, 0, 0))
    image.save(path, **({"lossless": True} if suffix == "webp" else {"quality": 95} if suffix == "jpg" else {}))
    target = build(load_target(path, LoadOptions(params={"threshold": 0.5})).spec)
    assert _centre(target) == pytest.approx(_marked_place(image), abs=0.06)
    low, high = target.bounds()
    assert high - low == pytest.approx([0.7, 0.35], abs=0.08)


def test_svg_is_drawn_with_its_aspect(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100">'
        '<rect x="10" y="5" width="20" height="10"/></svg>'
    )
    target = build(load_target(path).spec)
    assert _centre(target) == pytest.approx(_marked_place(_corner_mark()), abs=0.03)


def test_automatic_takes_the_ink_and_not_the_ground():
    dark, light = (image_target(_corner_mark(ground=g, mark=255 - g), "a") for g in (255, 0))
    assert _centre(build(dark.spec)) == pytest.approx(_centre(build(light.spec)))


def test_the_other_ink_can_be_chosen():
    spec = image_target(_corner_mark(), "a", {"invert": "light is dense"}).spec
    low, high = build(spec).bounds()
    assert high - low == pytest.approx([7.0, 3.5])
    assert build(spec).log_density(np.array([_marked_place(_corner_mark())]))[0] == -np.inf


def test_transparent_pixels_carry_no_mass_whatever_their_colour():
    for ink in (0, 255):
        image = Image.new("RGBA", (200, 100), (255 - ink, ink, 40, 0))
        image.paste((ink, ink, ink, 255), (10, 5, 30, 15))
        assert _centre(build(image_target(image, "a").spec)) == pytest.approx(_marked_place(image), abs=0.03)


def test_half_as_dark_is_half_as_dense_and_the_threshold_cuts():
    image = Image.new("L", (40, 40), 255)
    image.paste(0, (5, 15, 15, 25))
    image.paste(128, (25, 15, 35, 25))
    x = build(image_target(image, "a").spec).sample(50_000, np.random.default_rng(0))
    assert (x[:, 0] > 0).mean() == pytest.approx(1 / 3, abs=0.01)
    x = build(image_target(image, "a", {"threshold": 0.6}).spec).sample(1000, np.random.default_rng(0))
    assert (x[:, 0] < 0).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_kind_of_pixel_is_read(mode, tmp_path):
    grey = _corner_mark()
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.asarray(grey).astype(np.uint16 if mode == "I;16" else np.int32) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(grey).astype(np.float32) / 255)
    else:
        image = grey.convert(mode)
    assert _centre(build(image_target(image, "a").spec)) == pytest.approx(_marked_place(image), abs=0.03)


def test_exif_turns_the_picture_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    _corner_mark().save(tmp_path / "a.png", exif=exif)
    x, y = _marked_place(_corner_mark())
    assert _centre(build(load_target(tmp_path / "a.png").spec)) == pytest.approx([-x, -y], abs=0.03)


def test_big_pictures_are_shrunk_and_stay_in_place():
    big = _corner_mark(size=(200, 100)).resize((5000, 2500), Image.Resampling.NEAREST)
    spec = image_target(big, "a").spec
    assert max(spec.data["density"].shape) == 512
    assert _centre(build(spec)) == pytest.approx(_marked_place(big), abs=0.03)


def _png_header(width: int, height: int) -> bytes:
    """A tiny PNG that claims to be huge."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [11_000, 30_000])
def test_a_picture_of_far_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, side):
    (tmp_path / "huge.png").write_bytes(_png_header(side, side))
    with pytest.raises(FileError, match=r"huge\.png is too large: .*100 million is the most"):
        load_target(tmp_path / "huge.png")


def test_a_picture_that_is_cut_short_is_refused(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)).save(buffer, "PNG")
    (tmp_path / "cut.png").write_bytes(buffer.getvalue()[:-5000])
    with pytest.raises(FileError, match=r"cut\.png is damaged"):
        load_target(tmp_path / "cut.png")


@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (0, 0, 0, 0)])
def test_an_empty_page_says_so(colour):
    with pytest.raises(UserError, match=r"blank (has no visible parts|is wholly transparent)"):
        image_target(Image.new("RGBA", (50, 50), colour), "blank")


def test_bytes_from_the_clipboard_are_a_picture():
    buffer = io.BytesIO()
    _corner_mark().save(buffer, "PNG")
    assert image_target(buffer.getvalue(), "clipboard").spec.key == "image"
    with pytest.raises(FileError, match="clipboard is not a picture"):
        image_target(b"nothing", "clipboard")


def test_pictures_have_no_columns(tmp_path):
    _corner_mark().save(tmp_path / "a.png")
    with pytest.raises(UserError, match="has no columns"):
        load_target(tmp_path / "a.png", LoadOptions(("x", "y")))


# ---- text ---------------------------------------------------------------------------------------------------------


def test_text_spans_the_stage_and_reads_left_to_right_and_upright():
    target = build(text_target("L").spec)
    low, high = target.bounds()
    assert (high - low).max() == pytest.approx(7.0, abs=0.1)
    x = target.sample(4000, np.random.default_rng(0))
    left_top = np.mean((x[:, 0] < 0) & (x[:, 1] > 0.5))
    right_top = np.mean((x[:, 0] > 0.5) & (x[:, 1] > 0.5))
    assert left_top > 0.2 and right_top < 0.02


def test_several_lines_stand_below_one_another():
    one, two = (build(text_target(text).spec).bounds() for text in ("iiii", "iiii\\niiii"))
    aspect = [(high - low)[1] / (high - low)[0] for low, high in (one, two)]
    assert aspect[1] > 1.5 * aspect[0]


def test_a_text_can_be_rebuilt_without_its_font():
    params = TextParams(text="flow", font=BUILT_IN)
    data = {**text_data(params)}
    data["written"] = np.frombuffer(b"Lost Font\0flow", dtype=np.uint8)
    spec = TargetSpec("text", {"text": "flow", "font": "Lost Font"}, data)
    assert build(spec).entropy() == pytest.approx(build(text_target("flow").spec).entropy())


def test_a_changed_text_is_drawn_anew():
    old = text_target("old").spec
    changed = TargetSpec("text", {**old.params, "text": "new"}, old.data)
    assert build(changed).entropy() == pytest.approx(build(text_target("new").spec).entropy())


@pytest.mark.parametrize(("text", "sentence"), [("", "empty"), (" \\n ", "empty"), ("a" * 300, "300 characters")])
def test_text_without_letters_is_refused(text, sentence):
    with pytest.raises(UserError, match=sentence):
        text_target(text)


def test_installed_fonts_are_found_by_name_and_all_can_write():
    names = available_fonts()
    assert names[0] == BUILT_IN and len(set(names)) == len(names)
    for name in names[:20]:
        assert load_font(name, 20) is not None
    if len(names) > 1:
        assert build(text_target("Ag", names[1].upper()).spec).entropy() > 0


def test_fonts_in_a_folder_of_the_person_are_found(tmp_path, monkeypatch):
    font = load_font(BUILT_IN, 20)
    (tmp_path / "fonts").mkdir()
    source = font.path
    source.seek(0)
    (tmp_path / "fonts" / "mine.ttf").write_bytes(source.read())
    (tmp_path / "fonts" / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts_module, "font_folders", lambda: [tmp_path / "fonts", tmp_path / "absent"])
    fonts_module._installed.cache_clear()
    try:
        assert len(available_fonts()) == 2
        assert load_font(available_fonts()[1], 12) is not None
    finally:
        fonts_module._installed.cache_clear()


def test_an_unknown_font_gets_a_suggestion():
    with pytest.raises(UserError, match="no font called 'Nonesuch Sans'"):
        text_target("hello", "Nonesuch Sans")
