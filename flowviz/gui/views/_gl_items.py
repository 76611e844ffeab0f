"""Marks of three dimensions as items of pyqtgraph.opengl. Imported only where OpenGL is used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph.opengl as gl
from OpenGL import GL
from OpenGL.GL import shaders
from PySide6.QtGui import QMatrix4x4, QOpenGLContext

from flowviz.core.spec import Array
from flowviz.scene._box import box_lines, furniture
from flowviz.scene._lens import Lens
from flowviz.scene._splats import tones
from flowviz.scene.colour_maps import ENTRIES, colour_map, rgb, token_rgb
from flowviz.scene.marks import Arrows, Lines, Mark, Points, Room, Sheet, Shell
from flowviz.scene.projection import HAZE, LARGE, SMALL, haze_of, lit, sheet_axes, sheet_corners
from flowviz.scene.tokens import Tokens

_VERTEX = """
uniform mat4 u_mvp;
uniform mat4 u_modelview;
uniform float u_scale;
uniform vec3 u_stage;
uniform vec2 u_growth;
uniform vec4 u_depth;  // z of the far end, 1 / depth, haze, 1 for hazy points
{input} vec4 a_position;
{input} vec4 a_color;
{input} float a_size;
{output} vec4 v_color;
void main() {{
    gl_Position = u_mvp * a_position;
    vec4 place = u_modelview * a_position;
    float near = clamp((place.z - u_depth.x) * u_depth.y, 0.0, 1.0);
    v_color = vec4(mix(a_color.rgb, u_stage, u_depth.w * u_depth.z * (1.0 - near)), a_color.a);
    gl_PointSize = a_size * mix(1.0, mix(u_growth.x, u_growth.y, near), u_depth.w);
    if (u_scale != 0.0) gl_PointSize /= length(place.xyz) * u_scale;
}}
"""
_FRAGMENT = """
{input} vec4 v_color;
{declare}
void main() {{
    vec2 place = (gl_PointCoord - 0.5) * 2.0;
    if (dot(place, place) > 1.0) discard;
    {result} = v_color;
}}
"""


class HazyPoints(gl.GLScatterPlotItem):
    """Dots that fade into the stage with their distance, on the graphics card, so that turning uploads nothing."""

    _hazy_program: Any = None

    def __init__(self) -> None:
        super().__init__(glOptions="translucent", pos=np.zeros((0, 3), np.float32))
        self.stage = (0.0, 0.0, 0.0)
        self.depth = (0.0, 1.0, 0.0, 0.0)

    @classmethod
    def getShaderProgram(cls) -> Any:
        """The program, compiled once; contexts are shared."""
        if HazyPoints._hazy_program is None:
            is_new = QOpenGLContext.currentContext().format().version() >= (3, 1)
            version = "#version 140\n" if is_new else "#version 120\n"
            words = {"input": "in", "output": "out"} if is_new else {"input": "attribute", "output": "varying"}
            vertex = _VERTEX.format(**words)
            result = "colour" if is_new else "gl_FragColor"
            fragment = _FRAGMENT.format(
                input="in" if is_new else "varying", declare="out vec4 colour;" if is_new else "", result=result
            )
            program = shaders.compileProgram(
                shaders.compileShader(version + vertex, GL.GL_VERTEX_SHADER),
                shaders.compileShader(version + fragment, GL.GL_FRAGMENT_SHADER),
            )
            for place, name in enumerate(("a_position", "a_color", "a_size")):
                GL.glBindAttribLocation(program, place, name)
            GL.glLinkProgram(program)
            HazyPoints._hazy_program = program
        return HazyPoints._hazy_program

    def paint(self) -> None:
        """Tell the program of the depth of the scene, then draw."""
        if not len(self.pos):
            return
        program = self.getShaderProgram()
        with program:
            GL.glUniform3f(GL.glGetUniformLocation(program, "u_stage"), *self.stage)
            GL.glUniform2f(GL.glGetUniformLocation(program, "u_growth"), SMALL, LARGE)
            GL.glUniform4f(GL.glGetUniformLocation(program, "u_depth"), *self.depth)
        super().paint()


def item_kind(mark: Mark) -> str:
    """The kind of item that draws a mark; "" for one that is laid over the picture or not drawn."""
    match mark:
        case Room():
            return "lines"
        case Points() if mark.xy.shape[1] == 3:
            return "points"
        case Lines() if mark.paths.shape[2] == 3:
            return "lines"
        case Arrows() if mark.origins.shape[1] == 3:
            return "lines"
        case Shell():
            return "points"
        case Sheet():
            return "sheet"
        case _:
            return ""


def with_outline(mark: Mark) -> tuple[Mark, ...]:
    """A sheet with the line around it; other marks as they are."""
    if not isinstance(mark, Sheet):
        return (mark,)
    corners = sheet_corners(mark)
    return (mark, Lines(np.concatenate([corners, corners[:1]])[None], "muted", 1.0, 0.7))


def new_item(kind: str) -> Any:
    """An item of that kind, empty."""
    if kind == "points":
        return HazyPoints()
    if kind == "lines":
        return gl.GLLinePlotItem(
            mode="lines", antialias=False, glOptions="translucent", pos=np.zeros((0, 3), np.float32)
        )
    return gl.GLImageItem(np.zeros((2, 2, 4), np.uint8), smooth=True, glOptions="translucent")


def fill_item(item: Any, mark: Mark, lens: Lens, tokens: Tokens, pixel: float) -> None:
    """Let an item draw a mark.

    Args:
        item: of the mark's kind.
        mark: what to draw.
        lens: of the picture; haze and light depend on it.
        tokens: colours.
        pixel: device pixels per point.
    """
    match mark:
        case Room():
            walls, outline = box_lines(furniture(lens, mark.volume, 0.01))  # drawn first, what is first stays
            _fill_lines(item, [outline, walls], lens, tokens, pixel, is_hazy=False)
            item.setDepthValue(-10)
        case Points():
            _fill_points(item, mark, lens, tokens, pixel)
        case Lines():
            _fill_lines(item, [mark], lens, tokens, pixel)
        case Arrows():
            _fill_lines(item, _arrow_lines(mark, lens), lens, tokens, pixel)
        case Shell():
            _fill_shell(item, mark, lens, tokens)
        case Sheet():
            _fill_sheet(item, mark, tokens)


def needs_lens(mark: Mark) -> bool:
    """Whether a mark looks different to another camera, beyond what the graphics card works out itself."""
    return not isinstance(mark, Points | Sheet)


def _colour(tokens: Tokens, name: str) -> Array:
    return (rgb(name) if name.startswith("#") else token_rgb(tokens, name)) / 255.0


def _fill_points(item: Any, points: Points, lens: Lens, tokens: Tokens, pixel: float) -> None:
    colour: Any = (*_colour(tokens, points.colour).tolist(), points.alpha)
    if points.values is not None:
        table = colour_map(points.colour, tokens) / 255.0
        index = np.clip(points.values * (ENTRIES - 1), 0, ENTRIES - 1).astype(int)
        colour = np.concatenate([table[index], np.full((len(index), 1), points.alpha)], axis=1)
    item.setData(pos=points.xy, color=colour, size=points.size * pixel, pxMode=True)
    item.setDepthValue(0)


def set_depth(item: Any, mark: Mark, lens: Lens, tokens: Tokens) -> None:
    """Where haze begins and ends for dots, in the coordinates of the eye; shells bring their own."""
    if isinstance(item, HazyPoints):
        far, deep = lens.eye_depth()
        item.stage = tuple(_colour(tokens, "stage").tolist())
        item.depth = (far, 1.0 / deep, HAZE, 1.0 if isinstance(mark, Points) else 0.0)


def _fill_lines(item: Any, parts: list[Lines], lens: Lens, tokens: Tokens, pixel: float, is_hazy: bool = True) -> None:
    places, colours = [], []
    stage = _colour(tokens, "stage")
    for lines in parts:
        m, k = lines.paths.shape[:2]
        if not m or k < 2:
            continue
        pairs = np.stack([lines.paths[:, :-1], lines.paths[:, 1:]], axis=2).reshape(-1, 3)
        alpha = np.broadcast_to(np.asarray(lines.alpha, np.float32), (k,))
        alphas = np.broadcast_to(np.stack([alpha[:-1], alpha[1:]], axis=1), (m, k - 1, 2)).reshape(-1)
        haze = haze_of(lens.places(pairs)[1])[:, None] * np.float32(is_hazy)
        shade = _colour(tokens, lines.colour) * (1 - haze) + stage * haze
        places.append(pairs)
        colours.append(np.concatenate([shade, alphas[:, None]], axis=1))
    if places:
        width = max(1.0, parts[0].width * pixel)
        item.setData(pos=np.concatenate(places), color=np.concatenate(colours).astype(np.float32), width=width)
    else:
        item.setData(pos=np.zeros((0, 3), np.float32))
    item.setDepthValue(1)


def _arrow_lines(arrows: Arrows, lens: Lens) -> list[Lines]:
    """Shafts, and the two barbs of each head, which lie across the line of sight."""
    tips = np.asarray(arrows.origins + arrows.vectors, np.float32)
    across = np.cross(arrows.vectors, lens.axes[2])
    length = np.linalg.norm(arrows.vectors, axis=1, keepdims=True)
    across *= 0.16 * length / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    neck = tips - 0.3 * arrows.vectors
    parts = [np.stack(pair, axis=1) for pair in ((arrows.origins, tips), (neck + across, tips), (neck - across, tips))]
    return [Lines(np.concatenate(parts), arrows.colour, arrows.width, arrows.alpha)] if len(tips) else []


def _fill_shell(item: Any, shell: Shell, lens: Lens, tokens: Tokens) -> None:
    seen, shades, alphas = lit(lens, shell)
    table = tones(shell.colour, tokens) / 255.0
    colours = np.concatenate([table[np.clip(shades * 255, 0, 255).astype(int)], alphas[:, None]], axis=1)
    is_parallel = lens.camera.projection == "parallel"
    size = shell.size * (lens.pixels_per_unit if is_parallel else lens.ratio)
    item.setData(pos=shell.points[seen], color=colours, size=size, pxMode=is_parallel)
    item.setDepthValue(-1 if shell.alpha > 0.6 else 20)


def _fill_sheet(item: Any, sheet: Sheet, tokens: Tokens) -> None:
    levels = np.clip(np.nan_to_num(sheet.values) * (ENTRIES - 1), 0, ENTRIES - 1).astype(int).T
    image = np.empty((*levels.shape, 4), np.uint8)
    image[..., :3] = colour_map(sheet.colours, tokens)[levels]
    image[..., 3] = np.clip(levels * (4 * 255 / ENTRIES), 0, 255)
    item.setData(image)
    across, (first, second) = sheet_axes(sheet)
    x_low, x_high, y_low, y_high = sheet.extent
    matrix = np.eye(4)
    matrix[:3, :3] = 0.0
    matrix[first, 0], matrix[second, 1] = (x_high - x_low) / levels.shape[0], (y_high - y_low) / levels.shape[1]
    matrix[across, 2] = 1.0
    matrix[first, 3], matrix[second, 3], matrix[across, 3] = x_low, y_low, sheet.place
    item.setTransform(QMatrix4x4(*matrix.ravel().tolist()))
    item.setDepthValue(10)
