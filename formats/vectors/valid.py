"""The files that every reader accepts: name -> File."""

from graph import identity
from lmq import TYPES, File, blob, fixed32, number, text, varint
from values import Numbers, block, int8_panels, int8_rows, panels, rows


def minimal():
    return File()


def tensors():
    """Every type in rows, a scalar, eight dims, int8 rows, and panels of every type, with padding and without."""
    f, n = File(), Numbers(1)
    for type in ("f32", "f16", "bf16"):
        f.tensor("rows/" + type, type, "rows", [3, 5], rows(type, n.reals(15)))
    for type, low, high in (("u8", 0, 255), ("i32", -(2**31), 2**31 - 1), ("i64", -(2**40), 2**40), ("bool", 0, 1)):
        f.tensor("rows/" + type, type, "rows", [7], rows(type, [n.integer(low, high) for _ in range(7)]))
    f.tensor("rows/int8", "int8", "rows", [3, 5], int8_rows(n.codes(15), [0.5, 0, 0.25]))
    f.tensor("scalar", "f32", "rows", [], rows("f32", [2.5]))
    f.tensor("eight", "u8", "rows", [1, 2, 1, 2, 1, 2, 1, 2], rows("u8", range(16)))
    for type in ("f32", "f16", "bf16"):
        f.tensor("panels/" + type, type, "panel32", [5, 33], panels(type, 5, 33, lambda k, n_: n.real()))
    f.tensor("panels/whole", "f16", "panel32", [4, 32], panels("f16", 4, 32, lambda k, n_: n.real()))
    code, scale = lambda k, n_: n.integer(-127, 127), lambda n_: n.integer(1, 9) / 64
    f.tensor("panels/int8", "int8", "panel32", [5, 33], int8_panels(5, 33, code, scale))
    f.tensor("panels/int8 whole", "int8", "panel32", [8, 32], int8_panels(8, 32, code, scale))
    return f


def banks():
    """Every encoding, also mixed in one bank, an absent expert, gated, usage; hidden sizes of one panel and two."""
    f = File()
    bank = f.bank("plain", 5, 6, 5)
    for seed, encoding in enumerate(("f32", "f16", "bf16", "int8")):
        usage = [("image", seed / 4), ("text", 1)] if seed else []
        f.expert(bank, encoding, block(seed, encoding, bank), usage)
    bank["experts"].insert(1, None)
    bank = f.bank("gated", 5, 33, 5, gated=1)
    f.expert(bank, "int8", block(10, "int8", bank))
    f.expert(bank, "f32", block(11, "f32", bank, with_bias=False))
    bank = f.bank("absent", 1, 1, 1)
    bank["experts"].append(None)
    return f


def signatures():
    """Three signatures, each kind of image preprocessing, ids only, model values, metadata."""
    f = File()
    f.signatures = [
        {
            "name": "text",
            "model": identity("text", 4),
            "modality": "text",
            "dimensions": [{"name": "B", "min": 1}],
            "tokenizer": 0,
        },
        {
            "name": "image",
            "model": identity("image", 3),
            "modality": "image",
            "dimensions": [{"name": "B", "min": 1, "max": 64}, {"name": "H", "min": 224, "max": 224}],
            "image_preprocessing": 3,
        },
        {"name": "free", "model": identity("free", 1), "modality": "läuft"},
    ]
    f.preprocessings = [
        {"height": 224, "width": 224, "resize": "squash", "interpolation": "bicubic", "low": -1, "high": 1},
        {"height": 1, "width": 9, "resize": "squash", "interpolation": "area", "high": 1},
        {
            "height": 224,
            "width": 192,
            "resize": "shortest_side",
            "size": 224,
            "interpolation": "bilinear",
            "low": 0,
            "high": 255,
        },
        {
            "height": 224,
            "width": 224,
            "resize": "shortest_side",
            "size": 256,
            "interpolation": "bilinear_antialias",
            "mean": [0.5, 0.25, 0],
            "std": [0.5, 0.25, 2],
        },
    ]
    f.tokenizers = [
        {"kind": "ids_only", "max_length": 16, "eos": "sticky", "eos_id": 0, "pad_id": 1},
        {"kind": "ids_only", "max_length": 131072, "eos": "none"},
        {"kind": "ids_only", "max_length": 1, "eos": "yes", "eos_id": 2**31 - 1},
    ]
    f.embedding_size, f.logit_scale = 512, 0.0
    f.metadata = [
        ("license", "Apache-2.0"),
        ("limitations", 'two\nlines, a "quote", a \\ and a \x7f'),
        ("source", ""),
        ("ünïcode", "✓ 漢字"),
    ]
    return f


