"""The files that every reader refuses: name -> bytes. Each breaks the rule that its name begins with; what stands
behind a dot tells files of one rule apart."""

from graph import identity
from lmq import File, blob, number, text, up, varint
from valid import tokenizer
from values import block, int8_panels, int8_rows, panels, rows

INVALID = {}


def add(name, data):
    assert name not in INVALID, name
    INVALID[name] = data


def small():
    """A tensor, a signature and what it uses: the ground of most files here."""
    f = File()
    f.tensor("a", "f32", "rows", [2, 3], rows("f32", range(6)))
    f.tensor("b", "u8", "rows", [4], b"\x01\x02\x03\x04")
    f.signatures = [
        {
            "name": "image",
            "model": identity("image", 3),
            "modality": "image",
            "dimensions": [{"name": "B", "min": 1}],
            "image_preprocessing": 0,
            "tokenizer": 0,
        }
    ]
    f.preprocessings = [
        {"height": 4, "width": 4, "resize": "squash", "interpolation": "bicubic", "low": -1, "high": 1}
    ]
    f.tokenizers = [{"kind": "ids_only", "max_length": 16, "eos": "sticky", "eos_id": 1}]
    f.metadata = [("license", "none")]
    return f


def bank(encoding="f32", usage=()):
    """One bank with one present and one absent expert."""
    f = File()
    bank = f.bank("moe", 2, 3, 2)
    f.expert(bank, encoding, block(7, encoding, bank), usage)
    bank["experts"].append(None)
    return f


def changed(name, change, base=small):
    add(name, base().encode(change=change))


def header(name, **fields):
    add(name, small().encode(change_header=lambda h: h.update(fields)))


def manifest(name, change, base=small):
    add(name, base().encode(change_manifest=change))


def extra(name, data):
    """Bytes behind a sound manifest."""
    manifest(name, lambda m: m + data)


def set_entry(directory, **values):
    """A change of the first entry of a directory."""
    return lambda f: getattr(f, directory)[0].update(values)


def header_rules():
    good = small().encode()
    add("C01-header-size", good[:63])
    add("C01-header-size.empty", b"")
    header("C02-magic", magic=b"\x09LMQ\r\n\x1a\n")
    header("C02-magic.text-mode", magic=b"\x89LMQ\n\x1a\n\x01")
    header("C03-header-checksum", crc_change=1)
    header("C04-major-version", major=2)
    header("C04-major-version.zero", major=0)
    header("C05-reserved-bytes", flags=1)
    header("C05-reserved-bytes.last", reserved=bytes(15) + b"\x80")
    add("C06-file-size.cut", good[:-1])
    add("C06-file-size", good + b"\x00")
    header("C07-manifest-place.unaligned", offset=72)
    header("C07-manifest-place.header", offset=0)
    header("C07-manifest-place.large", manifest_size=2**26 + 1)
    header("C07-manifest-place", manifest_size=len(good))
    header("C07-manifest-place.far", offset=2**64 - 64)
    header("C08-manifest-checksum", manifest_crc=0)


def wire_rules():
    name = "C09-manifest-wire-form"
    manifest(name, lambda m: m[:-1])
    extra(name + ".long-varint", b"\x38" + b"\x80" * 10 + b"\x01")
    extra(name + ".long-tag", b"\xb8\x80\x80\x80\x80\x00\x01")
    extra(name + ".field-zero", b"\x00\x01")
    extra(name + ".group", b"\x9b\x06\x9c\x06")
    extra(name + ".wire-type", blob(7, b"\x01"))
    extra(name + ".past-the-end", varint(99 << 3 | 2) + b"\x05abcd")
    extra(name + ".huge-length", varint(99 << 3 | 2) + varint(2**63))
    extra(name + ".twice", number(7, 1) + number(7, 2))
    extra(name + ".zero-byte", blob(9, text(1, "x\0y")))
    for what, data in (("overlong", b"\xc0\xaf"), ("surrogate", b"\xed\xa0\x80"), ("high", b"\xf4\x90\x80\x80")):
        extra(name + ".utf8-" + what, blob(9, text(1, b"x" + data)))
    extra(name + ".utf8-cut", blob(9, text(1, "x") + text(2, b"\xe2\x82")))
    extra(name + ".inner", blob(9, b"\x0a\x05x"))


