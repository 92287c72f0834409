"""Checkpoint containers in NumPy: safetensors (single, sharded) and V-MoE's .index/.data, read and written.

Written from formats/limoe-checkpoint.md and formats/vmoe-checkpoint.md. Reading gives f32 arrays, widened exactly.
"""
import json
import os
import struct

import numpy as np

CHUNKED = "__msgpack_array_chunk_a87ca2__"


class BF16(np.ndarray):
    """f32 values that are stored as bfloat16 (NumPy has no such type)."""


def round_bf16(x):
    """To bfloat16, nearest even, and back to f32."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32)


def as_type(array, name):
    """The array as it will be stored: "f32", "f16" or "bf16"."""
    if name == "f32":
        return np.asarray(array, np.float32)
    if name == "f16":
        return np.asarray(array, np.float32).astype(np.float16)
    return round_bf16(np.asarray(array, np.float32)).view(BF16)


def raw_bytes(array):
    if isinstance(array, BF16):
        return (np.asarray(array).view(np.uint32) >> 16).astype("<u2").tobytes()
    return np.ascontiguousarray(array).tobytes()


def widen(raw, kind):
    if kind in ("F32", "float32"):
        return np.frombuffer(raw, "<f4").copy()
    if kind in ("F16", "float16"):
        return np.frombuffer(raw, "<f2").astype(np.float32)
    if kind in ("BF16", "bfloat16"):
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    raise ValueError(kind)


# safetensors

def safetensors_kind(array):
    return "BF16" if isinstance(array, BF16) else {"f4": "F32", "f2": "F16"}[array.dtype.str[1:]]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name in sorted(tensors, key=lambda n: (-tensors[n].itemsize, n)):
        raw = raw_bytes(tensors[name])
        header[name] = {"dtype": safetensors_kind(tensors[name]), "shape": list(tensors[name].shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = widen(raw[8 + size + begin:8 + size + end], entry["dtype"]).reshape(entry["shape"])
    return tensors


def write_sharded(folder, tensors, shards):
    names = sorted(tensors)
    weight_map = {}
    for s in range(shards):
        file = "model-%05d-of-%05d.safetensors" % (s + 1, shards)
        part = names[s::shards]
        write_safetensors(os.path.join(folder, file), {n: tensors[n] for n in part})
        weight_map.update({n: file for n in part})
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": sum(len(raw_bytes(t)) for t in tensors.values())},
                   "weight_map": weight_map}, f, indent=1)


# MessagePack, as far as V-MoE uses it

class Ext:
    def __init__(self, code, payload):
        self.code, self.payload = code, payload


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        if 0 <= value < 1 << 8:
            return b"\xcc" + struct.pack(">B", value)
        if 0 <= value < 1 << 16:
            return b"\xcd" + struct.pack(">H", value)
        return b"\xce" + struct.pack(">I", value)
    if isinstance(value, str):
        raw = value.encode()
        return (bytes([0xA0 | len(raw)]) if len(raw) < 32 else b"\xd9" + bytes([len(raw)])) + raw
    if isinstance(value, bytes):
        n = len(value)
        head = (b"\xc4" + struct.pack(">B", n) if n < 1 << 8 else
                b"\xc5" + struct.pack(">H", n) if n < 1 << 16 else b"\xc6" + struct.pack(">I", n))
        return head + value
    if isinstance(value, Ext):
        n = len(value.payload)
        head = (b"\xc7" + struct.pack(">B", n) if n < 1 << 8 else
                b"\xc8" + struct.pack(">H", n) if n < 1 << 16 else b"\xc9" + struct.pack(">I", n))
        return head + bytes([value.code]) + value.payload
    if isinstance(value, (list, tuple)):
        n = len(value)
        head = bytes([0x90 | n]) if n < 16 else b"\xdc" + struct.pack(">H", n)
        return head + b"".join(pack(v) for v in value)
    n = len(value)
    head = bytes([0x80 | n]) if n < 16 else b"\xde" + struct.pack(">H", n)
    return head + b"".join(pack(k) + pack(v) for k, v in value.items())


def unpack(raw):
    value, end = unpack_at(raw, 0)
    assert end == len(raw)
    return value


def unpack_at(raw, i):
    c, i = raw[i], i + 1
    def number(fmt):
        return struct.unpack_from(">" + fmt, raw, i)[0], i + struct.calcsize(fmt)
    def sized(fmt):
        n, j = number(fmt)
        return bytes(raw[j:j + n]), j + n
    def extension(n, j):
        return Ext(raw[j], bytes(raw[j + 1:j + 1 + n])), j + 1 + n
    def many(n, j):
        out = []
        for _ in range(n):
            v, j = unpack_at(raw, j)
            out.append(v)
        return out, j
    def pairs(n, j):
        flat, j = many(2 * n, j)
        return dict(zip(flat[::2], flat[1::2])), j
    if c < 0x80:
        return c, i
    if c < 0x90:
        return pairs(c & 15, i)
    if c < 0xA0:
        return many(c & 15, i)
    if c < 0xC0:
        return bytes(raw[i:i + (c & 31)]).decode(), i + (c & 31)
    if c >= 0xE0:
        return c - 256, i
    if c in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[c], i
    if 0xC4 <= c <= 0xC6:
        return sized("BHI"[c - 0xC4])
    if 0xC7 <= c <= 0xC9:
        return extension(*number("BHI"[c - 0xC7]))
    if 0xCC <= c <= 0xD3:
        return number("BHIQbhiq"[c - 0xCC])
    if 0xD4 <= c <= 0xD8:
        return extension(1 << (c - 0xD4), i)
    if 0xD9 <= c <= 0xDB:
        text, j = sized("BHI"[c - 0xD9])
        return text.decode(), j
    if c in (0xDC, 0xDD):
        return many(*number("HI"[c - 0xDC]))
    if c in (0xDE, 0xDF):
        return pairs(*number("HI"[c - 0xDE]))
    raise ValueError("MessagePack code %#x" % c)


# V-MoE's .index and .data

def leaves(tree, path=()):
    """Depth first, keys sorted as bytes at every level: the order that numbers the leaves."""
    for key in sorted(tree, key=lambda k: k.encode()):
        if isinstance(tree[key], dict):
            yield from leaves(tree[key], path + (key,))
        else:
            yield path + (key,), tree[key]


def read_vmoe(prefix):
    top = unpack(open(prefix + ".index", "rb").read())
    tensors, parts = {}, list(leaves(top["index"]))
    for path, leaf in parts:
        dims = unpack(unpack(leaf.payload)[0])[0]
        tensors["/".join(path)] = np.full(dims, np.nan, np.float32)
    for shard in range(top["shard_count"]):
        data = unpack(open("%s.data-%05d-of-%05d" % (prefix, shard, top["shard_count"]), "rb").read())
        for key, entries in data.items():
            if key == CHUNKED:
                continue
            target = tensors["/".join(parts[int(key)][0])]
            for chunks, where in entries:
                slices = [slice(*unpack(s)) for s in unpack(where.payload)]
                flat = np.concatenate([widen(raw, kind).reshape(-1) for _, kind, raw in
                                       (unpack(c.payload) for c in chunks)])
                view = target[tuple(slices)]
                target[tuple(slices)] = flat.reshape(view.shape)
    return tensors


def write_vmoe(prefix, tensors, shards, chunk_elements, split, version=True):
    """Each tensor in the slices that split(name, shape) gives (lists of (start, stop) an axis), slices dealt out in
    turn over the shards, each cut into flat pieces of chunk_elements."""
    tree = {}
    for name in tensors:
        node = tree
        *folders, last = name.split("/")
        for folder in folders:
            node = node.setdefault(folder, {})
        node[last] = name
    data = [{CHUNKED: True} for _ in range(shards)]
    turn = 0
    order = list(leaves(tree))
    index = {}
    for number, (path, name) in enumerate(order):
        array = tensors[name]
        kind = "bfloat16" if isinstance(array, BF16) else array.dtype.name
        wheres, owners = [], []
        for where in split(name, array.shape):
            packed = pack([pack([a, b, None]) for a, b in where])
            part = array[tuple(slice(a, b) for a, b in where)].reshape(-1)
            chunks = [Ext(1, pack([[len(part[i:i + chunk_elements])], kind, raw_bytes(part[i:i + chunk_elements])]))
                      for i in range(0, len(part), chunk_elements)]
            data[turn].setdefault(str(number), []).append([chunks, Ext(6, packed)])
            wheres.append(packed)
            owners.append(turn)
            turn = (turn + 1) % shards
        shaped = pack([list(array.shape), kind, False, {}])
        node = index
        for folder in path[:-1]:
            node = node.setdefault(folder, {})
        node[path[-1]] = Ext(8, pack([shaped, wheres, owners]))
    top = {"shard_count": shards, "index": index}
    if version:
        top["version"] = "20220622"
    open(prefix + ".index", "wb").write(pack(top))
    for shard in range(shards):
        open("%s.data-%05d-of-%05d" % (prefix, shard, shards), "wb").write(pack(data[shard]))


def read_checkpoint(folder):
    """All tensors of a checkpoint folder as f32."""
    single = os.path.join(folder, "model.safetensors")
    index = os.path.join(folder, "model.safetensors.index.json")
    if os.path.exists(single):
        return read_safetensors(single)
    if os.path.exists(index):
        tensors = {}
        for file in sorted(set(json.load(open(index))["weight_map"].values())):
            tensors.update(read_safetensors(os.path.join(folder, file)))
        return tensors
    return read_vmoe(os.path.join(folder, "checkpoint"))
