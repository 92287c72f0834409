"""seeds.py OUT MODEL.lmq ...: what the fuzz targets start from, OUT/<target>/<name>, taken from the vectors, the
fixtures and the given models, and written by hand where none is as small as it can be."""

import base64
import pathlib
import struct
import sys
import zlib

root = pathlib.Path(__file__).resolve().parents[2]
out = pathlib.Path(sys.argv[1])
vectors = root / "formats/vectors"
checkpoints = root / "Tests/Fixtures/checkpoints"
texts = root / "Tests/LimequatTextTests/Fixtures"


def add(target, name, data):
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def copy(target, paths):
    for path in sorted(paths):
        add(target, f"{path.parent.name}-{path.name}", path.read_bytes())


copy("container", vectors.glob("*/*.lmq"))
copy("container", map(pathlib.Path, sys.argv[2:]))
copy("graph", vectors.glob("*/*.onnx"))
copy("graph", [root / "Tests/LimequatGraphTests/Fixtures/tower.onnx"])
copy("safetensors", checkpoints.glob("limoe-dense/model.safetensors"))
copy("vmoeIndex", checkpoints.glob("*/checkpoint.index"))
copy("vmoeData", checkpoints.glob("vmoe-bf16-dispatch/checkpoint.data-00000-*"))
copy("config", checkpoints.glob("*/config.json"))
copy("sentencepiece", checkpoints.glob("*/tokenizer.model"))
copy("npy", (path for path in checkpoints.glob("*/*.npy") if path.stat().st_size < 1000))
copy("image", sorted((root / "examples/digits/test").glob("*.png"))[:3])

# A header of a few tensors, as small as it can be.
header = (
    b'{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},'
    b'"x":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},"y":{"dtype":"I64","shape":[0],"data_offsets":[10,10]}}'
)
add("safetensors", "small", struct.pack("<Q", len(header)) + header + bytes(10))

# Tokenizer tables and a text: see FuzzTargets/Tokenizer.swift.
for folder, flags in (("bare", 0), ("custom", 0), ("plain", 1), ("spaces", 14), ("suffix", 16)):
    tables = [(texts / folder / f"{name}.bin").read_bytes() for name in ("pieces", "offsets", "scores", "types", "map")]
    sizes = struct.pack("<5I", *map(len, tables))
    for name, text in (("ascii", b"A photo of  two cats."), ("mixed", "Ä\u3000ｶﾞ\u2581 e\u0301 \U0001f600".encode() + b"\xff\x80")):
        add("tokenizer", f"{folder}-{name}", bytes([flags]) + sizes + b"".join(tables) + text)
pieces = [b"<unk>", b"a", b"\xe2\x96\x81", b"ab", b"\xe2\x96\x81a", b"b"]
offsets = [sum(map(len, pieces[:i])) for i in range(len(pieces) + 1)]
tables = [
    b"".join(pieces),
    struct.pack("<7i", *offsets),
    struct.pack("<6f", 0, -1, -2, -1.5, -3, -4),
    bytes([2, 1, 1, 1, 4, 1]),
    b"",
]
add("tokenizer", "small", b"\0" + struct.pack("<5I", *map(len, tables)) + b"".join(tables) + b"ab abb a")

# PNG of each colour type and of a palette with transparency, interlaced ones among them; and a JPEG.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


for colour, depth, channels in ((0, 1, 1), (0, 8, 1), (0, 16, 1), (2, 8, 3), (2, 16, 3), (3, 2, 1), (4, 8, 2), (6, 16, 4)):
    rows = b"".join(b"\0" + bytes(range(-(-3 * channels * depth // 8))) for _ in range(2))
    palette = chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\x80") if colour == 3 else b""
    add(
        "image",
        f"png-{colour}-{depth}",
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, depth, colour, 0, 0, 0))
        + palette
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b""),
    )

# Of 8 x 8 pixels by Pillow, one of them progressive.
jpegs = {
    "jpeg-baseline": "|JeWF01!$>Nk#wx0RR9200961|JwjV0HAJojCf?AjDn1`s-V8`|NrpZ-0=VZ|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|Nq+nLjkI^wD8jK|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsBM01*fP2mlBJ0U`hb5di}c0sq7R6#xMN00000000000000000002|HJ?k5CH%H0000000000000000095Q02KiN0RR910000000000000001OLPT6cGUc00000000000000000030+5ij#0RRFK0}%i}0FVVA|Je",
    "jpeg-progressive": "|JeWF01!$>Nk#wx0RR9200961|JwjV0HAJojCf?AjDn1`s-V8`|NrpZ-0=VZ|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|NsC0|Np`O3kU!R00;pA5di<h02BZL00000000000000000001|Jncu0RaF200BS$!~hf!0RR910000000000000000RP$m2mt{A0R;ko|HJ?k5CH%H0000000000000000095m00;pA00ut-fB(b)6c7Ob00000000000000000030+5iXv0RRC%A%Fkc00;pA0000GfB(b)6c7Ob00000000000000000030+5iXv0RRC%5P$#K",
}
for name, text in jpegs.items():
    add("image", name, base64.b85decode(text))
