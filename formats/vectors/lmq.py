"""Writes .lmq files from plain dictionaries, after container.md, sharing no code with Limequat.

It checks nothing: whatever it is told to write, right or wrong, it writes. Standard library only.
"""

import struct

TYPES = {"f32": 1, "f16": 2, "bf16": 3, "int8": 4, "u8": 5, "i32": 6, "i64": 7, "bool": 8}
LAYOUTS = {"rows": 1, "panel32": 2}
RESIZES = {"squash": 1, "shortest_side": 2}
INTERPOLATIONS = {"bilinear_antialias": 1, "bicubic": 2, "bilinear": 3, "area": 4}
KINDS = {"ids_only": 1, "sentencepiece_unigram": 2}
EOS = {"none": 1, "yes": 2, "sticky": 3}
TABLES = ("pieces", "piece_offsets", "scores", "piece_types", "character_map")
FLAGS = (
    "add_dummy_prefix",
    "remove_extra_whitespaces",
    "escape_whitespaces",
    "treat_whitespace_as_suffix",
    "byte_fallback",
)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc_table()
assert crc32c(b"123456789") == 0xE3069283


def up(value, step):
    return -(-value // step) * step


# --- protobuf ---------------------------------------------------------------------------------------------


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    """A varint field; proto3 leaves out zeros."""
    return varint(field << 3) + varint(value) if value else b""


def blob(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def text(field, value):
    data = value if isinstance(value, bytes) else value.encode()
    return blob(field, data) if data else b""


def fixed32(field, value):
    return varint(field << 3 | 5) + struct.pack("<I", value) if value else b""


def real(field, value, always=False):
    data = struct.pack("<f", value)
    return varint(field << 3 | 5) + data if always or data != bytes(4) else b""


def reals(field, values):
    return blob(field, struct.pack("<%df" % len(values), *values)) if values else b""


# --- manifest ---------------------------------------------------------------------------------------------


def code(table, value):
    return value if isinstance(value, int) else table[value]


def pack_dimension(d):
    return text(1, d["name"]) + number(2, d["min"]) + number(3, d.get("max") or 0)


def pack_signature(s):
    out = text(1, s["name"]) + text(2, s["model"]) + text(3, s["modality"])
    for dimension in s.get("dimensions", []):
        out += blob(4, pack_dimension(dimension))
    if s.get("image_preprocessing") is not None:
        out += varint(5 << 3) + varint(s["image_preprocessing"])
    if s.get("tokenizer") is not None:
        out += varint(6 << 3) + varint(s["tokenizer"])
    return out


def pack_tensor(t):
    out = text(1, t["name"]) + number(2, code(TYPES, t["type"])) + number(3, code(LAYOUTS, t["layout"]))
    if t["dims"]:
        out += blob(4, b"".join(varint(dim) for dim in t["dims"]))
    return out + number(5, t["offset"]) + number(6, t["size"]) + fixed32(7, t["crc"])


def pack_expert(e):
    if e is None:
        return b""
    out = number(1, code(TYPES, e["encoding"])) + number(2, e["offset"]) + number(3, e["size"])
    out += fixed32(4, e["crc"])
    for modality, share in e.get("usage", []):
        out += blob(5, text(1, modality) + real(2, share))
    return out


def pack_bank(b):
    out = text(1, b["name"]) + number(2, b["input"]) + number(3, b["hidden"]) + number(4, b["output"])
    out += number(5, b["gated"])
    return out + b"".join(blob(6, pack_expert(e)) for e in b["experts"])


def pack_preprocessing(p):
    out = number(1, p["height"]) + number(2, p["width"]) + number(3, code(RESIZES, p["resize"]))
    out += number(4, p.get("size", 0)) + number(5, code(INTERPOLATIONS, p["interpolation"]))
    out += real(6, p.get("low", 0)) + real(7, p.get("high", 0))
    return out + reals(8, p.get("mean", [])) + reals(9, p.get("std", []))


def pack_tokenizer(t):
    out = number(1, code(KINDS, t["kind"])) + number(2, t["max_length"]) + number(3, code(EOS, t["eos"]))
    if t.get("eos_id") is not None:
        out += varint(4 << 3) + varint(t["eos_id"])
    if t.get("pad_id") is not None:
        out += varint(5 << 3) + varint(t["pad_id"])
    out += number(6, t.get("lower_case", 0))
    for field, name in enumerate(TABLES, 7):
        out += text(field, t.get(name, ""))
    out += number(12, t.get("unknown_id", 0))
    for field, name in enumerate(FLAGS, 13):
        out += number(field, t.get(name, 0))
    return out


# --- file -------------------------------------------------------------------------------------------------


class File:
    """Parts in the order of the file, and the manifest that names them."""

    def __init__(self):
        self.features, self.signatures, self.tensors, self.banks = [], [], [], []
        self.preprocessings, self.tokenizers, self.metadata = [], [], []
        self.embedding_size, self.logit_scale = 0, None
        self.parts = []  # (alignment, data, entry)
        self.version = (1, 0)
        self.extra = b""  # appended to the manifest
        self.manifest_first = False
        self.trailing = 0  # zero bytes at the end

    def tensor(self, name, type, layout, dims, data):
        entry = {"name": name, "type": type, "layout": layout, "dims": list(dims)}
        self.tensors.append(entry)
        self.parts.append((64, data, entry))
        return entry

    def bank(self, name, input, hidden, output, gated=0):
        bank = {"name": name, "input": input, "hidden": hidden, "output": output, "gated": gated, "experts": []}
        self.banks.append(bank)
        return bank

    def expert(self, bank, encoding, data, usage=()):
        entry = {"encoding": encoding, "usage": list(usage)}
        bank["experts"].append(entry)
        self.parts.append((4096, data, entry))
        return entry

    def place(self, start):
        """Gives every part its offset, size and checksum; answers the end."""
        at = start
        for alignment, data, entry in self.parts:
            at = up(at, alignment)
            entry.update(offset=at, size=len(data), crc=crc32c(data))
            at += len(data)
        return at

    def manifest(self):
        by_name = lambda e: e["name"] if isinstance(e["name"], bytes) else e["name"].encode()
        ordered = (lambda items: items) if self.keep_order else (lambda items: sorted(items, key=by_name))
        out = b"".join(blob(1, f.encode()) for f in self.features)
        out += b"".join(blob(2, pack_signature(s)) for s in ordered(self.signatures))
        out += b"".join(blob(3, self.pack_tensor(t)) for t in ordered(self.tensors))
        out += b"".join(blob(4, pack_bank(b)) for b in ordered(self.banks))
        out += b"".join(blob(5, pack_preprocessing(p)) for p in self.preprocessings)
        out += b"".join(blob(6, pack_tokenizer(t)) for t in self.tokenizers)
        out += number(7, self.embedding_size)
        if self.logit_scale is not None:
            out += real(8, self.logit_scale, always=True)
        out += b"".join(blob(9, text(1, key) + text(2, value)) for key, value in self.metadata)
        return out + self.extra

    keep_order = False
    pack_tensor = staticmethod(pack_tensor)

    def encode(self, change=None, change_manifest=None, change_header=None, change_file=None):
        """The bytes. The hooks change entries, the packed manifest, the header's fields, all bytes."""
        if self.manifest_first:
            self.place(64)  # for the manifest's size, which offsets may change
            room = up(len(self.manifest()) + 64, 64)
            offset, end = 64, self.place(64 + room)
        else:
            end = self.place(64)
            offset = up(end, 64)
        if change:
            change(self)
        manifest = self.manifest()
        if change_manifest:
            manifest = change_manifest(manifest)
        size = max(end, offset + len(manifest)) + self.trailing
        out = bytearray(size)
        for alignment, data, entry in self.parts:
            at = entry.get("place", entry["offset"])
            if at + len(data) <= size:
                out[at : at + len(data)] = data
        out[offset : offset + len(manifest)] = manifest
        fields = {
            "magic": b"\x89LMQ\r\n\x1a\n",
            "major": self.version[0],
            "minor": self.version[1],
            "size": size,
            "offset": offset,
            "manifest_size": len(manifest),
            "manifest_crc": crc32c(manifest),
            "reserved": bytes(16),
            "flags": 0,
            "crc_change": 0,
        }
        if change_header:
            change_header(fields)
        header = struct.pack(
            "<8sHHIQQQI16s",
            fields["magic"],
            fields["major"],
            fields["minor"],
            fields["flags"],
            fields["size"],
            fields["offset"],
            fields["manifest_size"],
            fields["manifest_crc"],
            fields["reserved"],
        )
        out[:64] = header + struct.pack("<I", crc32c(header) ^ fields["crc_change"])
        self.found = {"size": size, "offset": offset, "manifest": manifest}
        return change_file(bytes(out)) if change_file else bytes(out)

    # --- what a reader must find ------------------------------------------------------------------------------

    def dump(self):
        """The text beside a valid vector (README.md, "Dumps")."""
        out = ["lmq %d.%d" % self.version, "file_size %d" % self.found["size"]]
        manifest = self.found["manifest"]
        out.append("manifest %d %d %s" % (self.found["offset"], len(manifest), hexa(crc32c(manifest))))
        by_name = lambda e: e["name"].encode()
        for s in sorted(self.signatures, key=by_name):
            model = s["model"]
            out.append(
                "signature %s modality %s model %d %s image_preprocessing %s tokenizer %s"
                % (
                    quote(s["name"]),
                    quote(s["modality"]),
                    len(model),
                    hexa(crc32c(model)),
                    or_none(s.get("image_preprocessing")),
                    or_none(s.get("tokenizer")),
                )
            )
            for d in s.get("dimensions", []):
                out.append("dimension %s %d %s" % (quote(d["name"]), d["min"], or_none(d.get("max"))))
        for t in sorted(self.tensors, key=by_name):
            out.append(
                "tensor %s %s %s %s offset %d size %d crc32c %s"
                % (quote(t["name"]), t["type"], t["layout"], t["dims"], t["offset"], t["size"], hexa(t["crc"]))
            )
        for b in sorted(self.banks, key=by_name):
            out.append(
                "bank %s %d %d %d %s experts %d"
                % (
                    quote(b["name"]),
                    b["input"],
                    b["hidden"],
                    b["output"],
                    "gated" if b["gated"] else "plain",
                    len(b["experts"]),
                )
            )
            for index, e in enumerate(b["experts"]):
                if e is None:
                    out.append("expert %d absent" % index)
                    continue
                out.append(
                    "expert %d %s offset %d size %d crc32c %s"
                    % (index, e["encoding"], e["offset"], e["size"], hexa(e["crc"]))
                )
                for modality, share in e["usage"]:
                    out.append("usage %s %s" % (quote(modality), bits(share)))
        for p in self.preprocessings:
            line = "image_preprocessing %d %d %s %d %s low %s high %s" % (
                p["height"],
                p["width"],
                p["resize"],
                p.get("size", 0),
                p["interpolation"],
                bits(p.get("low", 0)),
                bits(p.get("high", 0)),
            )
            for name in ("mean", "std"):
                line += " %s %s" % (name, " ".join(bits(v) for v in p[name]) if p.get(name) else "none")
            out.append(line)
        for t in self.tokenizers:
            line = "tokenizer %s %d %s eos %s pad %s lower_case %d" % (
                t["kind"],
                t["max_length"],
                t["eos"],
                or_none(t.get("eos_id")),
                or_none(t.get("pad_id")),
                t.get("lower_case", 0),
            )
            for name in TABLES:
                line += " %s %s" % (name, quote(t.get(name, "")))
            line += " unknown %d flags" % t.get("unknown_id", 0)
            out.append(line + "".join(" %d" % t.get(name, 0) for name in FLAGS))
        out.append("embedding_size %d" % self.embedding_size)
        out.append("logit_scale %s" % ("none" if self.logit_scale is None else bits(self.logit_scale)))
        for key, value in self.metadata:
            out.append("metadata %s %s" % (quote(key), quote(value)))
        return "\n".join(out) + "\n"


def hexa(value):
    return "0x%08x" % value


def bits(value):
    return hexa(struct.unpack("<I", struct.pack("<f", value))[0])


def or_none(value):
    return "none" if value is None else "%d" % value


def quote(value):
    out = ""
    for c in value:
        out += "\\x%02x" % ord(c) if ord(c) < 32 or c in '"\\\x7f' else c
    return '"' + out + '"'