def tokenizer(f=None, **changes):
    """A unigram tokenizer of five pieces."""
    f = f or File()
    pieces = ["<unk>", "</s>", "▁a", "b", "ab"]
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece.encode()))
    f.tensor("t/pieces", "u8", "rows", [offsets[-1]], "".join(pieces).encode())
    f.tensor("t/offsets", "i32", "rows", [6], rows("i32", offsets))
    f.tensor("t/scores", "f32", "rows", [5], rows("f32", [0, 0, -1.5, -2, -0.5]))
    f.tensor("t/types", "u8", "rows", [5], bytes([2, 3, 1, 1, 4]))
    entry = {
        "kind": "sentencepiece_unigram",
        "max_length": 16,
        "eos": "sticky",
        "eos_id": 1,
        "pad_id": 1,
        "lower_case": 1,
        "pieces": "t/pieces",
        "piece_offsets": "t/offsets",
        "scores": "t/scores",
        "piece_types": "t/types",
        "add_dummy_prefix": 1,
        "escape_whitespaces": 1,
    }
    f.tokenizers.append({**entry, **changes})
    return f


def tokenizers():
    f = tokenizer()
    f.tensor("t/map", "u8", "rows", [8], bytes(8))
    f.tokenizers.append(
        {**f.tokenizers[0], "character_map": "t/map", "lower_case": 0, "byte_fallback": 1, "eos": "none"}
    )
    return f


def names():
    """The longest name, and an order of bytes that is none of characters or of UTF-16."""
    f = File()
    for name in ("n" * 1024, "a", "a\u0301", "ab", "\uffff", "\U0001f600", "A", " ", "é"):
        f.tensor(name, "u8", "rows", [1], b"\x01")
    return f


def newer_minor():
    """Version 1.7, with fields that 1.0 does not know in every kind of message that it reads here."""
    f = tokenizer()
    f.version = (1, 7)
    f.metadata = [("key", "value")]
    unknown = number(99, 5) + fixed32(100, 7) + varint(101 << 3 | 1) + bytes(8) + blob(102, b"\xff\x00")
    f.extra = unknown + number(2**29 - 1, 1)
    plain = f.pack_tensor
    f.pack_tensor = lambda t: unknown + plain(t)
    return f


def other_writer():
    """The manifest first, data in no order, wide gaps, zeros at the end, unpacked dims, fields backwards, zeros
    and a long varint spelt out."""
    f = File()
    f.manifest_first, f.trailing = True, 100
    f.tensor("b", "u8", "rows", [3, 2], bytes(range(6)))
    f.tensor("c", "u8", "rows", [2], b"\x01\x02")
    f.tensor("a", "u8", "rows", [1], b"\x07")

    def backwards(t):
        out = varint(7 << 3 | 5) + t["crc"].to_bytes(4, "little") + number(6, t["size"]) + number(5, t["offset"])
        out += b"".join(varint(4 << 3) + varint(dim) for dim in t["dims"][:1])
        if t["dims"][1:]:
            out += blob(4, b"".join(varint(dim) for dim in t["dims"][1:]))
        out += varint(3 << 3) + b"\x81\x80\x80\x00" + number(2, TYPES[t["type"]])
        return out + text(1, t["name"])

    f.pack_tensor = backwards
    f.extra = varint(7 << 3) + b"\x00"
    return f


VALID = {
    "minimal": minimal,
    "tensors": tensors,
    "banks": banks,
    "signatures": signatures,
    "tokenizers": tokenizers,
    "names": names,
    "newer-minor": newer_minor,
    "other-writer": other_writer,
}
