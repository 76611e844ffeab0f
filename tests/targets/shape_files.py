"""Small shapes and clouds as files, written by hand."""

import struct
from itertools import product

import numpy as np

CUBE = np.array(list(product((0.0, 2.0), repeat=3)))
CUBE_FACES = np.array([
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
])  # fmt: skip


def ply(vertices, faces=(), weights=None, binary=False) -> bytes:
    names = "".join(f"property float {axis}\n" for axis in "xyz")
    names += "" if weights is None else "property float density\n"
    head = f"ply\nformat {'binary_little_endian' if binary else 'ascii'} 1.0\nelement vertex {len(vertices)}\n{names}"
    head += f"element face {len(faces)}\nproperty list uchar int vertex_indices\n" if len(faces) else ""
    rows = np.asarray(vertices, float) if weights is None else np.column_stack([vertices, weights])
    body = head.encode() + b"end_header\n"
    if binary:
        return body + rows.astype("<f4").tobytes() + b"".join(struct.pack("<Biii", 3, *face) for face in faces)
    lines = [" ".join(f"{number:.9g}" for number in row) for row in rows] + [f"3 {a} {b} {c}" for a, b, c in faces]
    return body + "\n".join(lines).encode() + b"\n"


def obj(vertices, faces=()) -> bytes:
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices]
    return "\n".join(lines + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]).encode() + b"\n"


def off(vertices, faces=()) -> bytes:
    lines = ["OFF", f"{len(vertices)} {len(faces)} 0", *(f"{x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices)]
    return "\n".join(lines + [f"3 {a} {b} {c}" for a, b, c in faces]).encode() + b"\n"


def stl(vertices, faces, binary=True) -> bytes:
    corners = np.asarray(vertices, float)[np.asarray(faces)]
    if binary:
        body = b"".join(struct.pack("<12fH", 0, 0, 0, *triangle.ravel(), 0) for triangle in corners)
        return b"\0" * 80 + struct.pack("<I", len(corners)) + body
    triangles = (
        "facet normal 0 0 0\nouter loop\n"
        + "".join(f"vertex {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in triangle)
        + "endloop\nendfacet\n"
        for triangle in corners
    )
    return ("solid a\n" + "".join(triangles) + "endsolid a\n").encode()


def ball(fine: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A closed polyhedron inscribed in the unit sphere, and its faces."""
    angles, heights = 2 * np.pi * np.arange(2 * fine) / (2 * fine), np.pi * np.arange(1, fine) / fine
    rings = [np.stack([np.sin(h) * np.cos(angles), np.sin(h) * np.sin(angles), np.full(2 * fine, np.cos(h))], 1)
             for h in heights]  # fmt: skip
    vertices = np.concatenate([*rings, [[0, 0, 1], [0, 0, -1]]])
    around = np.arange(2 * fine)
    after = np.roll(around, -1)
    last = (fine - 2) * 2 * fine
    faces = [np.stack([np.full(2 * fine, len(vertices) - 2), around, after], 1)]
    faces.append(np.stack([np.full(2 * fine, len(vertices) - 1), last + after, last + around], 1))
    for ring in range(fine - 2):
        a, b = ring * 2 * fine, (ring + 1) * 2 * fine
        faces += [np.stack([a + around, b + around, a + after], 1), np.stack([a + after, b + around, b + after], 1)]
    return vertices, np.concatenate(faces)
