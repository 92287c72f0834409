"""A LIMoE checkpoint as ONNX graphs, the form in which onnxruntime and OpenVINO get it.

Kinds of graph:
    f32       experts unrolled: each gathers its tokens, multiplies, and its rows are scattered back
    moe       experts as one com.microsoft.MoE operator a layer
    int8      unrolled; every product but the router's is a DynamicQuantizeMatMul
    qmoe      experts as com.microsoft.QMoE, 8 bits in blocks of 128 inputs; other products as in int8
    standard  f32 without operators of com.microsoft, for OpenVINO
    weights8  standard, with int8 weights that a DequantizeLinear widens

Weights lie outside the graph: f32 ones in the checkpoint's own file, others in a file for each kind that the graphs
of both signatures share.
"""

import os
from pathlib import Path

import numpy as np
from checkpoint import Checkpoint
from onnx import ModelProto, TensorProto, helper, numpy_helper

CONTRIB = "com.microsoft"
BLOCK = 128


class Weights:
    """The external data of graphs."""

    def __init__(self, checkpoint: Checkpoint, folder: Path, kind: str):
        self.extents = checkpoint.extents()
        self.path = folder / f"{kind}.weights"
        self.file = open(self.path, "wb")
        self.places: dict[str, tuple[int, tuple, int]] = {}
        self.linked = folder / "f32.weights"
        if not self.linked.exists():
            os.link(checkpoint.file, self.linked)

    def close(self) -> None:
        self.file.close()
        if not self.places:
            self.path.unlink()

    @staticmethod
    def _tensor(name: str, kind: int, dims: tuple, location: str, offset: int, size: int) -> TensorProto:
        tensor = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", location), ("offset", offset), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        return tensor

    def original(self, name: str, key: str, dims: tuple, part: int | None = None) -> TensorProto:
        """A tensor of the checkpoint, or the part of one expert, where it lies."""
        offset, _ = self.extents[key]
        size = 4 * int(np.prod(dims))
        return self._tensor(name, TensorProto.FLOAT, dims, self.linked.name, offset + (part or 0) * size, size)

    def derived(self, name: str, key: str, make) -> TensorProto:
        """What `make` gives, stored under a key once."""
        if key not in self.places:
            value = np.ascontiguousarray(make())
            self.file.write(b"\0" * (-self.file.tell() % 4096))
            offset = self.file.tell()
            self.file.write(value.data)
            self.places[key] = (offset, value.shape, helper.np_dtype_to_tensor_dtype(value.dtype))
        offset, dims, kind = self.places[key]
        size = int(np.prod(dims)) * helper.tensor_dtype_to_np_dtype(kind).itemsize
        return self._tensor(name, kind, dims, self.path.name, offset, size)