def count_rules():
    name = "C10-limits"

    def many(kind, count, entry):
        def change(f):
            setattr(f, kind, [entry(i) for i in range(count)])

        return change

    signature = small().signatures[0]
    changed(name + ".signatures", many("signatures", 65, lambda i: {**signature, "name": "s%02d" % i}))
    changed(name + ".metadata", many("metadata", 4097, lambda i: ("%04d" % i, "")))
    changed(name + ".features", many("features", 65, lambda i: "f%02d" % i))
    changed(name + ".preprocessings", many("preprocessings", 65, lambda i: small().preprocessings[0]))
    changed(name + ".tokenizers", many("tokenizers", 65, lambda i: small().tokenizers[0]))
    dimensions = [{"name": "d%02d" % i, "min": 1} for i in range(65)]
    changed(name + ".dimensions", set_entry("signatures", dimensions=dimensions))
    add(name + ".usage", bank(usage=[("m%02d" % i, 0) for i in range(17)]).encode())
    changed("C11-required-feature", many("features", 1, lambda i: "int4"))


def name_rules():
    name = "C12-name"
    changed(name, set_entry("tensors", name=""))
    changed(name + ".long", set_entry("tensors", name="n" * 1025))
    changed(name + ".control", set_entry("tensors", name="a\nb"))
    changed(name + ".delete", set_entry("signatures", name="a\x7f"))
    changed(name + ".modality", set_entry("signatures", modality=""))
    changed(name + ".dimension", set_entry("signatures", dimensions=[{"name": "", "min": 1}]))
    changed(name + ".key", lambda f: setattr(f, "metadata", [("", "x")]))
    changed(name + ".bank", set_entry("banks", name=""), bank)
    add(name + ".usage", bank(usage=[("", 0.5)]).encode())

    def order(f, kind=None):
        f.keep_order = True
        getattr(f, kind).reverse()

    name = "C13-order"
    changed(name, lambda f: order(f, "tensors"))
    changed(name + ".twice", set_entry("tensors", name="b"))
    more = {**small().signatures[0], "name": "a"}

    def signatures(f):
        f.keep_order = True
        f.signatures.append(more)

    changed(name + ".signatures", signatures)
    two = [{"name": "B", "min": 1}, {"name": "A", "min": 1}]
    changed(name + ".dimensions", set_entry("signatures", dimensions=two))
    changed(name + ".metadata", lambda f: setattr(f, "metadata", [("b", ""), ("b", "")]))
    add(name + ".usage", bank(usage=[("text", 0.5), ("image", 0.5)]).encode())

    def banks(f):
        f.banks.append({**f.banks[0], "experts": [None]})

    changed(name + ".banks", banks, bank)


def value_rules():
    name = "C14-unknown-value"
    changed(name, set_entry("tensors", type=9))
    changed(name + ".no-type", set_entry("tensors", type=0))
    changed(name + ".layout", set_entry("tensors", layout=3))
    changed(name + ".no-layout", set_entry("tensors", layout=0))
    changed(name + ".encoding", lambda f: f.banks[0]["experts"][0].update(encoding=99), bank)
    changed(name + ".resize", set_entry("preprocessings", resize=0))
    changed(name + ".interpolation", set_entry("preprocessings", interpolation=5))
    changed(name + ".kind", set_entry("tokenizers", kind=0))
    changed(name + ".eos", set_entry("tokenizers", eos=4))


