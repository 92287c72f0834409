#!/usr/bin/env python3
"""Writes the graph vectors: valid/*.onnx with their dumps (*.txt) and invalid/G*.onnx. Standard library only.

The wire is written here by hand, and the expected types and shapes are stated, not computed, so that neither
protobuf nor any reader of graphs is needed to trust them. Running it again gives the same bytes.
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
FLOAT, UINT8, INT32, INT64, BOOL = 1, 2, 6, 7, 9
TYPE_NAMES = {FLOAT: "f32", UINT8: "u8", INT32: "i32", INT64: "i64", BOOL: "bool"}


# --- the wire ---------------------------------------------------------------------------------------------

def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def packed(field, numbers):
    return block(field, b"".join(map(varint, numbers))) if numbers else b""


def dims_message(dims):
    return b"".join(block(1, number(1, d) if isinstance(d, int) else block(2, d)) for d in dims)


def value_info(name, type, dims):
    tensor = number(1, type) + block(2, dims_message(dims))
    return block(1, name) + block(2, block(1, tensor))


def external(name, dims, location=None, type=FLOAT, entries=None):
    entries = [("location", name if location is None else location)] if entries is None else entries
    pairs = b"".join(block(13, block(1, k) + block(2, v)) for k, v in entries)
    return packed(1, dims) + number(2, type) + block(8, name) + pairs + number(14, 1)


FORMATS = {FLOAT: "f", UINT8: "B", INT32: "i", INT64: "q", BOOL: "B"}


def raw(type, values):
    return struct.pack("<%d%s" % (len(values), FORMATS[type]), *values)


def constant(name, type, dims, values):
    data = values if isinstance(values, bytes) else raw(type, values)
    return packed(1, dims) + number(2, type) + block(8, name) + block(9, data)


def attribute(name, value, type=None):
    if isinstance(value, float):
        content, kind = varint(2 << 3 | 5) + struct.pack("<f", value), 1
    elif isinstance(value, int):
        content, kind = number(3, value), 2
    elif isinstance(value, str):
        content, kind = block(4, value), 3
    elif value and isinstance(value[0], float):
        content, kind = block(7, struct.pack("<%df" % len(value), *value)), 6
    else:
        content, kind = packed(8, value), 7
    return block(1, name) + content + number(20, kind if type is None else type)


def pieces(x):
    """f32 numbers whose sum in f64 is x."""
    out = []
    while x:
        out.append(struct.unpack("<f", struct.pack("<f", x))[0])
        x -= out[-1]
    return out


def node(op, inputs, outputs, attributes=(), name=None, domain=""):
    name = outputs[0] if name is None else name
    return (b"".join(block(1, i) for i in inputs) + b"".join(block(2, o) for o in outputs)
            + (block(3, name) if name else b"") + block(4, op)
            + b"".join(block(5, a if isinstance(a, bytes) else attribute(*a)) for a in attributes)
            + (block(7, domain) if domain else b""))


def graph_message(nodes, initializers, inputs, outputs, name="g"):
    return (b"".join(block(1, n) for n in nodes) + block(2, name)
            + b"".join(block(5, i) for i in initializers) + b"".join(block(11, i) for i in inputs)
            + b"".join(block(12, o) for o in outputs))


def model(graph, sets=(("", 23),), ir=10):
    imports = b"".join(block(8, (block(1, d) if d else b"") + number(2, v)) for d, v in sets)
    return number(1, ir) + block(2, "limequat") + (b"" if graph is None else block(7, graph)) + imports


# --- valid graphs with their dumps --------------------------------------------------------------------------

class Writer:
    """Collects a graph and, line by line, what a reader must make of it (graph.md, "Vectors")."""

    def __init__(self, name):
        self.name = name
        self.ids = {}
        self.inputs, self.initializers, self.nodes, self.outputs, self.lines = [], [], [], [], []
        self.own = False

    def new(self, name):
        self.ids[name] = len(self.ids)
        return self.ids[name]

    def input(self, name, type, dims):
        self.inputs.append(value_info(name, type, dims))
        self.lines.append("input %d %s %s %s" % (self.new(name), name, TYPE_NAMES[type], show(dims)))
        return name

    def weight(self, name, dims, location=None):
        self.initializers.append(external(name, dims, location))
        self.lines.append("weight %d %s f32 %s %s" % (self.new(name), name, show(dims), location or name))
        return name

    def constant(self, name, type, dims, values):
        self.initializers.append(constant(name, type, dims, values))
        data = raw(type, values).hex()
        self.lines.append(
            "constant %d %s %s %s %s" % (self.new(name), name, TYPE_NAMES[type], show(dims), data))
        return name

    def node(self, op, inputs, output, expected, attributes=(), text="", domain="", name=None):
        """`expected`: type and shape, symbolic dims being 2; `text`: what the operator says of itself."""
        self.own = self.own or domain == "limequat"
        self.nodes.append(node(op, inputs, [output], attributes, name, domain))
        ids = " ".join(str(self.ids[i]) if i else "_" for i in inputs)
        type, shape = expected
        self.lines.append("node %d %s %s(%s) [%s] %s %s %s" % (
            self.new(output), name or output, op, text, ids, output, TYPE_NAMES[type], show(shape)))
        return output

    def output(self, name, type, dims):
        self.outputs.append(value_info(name, type, dims))
        self.lines.append("output %d %s" % (self.ids[name], show(dims)))

    def message(self):
        graph = graph_message(self.nodes, self.initializers, self.inputs, self.outputs, self.name)
        return model(graph, (("", 23), ("limequat", 1)) if self.own else (("", 23),))

    def save(self, message=None):
        (HERE / "valid" / (self.name + ".onnx")).write_bytes(message or self.message())
        (HERE / "valid" / (self.name + ".txt")).write_text("\n".join(self.lines) + "\n")


def show(dims):
    return "[" + ", ".join(map(str, dims)) + "]"


def block_nodes(w, i, h, shape, D, heads, F, mask=""):
    """One encoder block with a dense MLP; `h` is the value it continues."""
    p = "block_%d/" % i
    names = {}
    for n in ("query", "key", "value", "out"):
        names[n] = w.weight(p + n + "/kernel", [D, D]), w.weight(p + n + "/bias", [D])
    scale, bias = w.weight(p + "norm_0/scale", [D]), w.weight(p + "norm_0/bias", [D])
    scale1, bias1 = w.weight(p + "norm_1/scale", [D]), w.weight(p + "norm_1/bias", [D])
    w0, b0 = w.weight(p + "dense_0/kernel", [D, F]), w.weight(p + "dense_0/bias", [F])
    w1, b1 = w.weight(p + "dense_1/kernel", [F, D]), w.weight(p + "dense_1/bias", [D])
    epsilon = 2.0 ** -20

    def run(op, inputs, output, dims=shape, attributes=(), text=""):
        return w.node(op, inputs, p + output, (FLOAT, dims), attributes, text)

    def steps():
        y = run("LayerNormalization", [h, scale, bias], "norm_0", attributes=[("axis", -1), ("epsilon", epsilon)],
                text="epsilon=9.536743e-07")
        made = []
        for n in ("query", "key", "value"):
            made.append(run("Add", [run("MatMul", [y, names[n][0]], n + "/product"), names[n][1]], n))
        a = run("Attention", made + ([mask] if mask else []), "attention",
                attributes=[("q_num_heads", heads), ("kv_num_heads", heads)],
                text="heads=%d kv_heads=%d" % (heads, heads))
        a = run("Add", [run("MatMul", [a, names["out"][0]], "out/product"), names["out"][1]], "out")
        x = run("Add", [h, a], "sum_0")
        y = run("LayerNormalization", [x, scale1, bias1], "norm_1",
                attributes=[("axis", -1), ("epsilon", epsilon)], text="epsilon=9.536743e-07")
        wide = shape[:-1] + [F]
        y = run("Add", [run("MatMul", [y, w0], "dense_0/product", wide), b0], "dense_0", wide)
        y = run("Gelu", [y], "gelu", wide, [("approximate", "tanh")], "tanh")
        y = run("Add", [run("MatMul", [y, w1], "dense_1/product"), b1], "dense_1")
        return run("Add", [x, y], "sum_1")
    return steps


def limoe_image():
    """An image tower with token pooling and one MoE layer, in the form the converter writes. Two pixels of
    patch, two patches a side."""
    w = Writer("limoe-image")
    D, E, P = 8, 4, 3
    w.input("image", FLOAT, ["B", 4, 4, 3])
    kernel, bias = w.weight("embedding/kernel", [12, D]), w.weight("embedding/bias", [D])
    cls, positions = w.weight("cls", [1, 1, D]), w.weight("posembed_image/pos_embedding", [1, 5, D])
    s0 = w.constant("patches_0.shape", INT64, [5], [0, 2, 2, 2, 6])
    s1 = w.constant("patches_2.shape", INT64, [3], [0, 4, 12])
    pad0 = w.constant("h_0.pads", INT64, [6], [0, 1, 0, 0, 0, 0])
    pad1 = w.constant("h_1.pads", INT64, [6], [0, 0, 0, 0, 4, 0])
    run = block_nodes(w, 0, "h_3", [2, 5, D], D, 2, 16)
    router = w.weight("Encoder/encoderblock_1/Moe/Router/dense/kernel", [D, E])
    head = w.weight("head_image/kernel", [D, P])
    zero = w.constant("first", INT64, [], [0])
    axes = w.constant("norm.axes", INT64, [1], [-1])
    eps = w.constant("epsilon", FLOAT, [], [1e-8])

    w.node("Reshape", ["image", s0], "patches_0", (FLOAT, [2, 2, 2, 2, 6]), text="[0, 2, 2, 2, 6]")
    w.node("Transpose", ["patches_0"], "patches_1", (FLOAT, [2, 2, 2, 2, 6]), [("perm", [0, 1, 3, 2, 4])],
           "[0, 1, 3, 2, 4]")
    w.node("Reshape", ["patches_1", s1], "patches_2", (FLOAT, [2, 4, 12]), text="[0, 4, 12]")
    w.node("MatMul", ["patches_2", kernel], "embedding/product", (FLOAT, [2, 4, D]))
    w.node("Add", ["embedding/product", bias], "embedding", (FLOAT, [2, 4, D]))
    w.node("Pad", ["embedding", pad0], "h_0", (FLOAT, [2, 5, D]), [("mode", "constant")], "[0, 1, 0, 0, 0, 0]")
    w.node("Pad", [cls, pad1], "h_1", (FLOAT, [1, 5, D]), text="[0, 0, 0, 0, 4, 0]")
    w.node("Add", ["h_0", "h_1"], "h_2", (FLOAT, [2, 5, D]))
    w.node("Add", ["h_2", positions], "h_3", (FLOAT, [2, 5, D]))
    h = run()
    w.node("MatMul", [h, router], "logits", (FLOAT, [2, 5, E]))
    w.node("SparseMoE", [h, "logits"], "moe", (FLOAT, [2, 5, D]), [
        ("bank", "bank"), ("k", 1), ("activation", "gelu_tanh"), ("capacity_factor", pieces(1.05)), ("capacity_multiple", 4), ("group_size", -1), ("batch_priority", 1),
    ], "bank=bank k=1 gelu_tanh normalize=0 all capacity=1.05 ceil multiple=4 group=-1 priority=1 bf16=0",
        "limequat", "moe_layer")
    w.node("Add", [h, "moe"], "sum", (FLOAT, [2, 5, D]))
    w.node("Gather", ["sum", zero], "pooled", (FLOAT, [2, D]), [("axis", 1)], "axis=1")
    w.node("MatMul", ["pooled", head], "z", (FLOAT, [2, P]))
    w.node("ReduceL2", ["z", axes], "norm", (FLOAT, [2, 1]), [("keepdims", 1)], "axis=-1 keep=1")
    w.node("Add", ["norm", eps], "norm_eps", (FLOAT, [2, 1]))
    w.node("Div", ["z", "norm_eps"], "embedding_out", (FLOAT, [2, P]))
    w.output("embedding_out", FLOAT, ["B", P])
    return w


def limoe_text():
    """A text tower whose pads are neither attended nor pooled."""
    w = Writer("limoe-text-lengths")
    T, V, D, P = 4, 11, 8, 3
    w.input("token_ids", INT32, ["B", T])
    w.input("lengths", INT32, ["B"])
    table, positions = w.weight("Embed_0/embedding", [V, D]), w.weight("posembed_text/pos_embedding", [1, T, D])
    key_range = w.constant("key_range", INT32, [1, 1, 1, T], list(range(T)))
    pool_range = w.constant("pool_range", INT32, [1, T], list(range(T)))
    s0 = w.constant("lengths_4.shape", INT64, [4], [0, 1, 1, 1])
    s1 = w.constant("lengths_2.shape", INT64, [2], [0, 1])
    s2 = w.constant("weights.shape", INT64, [3], [0, T, 1])
    axes = w.constant("pooled.axes", INT64, [1], [1])
    head = w.weight("head_text/kernel", [D, P])
    run = block_nodes(w, 0, "h", [2, T, D], D, 2, 16, "mask")
    w.node("Gather", [table, "token_ids"], "tokens", (FLOAT, [2, T, D]), text="axis=0")
    w.node("Add", ["tokens", positions], "h", (FLOAT, [2, T, D]))
    w.node("Reshape", ["lengths", s0], "lengths_4", (INT32, [2, 1, 1, 1]), text="[0, 1, 1, 1]")
    w.node("Less", [key_range, "lengths_4"], "mask", (BOOL, [2, 1, 1, T]))
    h = run()
    w.node("Reshape", ["lengths", s1], "lengths_2", (INT32, [2, 1]), text="[0, 1]")
    w.node("Less", [pool_range, "lengths_2"], "inside", (BOOL, [2, T]))
    w.node("Cast", ["inside"], "inside_f32", (FLOAT, [2, T]), [("to", FLOAT)], "f32")
    w.node("Reshape", ["inside_f32", s2], "weights", (FLOAT, [2, T, 1]), text="[0, %d, 1]" % T)
    w.node("Mul", [h, "weights"], "weighted", (FLOAT, [2, T, D]))
    w.node("ReduceSum", ["weighted", axes], "pooled_sum", (FLOAT, [2, D]), [("keepdims", 0)], "axis=1 keep=0")
    w.node("Cast", ["lengths_2"], "lengths_f32", (FLOAT, [2, 1]), [("to", FLOAT)], "f32")
    w.node("Div", ["pooled_sum", "lengths_f32"], "pooled", (FLOAT, [2, D]))
    w.node("MatMul", ["pooled", head], "embedding", (FLOAT, [2, P]))
    w.output("embedding", FLOAT, ["B", P])
    return w


def operators():
    """Every operator that the towers do not use, and every option."""
    w = Writer("operators")
    w.input("x", FLOAT, ["B", 6])
    w.input("n", INT64, ["B", 6])
    w.input("bytes", UINT8, ["B", 6])
    scale = w.weight("scale", [6], "other/name")
    flags = w.constant("flags", BOOL, [6], [1, 0, 1, 1, 0, 0])
    one = w.constant("one", INT64, [], [1])
    infer = w.constant("infer", INT64, [3], [-1, 2, 3])
    middle = w.constant("middle", INT64, [1], [1])
    first = w.constant("first", INT64, [1], [0])
    last = w.constant("last", INT64, [1], [-1])
    far = w.constant("far", INT64, [1], [9223372036854775807])
    two = w.constant("two", INT64, [1], [2])
    both = w.constant("both", INT64, [2], [0, -1])
    w.node("Reshape", ["x", infer], "reshaped", (FLOAT, [2, 2, 3]), [("allowzero", 0)], "[-1, 2, 3]")
    w.node("Unsqueeze", ["x", both], "unsqueezed", (FLOAT, [1, 2, 6, 1]), text="axes=[0, -1]")
    w.node("Squeeze", ["unsqueezed", both], "squeezed", (FLOAT, [2, 6]), text="axes=[0, -1]")
    w.node("Concat", ["x", "squeezed", "x"], "concatenated", (FLOAT, [2, 18]), [("axis", -1)], "axis=-1")
    w.node("Slice", ["concatenated", middle, far, last, two], "odd", (FLOAT, [2, 9]),
           text="starts=[1] ends=[9223372036854775807] axes=[-1] steps=[2]")
    w.node("Slice", ["concatenated", first, last, last], "cut", (FLOAT, [2, 17]),
           text="starts=[0] ends=[-1] axes=[-1] steps=1")
    w.node("Cast", ["bytes"], "bytes_f32", (FLOAT, [2, 6]), [("to", FLOAT)], "f32")
    w.node("Cast", ["n"], "n_i32", (INT32, [2, 6]), [("to", INT32)], "i32")
    w.node("Cast", ["n_i32"], "n_i64", (INT64, [2, 6]), [("to", INT64)], "i64")
    w.node("Sub", ["n_i64", one], "n_less", (INT64, [2, 6]))
    w.node("Equal", ["n_less", "n"], "never", (BOOL, [2, 6]))
    w.node("Where", [flags, "x", "bytes_f32"], "chosen", (FLOAT, [2, 6]))
    w.node("RMSNormalization", ["chosen", scale], "rms", (FLOAT, [2, 6]), [("stash_type", 1)], "epsilon=1e-05")
    w.node("LayerNormalization", ["rms", scale], "plain", (FLOAT, [2, 6]), [("epsilon", 0.5)], "epsilon=0.5")
    w.node("Softmax", ["plain"], "soft", (FLOAT, [2, 6]))
    w.node("Gelu", ["soft"], "gelu", (FLOAT, [2, 6]), text="erf")
    w.node("Relu", ["gelu"], "relu", (FLOAT, [2, 6]))
    w.node("Sigmoid", ["relu"], "sigmoid", (FLOAT, [2, 6]))
    w.node("Tanh", ["sigmoid"], "tanh", (FLOAT, [2, 6]))
    w.node("Identity", ["tanh"], "same", (FLOAT, [2, 6]))
    w.node("ReduceMean", ["reshaped", two], "mean", (FLOAT, [2, 2, 1]), text="axis=2 keep=1")
    w.node("Attention", ["reshaped", "mean", "mean", "", ], "cross", (FLOAT, [2, 2, 3]), [
        ("q_num_heads", 3), ("kv_num_heads", 1), ("scale", 0.25), ("is_causal", 0), ("softcap", 0.0)],
        "heads=3 kv_heads=1 scale=0.25")
    w.node("SparseMoE", ["cross", "mean"], "moe", (FLOAT, [2, 2, 3]), [
        ("bank", "single"), ("k", 1), ("activation", "swiglu"), ("normalize_gates", 1), ("softmax", "kept"),
        ("capacity_rounding", "round"), ("group_size", 7), ("dispatch_rounding", "bf16")],
        "bank=single k=1 swiglu normalize=1 kept capacity=0.0 round multiple=1 group=7 priority=0 bf16=1",
        "limequat")
    w.output("same", FLOAT, ["B", 6])
    w.output("never", BOOL, ["B", 6])
    w.output("moe", FLOAT, ["B", 2, 3])
    return w


def other_wire():
    """The same kind of graph as other writers put it: fields in another order, numbers not packed, unknown
    fields, documentation."""
    w = Writer("other-wire")
    w.input("x", FLOAT, ["B", 2, 3])
    w.weight("w", [3, 4])
    w.node("Transpose", ["x"], "t", (FLOAT, [2, 2, 3]), [("perm", [1, 0, 2])], "[1, 0, 2]")
    w.node("MatMul", ["t", "w"], "y", (FLOAT, [2, 2, 4]))
    w.output("y", FLOAT, [2, "B", 4])
    perm = number(20, 7) + b"".join(number(8, n) for n in (1, 0, 2)) + block(1, "perm") + block(13, "doc")
    weight = (block(16, block(1, "key") + block(2, "value")) + number(14, 1)
              + block(13, block(2, "w") + block(1, "location")) + block(8, "w") + number(2, FLOAT)
              + number(1, 3) + number(1, 4))
    transpose = block(4, "Transpose") + block(6, "a comment") + block(3, "t") + block(2, "t") + block(1, "x") + \
        block(5, perm)
    graph = (block(12, w.outputs[0]) + block(10, "doc") + block(11, w.inputs[0]) + block(5, weight)
             + block(1, transpose) + block(2, w.name) + block(13, value_info("t", FLOAT, [2, "B", 3]))
             + block(1, w.nodes[1]))
    message = block(8, number(2, 23)) + block(14, block(1, "k")) + block(7, graph) + number(5, 3) + number(1, 10)
    w.save(message)


# --- invalid graphs: each breaks one rule -------------------------------------------------------------------

X = value_info("x", FLOAT, ["B", 4])
Y = value_info("y", FLOAT, ["B", 4])
Q = value_info("x", FLOAT, ["B", 6, 8])
QY = value_info("y", FLOAT, ["B", 6, 8])
W44 = external("w", [4, 4])


def shapes(name, values, dims=None):
    return constant(name, INT64, [len(values)] if dims is None else dims, values)


def simple(nodes=None, initializers=(), inputs=(X,), outputs=(Y,), **more):
    nodes = [node("Relu", ["x"], ["y"])] if nodes is None else nodes
    return model(graph_message(nodes, initializers, inputs, outputs), **more)


def moe(attributes, inputs=("x", "logits"), given=(Q,), outputs=(QY,), dims=(8, 4), drop=()):
    base = {"bank": "bank", "k": 1, "activation": "gelu"}
    base.update(attributes)
    nodes = [node("MatMul", ["x", "w"], ["logits"]),
             node("SparseMoE", inputs, ["y"], [(k, v) for k, v in base.items() if k not in drop],
                  domain="limequat")]
    return simple(nodes, [external("w", list(dims))], given, outputs, sets=(("", 23), ("limequat", 1)))


def one(op, inputs, attributes=(), initializers=(), given=(X,), outputs=(Y,), **more):
    return simple([node(op, inputs, ["y"], attributes)], initializers, given, outputs, **more)


def attention(attributes=(), given=(Q,), inputs=("x", "x", "x"), initializers=(), heads=(2, 2)):
    return one("Attention", inputs, [("q_num_heads", heads[0]), ("kv_num_heads", heads[1]), *attributes],
               initializers, given, (QY,))


def invalid():
    good = simple()
    yield "G01-wire-truncated", good[:-1]
    yield "G01-wire-garbage", bytes(range(1, 64))
    yield "G01-wire-twice", number(1, 10) + good
    yield "G01-wire-text", simple([node("Relu", ["x"], ["y"], name=b"\xff\xfe")])
    yield "G01-wire-zero-in-text", simple([node("Relu", ["x"], ["y"], name=b"a\0b")])
    yield "G03-version", simple(ir=3)
    yield "G04-operator-sets-none", simple(sets=())
    yield "G04-operator-sets-old", simple(sets=(("", 22),))
    yield "G04-operator-sets-foreign", simple(sets=(("", 23), ("com.microsoft", 1)))
    yield "G04-operator-sets-own-missing", simple(
        [node("SparseMoE", ["x", "x"], ["y"], [("bank", "b"), ("k", 1), ("activation", "gelu")],
              domain="limequat")])
    yield "G04-operator-sets-twice", simple(sets=(("", 23), ("", 23)))
    yield "G05-graph", model(None)
    yield "G06-limits-inputs", simple(inputs=[value_info("x%d" % i if i else "x", FLOAT, [4]) for i in range(17)])
    yield "G06-limits-no-output", simple(outputs=())
    yield "G06-limits-node-inputs", one("Concat", ["x"] * 65, [("axis", 0)])
    yield "G07-names-node", simple([node("Relu", ["x"], ["y"], name="")])
    yield "G07-names-control", simple([node("Relu", ["x"], ["y"], name="a\nb")])
    yield "G07-names-long", simple([node("Relu", ["x"], ["y"], name="n" * 1025)])
    yield "G07-names-output", simple([node("Relu", ["x"], [""], name="n")])
    yield "G08-unique-names-node", simple([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])])
    yield "G08-unique-names-initializer", simple(initializers=[external("x", [4])])
    yield "G09-defined-unknown", one("Relu", ["z"])
    yield "G09-defined-later", simple([node("Relu", ["t"], ["y"]), node("Tanh", ["x"], ["t"])])
    yield "G09-defined-itself", one("Relu", ["y"])
    yield "G09-defined-output", simple([node("Relu", ["x"], ["z"])])
    yield "G10-one-output-two", simple([node("Relu", ["x"], ["y", "z"])])
    yield "G10-one-output-none", simple([node("Relu", ["x"], ["y"]), node("Relu", ["x"], [], name="n")])
    yield "G11-operators-conv", one("Conv", ["x", "x"])
    yield "G11-operators-domain", simple([node("Relu", ["x"], ["y"], domain="ai.onnx")])
    yield "G12-input-count-few", one("Add", ["x"])
    yield "G12-input-count-many", one("Relu", ["x", "x"])
    yield "G13-attributes-unknown", one("Relu", ["x"], [("alpha", 1.0)])
    yield "G13-attributes-twice", one("Softmax", ["x"], [("axis", -1), ("axis", -1)])
    yield "G14-attribute-types", one("Softmax", ["x"], [("axis", "last")])
    yield "G14-attribute-types-none", one("Softmax", ["x"], [attribute("axis", -1, 0)])
    yield "G15-required-attributes-perm", one("Transpose", ["x"])
    yield "G15-required-attributes-bank", moe({}, drop=("bank",))
    yield "G16-attribute-values-perm", one("Transpose", ["x"], [("perm", [0, 0])])
    yield "G16-attribute-values-softmax", one("Softmax", ["x"], [("axis", 0)])
    yield "G16-attribute-values-cast", one("Cast", ["x"], [("to", 10)])
    yield "G16-attribute-values-gelu", one("Gelu", ["x"], [("approximate", "fast")])
    yield "G16-attribute-values-causal", attention([("is_causal", 1)])
    yield "G16-attribute-values-heads", attention(heads=(4, 3))
    yield "G16-attribute-values-epsilon", one(
        "LayerNormalization", ["x", "w"], [("epsilon", float("nan"))], [external("w", [4])])
    yield "G16-attribute-values-k", moe({"k": 0})
    yield "G16-attribute-values-activation", moe({"activation": "swish"})
    yield "G16-attribute-values-capacity", moe({"capacity_factor": [-1.0]})
    yield "G16-attribute-values-allowzero", one("Reshape", ["x", "s"], [("allowzero", 1)], [shapes("s", [0, 4])])
    yield "G17-value-info-type", simple(inputs=[value_info("x", 11, ["B", 4])])
    yield "G17-value-info-none", simple(inputs=[block(1, "x")])
    yield "G17-value-info-dim", simple(inputs=[value_info("x", FLOAT, ["B", 0])])
    yield "G17-value-info-nameless-dim", simple(inputs=[value_info("x", FLOAT, ["B", ""])])
    yield "G17-value-info-rank", simple(inputs=[value_info("x", FLOAT, [1] * 9)])
    c = lambda *a: simple(initializers=[constant("c", *a)])
    yield "G18-constant-data-short", c(FLOAT, [2], bytes(4))
    yield "G18-constant-data-type", c(10, [2], bytes(4))
    yield "G18-constant-data-dim", c(FLOAT, [0], b"")
    yield "G18-constant-data-large", c(UINT8, [65537], bytes(65537))
    yield "G18-constant-data-bool", c(BOOL, [2], b"\1\2")
    yield "G18-constant-data-overflow", c(FLOAT, [1 << 40, 1 << 40], bytes(4))
    e = lambda **a: simple(initializers=[external("w", [4], **a)])
    yield "G19-external-data-type", e(type=10)
    yield "G19-external-data-none", e(entries=[])
    yield "G19-external-data-offset", e(entries=[("location", "w"), ("offset", "0")])
    yield "G19-external-data-key", e(entries=[("path", "w")])
    yield "G19-external-data-location", e(entries=[("location", "")])
    yield "G19-external-data-both", simple(initializers=[external("w", [1]) + block(9, bytes(4))])
    yield "G19-external-data-where", simple(
        initializers=[packed(1, [4]) + number(2, 1) + block(8, "w") + number(14, 2)])
    s = lambda values, **a: one("Reshape", ["x", "s"], (), [constant("s", INT64, [len(values)], values)], **a)
    yield "G20-constant-inputs-computed", one(
        "Reshape", ["x", "s"], given=[X, value_info("s", INT64, [2])])
    yield "G20-constant-inputs-type", one("Reshape", ["x", "s"], (), [constant("s", INT32, [2], [0, 4])])
    yield "G20-constant-inputs-rank", one("Reshape", ["x", "s"], (), [constant("s", INT64, [1, 2], [0, 4])])
    yield "G20-constant-inputs-two-inferred", s([-1, -1])
    yield "G20-constant-inputs-negative", s([-2, 4])
    yield "G20-constant-inputs-long", s([1] * 17)
    yield "G20-constant-inputs-pad", one("Pad", ["x", "s"], (), [shapes("s", [0, -1, 0, 0])])
    yield "G20-constant-inputs-axes", one("ReduceMean", ["x", "s"], (), [shapes("s", [0, 1])])
    yield "G20-constant-inputs-slice", one(
        "Slice", ["x", "s", "e", "e"], (), [shapes("s", [0]), shapes("e", [1, 1])])
    yield "G20-constant-inputs-step", one(
        "Slice", ["x", "s", "s", "s", "z"], (), [shapes("s", [1]), shapes("z", [0])])
    yield "G21-types-mixed", one("Add", ["x", "c"], (), [constant("c", INT32, [], [1])])
    yield "G21-types-integer", one("Relu", ["c"], (), [constant("c", INT32, [4], [1, 2, 3, 4])])
    yield "G21-types-index", one("Gather", ["x", "x"])
    yield "G21-types-condition", one("Where", ["x", "x", "x"])
    yield "G21-types-mask", attention(inputs=("x", "x", "x", "m"), initializers=[constant("m", FLOAT, [6], [0.0] * 6)])
    yield "G22-outputs-type", simple(outputs=[value_info("y", INT32, ["B", 4])])
    yield "G22-outputs-input", simple(outputs=[value_info("x", FLOAT, ["B", 4])])
    yield "G22-outputs-twice", simple(outputs=[Y, Y])
    yield "G22-outputs-symbol", simple(outputs=[value_info("y", FLOAT, ["C", 4])])
    yield "G23-optional-inputs", one("Add", ["x", ""])
    yield "G25-directory-none", one("MatMul", ["x", "w"], (), [external("w", [4, 4], "absent")])
    yield "G25-directory-dims", one("MatMul", ["x", "w"], (), [external("w", [4, 4], "five")])
    yield "G26-ranks-matmul", one("MatMul", ["x", "w"], (), [external("w", [1, 4, 4])])
    yield "G26-ranks-unsqueeze", one("Unsqueeze", ["x", "s"], (), [shapes("s", [0, 1, 2, 3, 4, 5, 6])])
    yield "G26-ranks-transpose", one("Transpose", ["x"], [("perm", [0, 2, 1])])
    yield "G26-ranks-attention", one("Attention", ["x"] * 3, [("q_num_heads", 1), ("kv_num_heads", 1)])
    yield "G26-ranks-pad", one("Pad", ["x", "s"], (), [shapes("s", [0, 0])])
    yield "G27-axes-range", one("Gather", ["x", "i"], [("axis", 2)], [constant("i", INT64, [], [0])])
    yield "G27-axes-twice", one("Unsqueeze", ["x", "s"], (), [shapes("s", [0, -4])])
    yield "G27-axes-reduce", one("ReduceSum", ["x", "s"], (), [shapes("s", [-3])])
    yield "G28-broadcast", one("Add", ["x", "w"], (), [external("w", [3])])
    yield "G28-broadcast-mask", attention(
        inputs=("x", "x", "x", "m"), initializers=[constant("m", BOOL, [5], [1] * 5)])
    yield "G29-dims-matmul", one("MatMul", ["x", "w"], (), [external("w", [5, 4])])
    yield "G29-dims-reshape", s([3, 3])
    yield "G29-dims-reshape-inferred", s([-1, 3])
    yield "G29-dims-reshape-copied", s([1, 1, 0, 8])
    yield "G29-dims-squeeze", one("Squeeze", ["x", "s"], (), [shapes("s", [1])])
    yield "G29-dims-slice", one(
        "Slice", ["x", "s", "e", "a"], (), [shapes("s", [3]), shapes("e", [2]), shapes("a", [1])])
    yield "G29-dims-concat", one("Concat", ["x", "w"], [("axis", 0)], [external("w", [1, 5])])
    yield "G29-dims-norm", one("RMSNormalization", ["x", "w"], (), [external("w", [5])])
    yield "G29-dims-heads", attention(heads=(3, 3))
    yield "G29-dims-logits", moe({}, inputs=("x", "z"), given=(Q, value_info("z", FLOAT, ["B", 5, 4])))
    yield "G30-elements-pad", one("Pad", ["x", "s"], (), [shapes("s", [0, 1 << 40, 0, 0])])
    yield "G30-elements-broadcast", simple(
        [node("Add", ["a", "b"], ["y"])], [external("a", [1 << 30, 1]), external("b", [1, 1 << 30])])
    yield "G31-output-shapes-fixed", simple(outputs=[value_info("y", FLOAT, ["B", 5])])
    yield "G31-output-shapes-symbol", simple(outputs=[value_info("y", FLOAT, [4, "B"])])
    yield "G31-output-shapes-rank", simple(outputs=[value_info("y", FLOAT, ["B"])])
    yield "G32-grouping-capacity", moe({"capacity_factor": [0.25], "group_size": -1, "capacity_rounding": "round"})
    yield "G32-grouping-tokens", moe({"capacity_factor": [1.0], "group_size": 5})
    yield "G33-bank-none", moe({"bank": "absent"})
    yield "G33-bank-size", moe({"bank": "narrow"})
    yield "G33-bank-experts", moe({}, dims=(8, 5))
    yield "G33-bank-gates", moe({"activation": "swiglu"})
    yield "G33-bank-present", moe({"bank": "pruned", "k": 3})


def main():
    for w in (limoe_image(), limoe_text(), operators()):
        w.save()
    other_wire()
    for path in (HERE / "invalid").glob("G*.onnx"):
        path.unlink()
    for name, content in invalid():
        (HERE / "invalid" / (name + ".onnx")).write_bytes(content)


if __name__ == "__main__":
    main()