def quantize(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scales of (K, N), one scale a column."""
    scale = np.maximum(np.abs(kernel).max(axis=0) / 127, 1e-30).astype(np.float32)
    return np.clip(np.rint(kernel / scale), -127, 127).astype(np.int8), scale


def quantize_blocks(kernels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes plus 128 of (E, N, K) and scales (E, N, K / BLOCK), as QMoE takes them."""
    blocks = kernels.reshape(*kernels.shape[:2], -1, BLOCK)
    scale = np.maximum(np.abs(blocks).max(axis=-1) / 127, 1e-30).astype(np.float32)
    codes = np.clip(np.rint(blocks / scale[..., None]), -127, 127) + 128
    return codes.astype(np.uint8).reshape(kernels.shape), scale


class Tower:
    """Builds the graph of one signature, `image` or `text`."""

    def __init__(self, checkpoint: Checkpoint, kind: str, weights: Weights):
        self.checkpoint, self.config, self.kind, self.weights = checkpoint, checkpoint.config, kind, weights
        self.standard = kind in ("standard", "weights8")
        self.nodes, self.initializers, self.count = [], [], 0

    # ---- pieces

    def name(self, tensor: TensorProto) -> str:
        self.initializers.append(tensor)
        return tensor.name

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value) -> str:
        return self.name(numpy_helper.from_array(np.asarray(value), self.fresh()))

    def weight(self, key: str, *dims: int, part: int | None = None) -> str:
        return self.name(self.weights.original(self.fresh(), key, dims, part))

    def derived(self, key: str, make) -> str:
        return self.name(self.weights.derived(self.fresh(), key, make))

    def pair(self, key: str, make) -> list[str]:
        """Codes and scales."""
        missing = f"{key}:0" not in self.weights.places
        made = make() if missing else (None, None)
        return [self.derived(f"{key}:{i}", lambda i=i: made[i]) for i in (0, 1)]

    def node(self, op: str, *inputs: str, domain: str = "", **attributes) -> str:
        name = self.fresh()
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, domain=domain, **attributes))
        return name

    def linear(
        self,
        x: str,
        key: str,
        k: int,
        n: int,
        bias: str | None = None,
        part: int | None = None,
        quantized: bool = True,
    ) -> str:
        """x (..., K) by a kernel (K, N); `part` names an expert."""

        def codes() -> tuple[np.ndarray, np.ndarray]:
            kernel = self.checkpoint[key] if part is None else self.checkpoint.part(key, part)
            return quantize(kernel.reshape(k, n))

        if quantized and self.kind in ("int8", "qmoe", "weights8"):
            both = self.pair(key if part is None else f"{key}/{part}", codes)
            if self.kind == "weights8":
                y = self.node("MatMul", x, self.node("DequantizeLinear", *both, axis=1))
            else:
                zero = self.derived(f"zeros {n}", lambda: np.zeros(n, np.int8))
                inputs = [x, *both, zero] + ([self.weight(bias, n, part=part)] if bias else [])
                return self.node("DynamicQuantizeMatMul", *inputs, domain=CONTRIB)
        else:
            y = self.node("MatMul", x, self.weight(key, k, n, part=part))
        return self.node("Add", y, self.weight(bias, n, part=part)) if bias else y

    def gelu(self, x: str) -> str:
        if self.standard:
            return self.node("Gelu", x, approximate="tanh")
        return self.node("FastGelu", x, domain=CONTRIB)

    def mlp(self, x: str, stem: str, part: int | None = None) -> str:
        hidden, inner = self.config["hidden_size"], self.config["mlp_dim"]
        y = self.linear(x, f"{stem}/Dense_0/kernel", hidden, inner, f"{stem}/Dense_0/bias", part)
        return self.linear(self.gelu(y), f"{stem}/Dense_1/kernel", inner, hidden, f"{stem}/Dense_1/bias", part)

    def norm(self, x: str, name: str) -> str:
        scale, bias = (self.weight(f"{name}/{part}", self.config["hidden_size"]) for part in ("scale", "bias"))
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-6)

    def attention(self, x: str, block: str) -> str:
        hidden, heads = self.config["hidden_size"], self.config["num_heads"]
        stem = f"{block}/SelfAttention"
        parts = [
            self.linear(x, f"{stem}/{part}/kernel", hidden, hidden, f"{stem}/{part}/bias")
            for part in ("query", "key", "value")
        ]
        if not self.standard:
            y = self.node("MultiHeadAttention", *parts, domain=CONTRIB, num_heads=heads)
        else:
            apart = self.constant(np.array([0, 0, heads, hidden // heads]))
            q, k, v = (self.node("Reshape", part, apart) for part in parts)
            q, v = (self.node("Transpose", part, perm=[0, 2, 1, 3]) for part in (q, v))
            k = self.node("Transpose", k, perm=[0, 2, 3, 1])
            scale = self.constant(np.float32((hidden // heads) ** -0.5))
            scores = self.node("MatMul", self.node("Mul", q, scale), k)
            y = self.node("MatMul", self.node("Softmax", scores, axis=-1), v)
            y = self.node("Transpose", y, perm=[0, 2, 1, 3])
            y = self.node("Reshape", y, self.constant(np.array([0, 0, hidden])))
        return self.linear(y, f"{stem}/out/kernel", hidden, hidden, f"{stem}/out/bias")

    def experts(self, x: str, block: str) -> str:
        """Top-1 of E experts; no token is dropped."""
        hidden, count = self.config["hidden_size"], self.config["num_experts"]
        flat = self.node("Reshape", x, self.constant(np.array([-1, hidden])))
        router = f"{block}/Moe/Router/dense/kernel"
        logits = self.linear(flat, router, hidden, count, quantized=False)
        if self.kind in ("moe", "qmoe"):
            return self.node("Reshape", self.fused_experts(flat, logits, block), self.node("Shape", x))
        gates = self.node("Softmax", logits, axis=-1)
        gate = self.node("ReduceMax", gates, self.constant(np.array([1])), keepdims=1)
        best = self.node("ArgMax", gates, axis=1, keepdims=0)
        y = self.node("Mul", flat, self.constant(np.zeros(1, np.float32)))
        for expert in range(count):
            chosen = self.node("Equal", best, self.constant(np.array(expert, np.int64)))
            rows = self.node("Squeeze", self.node("NonZero", chosen), self.constant(np.array([0])))
            out = self.mlp(self.node("Gather", flat, rows, axis=0), f"{block}/Moe/Mlp", expert)
            out = self.node("Mul", out, self.node("Gather", gate, rows, axis=0))
            y = self.node("ScatterND", y, self.node("Unsqueeze", rows, self.constant(np.array([1]))), out)
        return self.node("Reshape", y, self.node("Shape", x))

    def fused_experts(self, flat: str, logits: str, block: str) -> str:
        hidden, inner, count = (self.config[key] for key in ("hidden_size", "mlp_dim", "num_experts"))
        inputs = [flat, logits]
        for layer, outputs in enumerate((inner, hidden)):
            stem = f"{block}/Moe/Mlp/Dense_{layer}"

            # The operator wants each kernel output-first.
            def kernels(stem: str = stem) -> np.ndarray:
                return self.checkpoint[f"{stem}/kernel"].transpose(0, 2, 1)

            if self.kind == "moe":
                inputs.append(self.derived(f"{stem}:t", kernels))
            else:
                inputs += self.pair(f"{stem}:t", lambda: quantize_blocks(kernels()))
            inputs.append(self.weight(f"{stem}/bias", count, outputs))
        attributes = {"k": 1, "activation_type": "gelu", "normalize_routing_weights": 0}
        if self.kind == "moe":
            return self.node("MoE", *inputs, domain=CONTRIB, **attributes)
        # QMoE of onnxruntime 1.32 divides a single gate by itself whatever the attribute says; gates of their own,
        # input 14, are taken as they are.
        inputs += [""] * (14 - len(inputs)) + [self.node("Softmax", logits, axis=-1)]
        return self.node("QMoE", *inputs, domain=CONTRIB, expert_weight_bits=8, block_size=BLOCK, **attributes)

    # ---- the whole

    def start(self, modality: str) -> tuple[str, object]:
        config = self.config
        hidden = config["hidden_size"]
        if modality == "text":
            table = self.weight("Embed_0/embedding", config["vocab_size"], hidden)
            positions = self.weight("posembed_text/pos_embedding", 1, config["text_length"], hidden)
            ids = helper.make_tensor_value_info("token_ids", TensorProto.INT32, ["B", config["text_length"]])
            return self.node("Add", self.node("Gather", table, "token_ids", axis=0), positions), ids
        size, patch = config["image_size"], config["patch_size"]
        grid, inputs = size // patch, patch * patch * 3
        h = self.node("Reshape", "image", self.constant(np.array([0, grid, patch, grid, patch * 3])))
        h = self.node("Transpose", h, perm=[0, 1, 3, 2, 4])
        h = self.node("Reshape", h, self.constant(np.array([0, grid * grid, inputs])))
        h = self.linear(h, "embedding/kernel", inputs, hidden, "embedding/bias")
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["B", size, size, 3])
        return self.node("Add", h, self.weight("posembed_image/pos_embedding", 1, grid * grid, hidden)), image

    def build(self, modality: str) -> ModelProto:
        hidden, projection = self.config["hidden_size"], self.config["projection_size"]
        h, given = self.start(modality)
        for layer in range(self.config["num_layers"]):
            block = f"Encoder/encoderblock_{layer}"
            h = self.node("Add", h, self.attention(self.norm(h, f"{block}/LayerNorm_0"), block))
            y = self.norm(h, f"{block}/LayerNorm_1")
            y = self.experts(y, block) if layer in self.config["moe_layers"] else self.mlp(y, f"{block}/Mlp")
            h = self.node("Add", h, y)
        u = self.node("ReduceMean", self.norm(h, "Encoder/encoder_norm"), self.constant(np.array([1])), keepdims=0)
        z = self.linear(u, f"head_{modality}/kernel", hidden, projection)
        out = self.node("Div", z, self.node("ReduceL2", z, self.constant(np.array([-1])), keepdims=1))
        result = helper.make_tensor_value_info(out, TensorProto.FLOAT, ["B", projection])
        graph = helper.make_graph(self.nodes, modality, [given], [result], self.initializers)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def write(folder: Path, out: Path, kind: str) -> None:
    """Writes `OUT/KIND-SIGNATURE.onnx` of both signatures, and their weights."""
    checkpoint = Checkpoint(folder)
    weights = Weights(checkpoint, out, kind)
    for modality in ("image", "text"):
        model = Tower(checkpoint, kind, weights).build(modality)
        (out / f"{kind}-{modality}.onnx").write_bytes(model.SerializeToString())
    weights.close()
