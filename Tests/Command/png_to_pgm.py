"""Turns 8-bit grey PNG files into PGM files of the same name in another folder.

png_to_pgm.py FOLDER FILE.png ...   Standard library only; no interlacing, as the digits are stored.
"""

import struct
import sys
import zlib
from pathlib import Path


def paeth(a: int, b: int, c: int) -> int:
    p = a + b - c
    distances = (abs(p - a), abs(p - b), abs(p - c))
    return (a, b, c)[distances.index(min(distances))]


def grey(png: bytes) -> tuple[int, int, bytes]:
    place, data = 8, b""
    width = height = 0
    while place < len(png):
        (size,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert (depth, colour, interlace) == (8, 0, 0)
        if kind == b"IDAT":
            data += body
        place += 12 + size
    raw, rows, above = zlib.decompress(data), [], bytearray(width)
    for y in range(height):
        kind, row = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1 : (y + 1) * (width + 1)])
        for x in range(width):
            left, corner = (row[x - 1], above[x - 1]) if x else (0, 0)
            guess = (0, left, above[x], (left + above[x]) // 2, paeth(left, above[x], corner))[kind]
            row[x] = (row[x] + guess) & 255
        rows.append(bytes(row))
        above = row
    return width, height, b"".join(rows)


folder = Path(sys.argv[1])
for name in sys.argv[2:]:
    width, height, pixels = grey(Path(name).read_bytes())
    (folder / Path(name).with_suffix(".pgm").name).write_bytes(b"P5\n%d %d\n255\n" % (width, height) + pixels)