def tensor_rules():
    changed("C15-dims", set_entry("tensors", dims=[1] * 7 + [2, 3]))
    changed("C15-dims.zero", set_entry("tensors", dims=[0, 6]))
    changed("C15-dims.large", set_entry("tensors", dims=[2**40 + 1], type="u8"))
    name = "C16-type-and-layout"
    changed(name, set_entry("tensors", layout="panel32", dims=[1, 2, 3]))
    changed(name + ".type", set_entry("tensors", layout="panel32", type="i32"))
    changed(name + ".int8", set_entry("tensors", type="int8", dims=[24]))
    large = {"layout": "panel32", "dims": [131073, 1], "size": 131073 * 128}
    changed(name + ".inputs", set_entry("tensors", **large))
    changed("C17-tensor-size", set_entry("tensors", size=20))
    changed("C17-tensor-size.overflow", set_entry("tensors", dims=[2**40, 2**40], size=0))
    changed("C17-tensor-size.wrap", set_entry("tensors", dims=[2**31, 2**31, 1], size=0))
    f = File()
    f.tensor("w", "int8", "panel32", [3, 2], int8_panels(3, 2, lambda k, n: 1, lambda n: 1)[:-128])
    add("C17-tensor-size.int8", f.encode())
    f = File()
    f.tensor("w", "int8", "rows", [3, 2], rows("int8", [1] * 6))
    add("C17-tensor-size.int8-rows", f.encode())

    name = "C18-alignment"
    f = small()
    f.parts[0] = (32, *f.parts[0][1:])
    f.parts.insert(0, (1, bytes(32), {}))
    add(name, f.encode())
    f = bank()
    f.parts[0] = (64, *f.parts[0][1:])
    add(name + ".expert", f.encode())

    name = "C19-outside-the-file"
    changed(name + ".header", set_entry("tensors", offset=0))
    changed(name, lambda f: f.tensors[0].update(offset=1 << 20))
    changed(name + ".far", set_entry("tensors", offset=2**64 - 64))
    changed(name + ".far-expert", lambda f: f.banks[0]["experts"][0].update(offset=2**63), bank)
    changed(
        name + ".large", set_entry("tensors", dims=[2**40, 2**20], type="u8", size=2**60)
    )

    name = "C20-overlapping-extents"
    changed(name, lambda f: f.tensors[1].update(offset=f.tensors[0]["offset"]))

    def on_manifest(f):
        f.tensors[1].update(offset=up(f.tensors[1]["offset"] + 1, 64))

    changed(name + ".manifest", on_manifest)

    def twice(f):
        f.banks[0]["experts"][1] = dict(f.banks[0]["experts"][0])

    changed(name + ".experts", twice, bank)


def bank_rules():
    name = "C21-bank-sizes"
    changed(name, set_entry("banks", input=0), bank)
    changed(name + ".large", set_entry("banks", hidden=131073), bank)
    changed(name + ".output", set_entry("banks", output=0), bank)
    changed(name + ".no-experts", set_entry("banks", experts=[]), bank)

    def expert(**values):
        return lambda f: f.banks[0]["experts"][0].update(values)

    changed("C22-expert-encoding", expert(encoding="u8"), bank)
    changed("C23-expert-size", expert(size=832), bank)
    changed("C23-expert-size.encoding", expert(encoding="int8"), bank)
    changed("C23-expert-size.gated", set_entry("banks", gated=1), bank)
    name = "C24-absent-expert"
    absent = {"encoding": 0, "offset": 0, "size": 0, "crc": 0, "usage": []}

    def instead(**values):
        return lambda f: f.banks[0]["experts"].__setitem__(1, {**absent, **values})

    changed(name, instead(offset=4096), bank)
    changed(name + ".size", instead(size=1), bank)
    changed(name + ".checksum", instead(crc=1), bank)
    changed(name + ".usage", instead(usage=[("text", 0)]), bank)
    for what, share in (("", 1.5), (".negative", -0.25), (".nan", float("nan"))):
        add("C25-usage" + what, bank(usage=[("text", share)]).encode())


def signature_rules():
    changed("C26-signature-model", set_entry("signatures", model=b""))
    changed("C27-signature-reference", set_entry("signatures", image_preprocessing=1))
    changed("C27-signature-reference.tokenizer", set_entry("signatures", tokenizer=1))
    bounds = {"": (0, 0), ".order": (3, 2), ".large": (1, 2**31), ".large-minimum": (2**31, 0)}
    for what, (low, high) in bounds.items():
        dimension = {"name": "B", "min": low, "max": high}
        changed("C28-dimension-bounds" + what, set_entry("signatures", dimensions=[dimension]))

    name = "C29-image-preprocessing"
    cases = {
        "": dict(height=0),
        ".large": dict(width=16385),
        ".squash": dict(size=4),
        ".shortest": dict(resize="shortest_side", size=3),
        ".shortest-large": dict(resize="shortest_side", size=16385),
        ".range": dict(low=1, high=1),
        ".nan": dict(low=float("nan")),
        ".infinite": dict(high=float("inf")),
        ".mean": dict(low=0, high=0, mean=[0.5] * 3),
        ".two": dict(low=0, high=0, mean=[0.5] * 2, std=[0.5] * 2),
        ".both": dict(mean=[0.5] * 3, std=[0.5] * 3),
        ".std": dict(low=0, high=0, mean=[0.5] * 3, std=[0.5, 0.5, 0]),
        ".std-nan": dict(low=0, high=0, mean=[0.5] * 3, std=[0.5, float("nan"), 1]),
        ".mean-infinite": dict(low=0, high=0, mean=[float("inf"), 1, 1], std=[0.5] * 3),
    }
    for what, values in cases.items():
        changed(name + what, set_entry("preprocessings", **values))


def tokenizer_rules():
    name = "C30-tokenizer"
    cases = {
        "": dict(max_length=0),
        ".long": dict(max_length=131073),
        ".no-eos": dict(eos_id=None),
        ".eos-id": dict(eos_id=2**31),
        ".pad-id": dict(pad_id=2**31),
        ".lower-case": dict(lower_case=1),
        ".table": dict(pieces="b"),
        ".flag": dict(byte_fallback=1),
        ".unknown-id": dict(unknown_id=1),
    }
    for what, values in cases.items():
        changed(name + what, set_entry("tokenizers", **values))
    changed(name + ".unknown-piece", set_entry("tokenizers", unknown_id=5), tokenizer)
    name = "C31-tokenizer-table"
    changed(name, set_entry("tokenizers", scores="nowhere"), tokenizer)
    changed(name + ".empty", set_entry("tokenizers", pieces=""), tokenizer)
    changed(name + ".type", set_entry("tokenizers", scores="t/offsets"), tokenizer)
    changed(name + ".dims", lambda f: f.tensors[0].update(dims=[1] + f.tensors[0]["dims"]), tokenizer)
    changed(name + ".map", set_entry("tokenizers", character_map="t/scores"), tokenizer)

    def replaced(index, type, dims, data):
        f = tokenizer()
        f.tensors[index].update(type=type, dims=dims)
        f.parts[index] = (64, data, f.tensors[index])
        return f.encode()

    add(name + ".offsets", replaced(1, "i32", [5], rows("i32", [0, 5, 9, 13, 16])))
    add(name + ".types", replaced(3, "u8", [4], bytes([2, 3, 1, 1])))
    changed("C32-model-values", lambda f: setattr(f, "logit_scale", float("nan")))
    changed("C32-model-values.infinite", lambda f: setattr(f, "logit_scale", float("-inf")))
    changed("C32-model-values.embedding-size", lambda f: setattr(f, "embedding_size", 131073))

    name = "C39-tokenizer-content"
    add(name, replaced(1, "i32", [6], rows("i32", [1, 5, 9, 13, 14, 16])))
    add(name + ".order", replaced(1, "i32", [6], rows("i32", [0, 5, 5, 13, 14, 16])))
    add(name + ".end", replaced(1, "i32", [6], rows("i32", [0, 5, 9, 13, 14, 15])))
    add(name + ".types", replaced(3, "u8", [5], bytes([2, 3, 1, 1, 7])))
    add(name + ".no-type", replaced(3, "u8", [5], bytes([2, 3, 0, 1, 1])))
    add(name + ".unknown", replaced(3, "u8", [5], bytes([1, 3, 1, 1, 1])))


def data_rules():
    def flip(at, bit=1):
        def change(data):
            at_ = at if at >= 0 else len(data) + at
            return data[:at_] + bytes([data[at_] ^ bit]) + data[at_ + 1 :]

        return change

    add("C33-tensor-checksum", small().encode(change_file=flip(64)))
    changed("C33-tensor-checksum.stored", set_entry("tensors", crc=1))
    add("C34-expert-checksum", bank().encode(change_file=flip(4096 + 500)))
    add("C35-gap-bytes", small().encode(change_file=flip(64 + 24)))
    f = small()
    f.trailing = 3
    add("C35-gap-bytes.end", f.encode(change_file=flip(-1)))
    add("C35-gap-bytes.page", bank().encode(change_file=flip(4095, 128)))

    def tensor(name, type, layout, dims, data):
        f = File()
        f.tensor("w", type, layout, dims, data)
        add(name, f.encode())

    def put(data, at, new):
        return data[:at] + new + data[at + len(new) :]

    code, scale = lambda k, n: k + n + 1, lambda n: 0.5
    name = "C36-padding"
    floats = panels("f32", 2, 3, lambda k, n: 1.0)
    tensor(name, "f32", "panel32", [2, 3], put(floats, 128 + 12, b"\0\0\x80\x3f"))
    tensor(name + ".minus-zero", "f32", "panel32", [2, 3], put(floats, 124, b"\0\0\0\x80"))
    halves = panels("bf16", 2, 33, lambda k, n: 1.0)
    tensor(name + ".bf16", "bf16", "panel32", [2, 33], put(halves, 128 + 2, b"\x80\x3f"))
    codes = int8_panels(3, 2, code, scale)
    tensor(name + ".output", "int8", "panel32", [3, 2], put(put(codes, 8, b"\x01"), 128 + 128 + 8, b"\x01"))
    tensor(name + ".input", "int8", "panel32", [3, 2], put(put(codes, 3, b"\x01"), 256, bytes([7])))
    tensor(name + ".scales", "int8", "panel32", [3, 2], put(codes, 128 + 8, b"\0\0\0\x3f"))
    lines = int8_rows([1] * 6, [1, 1])
    tensor(name + ".rows", "int8", "rows", [2, 3], put(lines, 63, b"\x01"))

    def expert(name, encoding, at, new):
        f = bank(encoding)
        alignment, data, entry = f.parts[0]
        f.parts[0] = (alignment, put(data, at, new), entry)
        add(name, f.encode())

    expert(name + ".bias", "f32", 2 * 128 + 12, b"\0\0\0\x3f")

    name = "C37-int8-codes"
    low = int8_panels(3, 2, lambda k, n: -128 if k == 1 else 0, scale)
    tensor(name, "int8", "panel32", [3, 2], low)
    tensor(name + ".rows", "int8", "rows", [2, 3], put(lines, 5, b"\x80"))
    tensor(name + ".rows-scale", "int8", "rows", [2, 3], put(lines, 64, b"\0\0\x80\x7f"))
    tensor(name + ".scale", "int8", "panel32", [3, 2], put(codes, 128, b"\0\0\0\xbf"))
    tensor(name + ".minus-zero", "int8", "panel32", [3, 2], put(codes, 128, b"\0\0\0\x80"))
    tensor(name + ".nan", "int8", "panel32", [3, 2], put(codes, 132, b"\0\0\xc0\x7f"))
    tensor(name + ".row-sum", "int8", "panel32", [3, 2], put(codes, 256, b"\x05"))
    tensor(name + ".row-sum-padding", "int8", "panel32", [3, 2], put(codes, 380, b"\x01"))
    expert(name + ".expert", "int8", 256, b"\xff")

    name = "C38-element-values"
    nan, infinity = float("nan"), float("inf")
    tensor(name, "f32", "rows", [3], rows("f32", [0, nan, 0]))
    tensor(name + ".f16", "f16", "rows", [2], rows("f16", [0, infinity]))
    tensor(name + ".bf16", "bf16", "rows", [2], rows("bf16", [-infinity, 0]))
    tensor(name + ".bool", "bool", "rows", [2], b"\x01\x02")
    tensor(name + ".panel", "f16", "panel32", [2, 3], panels("f16", 2, 3, lambda k, n: nan if k + n == 3 else 1))
    expert(name + ".bias", "int8", 384, rows("f32", [infinity]))


for rules in (
    header_rules,
    wire_rules,
    count_rules,
    name_rules,
    value_rules,
    tensor_rules,
    bank_rules,
    signature_rules,
    tokenizer_rules,
    data_rules,
):
    rules()
