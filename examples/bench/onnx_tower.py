"""A LIMoE checkpoint folder as onnxruntime graphs: the peer that Limequat is measured against.

Experts are unrolled (each gathers its tokens, multiplies, scatters back), which is the fastest form that
onnxruntime has: its MoE operators are slower. `int8` makes every matrix product a DynamicQuantizeMatMul.
"""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

CONTRIB = "com.microsoft"


class Tower:
    """Builds one signature, `image` or `text`."""

    def __init__(self, folder: Path, int8: bool):
        self.config = json.loads((folder / "config.json").read_text())
        self.weights = load_file(folder / "model.safetensors")
        self.int8 = int8
        self.nodes, self.initializers, self.count = [], [], 0

    # ---- pieces

    def constant(self, value: np.ndarray) -> str:
        self.count += 1
        name = f"c{self.count}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, op: str, *inputs: str, domain: str = "", **attributes) -> str:
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, domain=domain, **attributes))
        return name

    def linear(self, x: str, kernel: np.ndarray, bias: np.ndarray | None = None, quantize: bool = True) -> str:
        """x (..., K) by kernel (K, N)."""
        if not (self.int8 and quantize):
            y = self.node("MatMul", x, self.constant(kernel))
            return y if bias is None else self.node("Add", y, self.constant(bias))
        scale = np.maximum(np.abs(kernel).max(axis=0) / 127, 1e-30).astype(np.float32)
        codes = np.clip(np.rint(kernel / scale), -127, 127).astype(np.int8)
        inputs = [x, self.constant(codes), self.constant(scale), self.constant(np.zeros_like(scale, np.int8))]
        if bias is not None:
            inputs.append(self.constant(bias))
        return self.node("DynamicQuantizeMatMul", *inputs, domain=CONTRIB)

    def mlp(self, x: str, first: tuple, second: tuple) -> str:
        return self.linear(self.node("FastGelu", self.linear(x, *first), domain=CONTRIB), *second)

    def norm(self, x: str, name: str) -> str:
        scale, bias = (self.constant(self.weights[f"{name}/{part}"]) for part in ("scale", "bias"))
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-6)

    def attention(self, x: str, block: str) -> str:
        hidden, heads = self.config["hidden_size"], self.config["num_heads"]
        parts = []
        for part in ("query", "key", "value"):
            kernel, bias = (self.weights[f"{block}/SelfAttention/{part}/{p}"] for p in ("kernel", "bias"))
            parts.append(self.linear(x, kernel.reshape(hidden, hidden), bias.reshape(hidden)))
        y = self.node("MultiHeadAttention", *parts, domain=CONTRIB, num_heads=heads)
        kernel, bias = (self.weights[f"{block}/SelfAttention/out/{p}"] for p in ("kernel", "bias"))
        return self.linear(y, kernel.reshape(hidden, hidden), bias)

    def experts(self, x: str, block: str) -> str:
        """Top-1 of E experts, dropless: every expert takes its tokens and puts them back, times their gate."""
        hidden = self.config["hidden_size"]
        flat = self.node("Reshape", x, self.constant(np.array([-1, hidden])))
        logits = self.linear(flat, self.weights[f"{block}/Moe/Router/dense/kernel"], quantize=False)
        gates = self.node("Softmax", logits, axis=-1)
        gate = self.node("ReduceMax", gates, self.constant(np.array([1])), keepdims=1)
        best = self.node("ArgMax", gates, axis=1, keepdims=0)
        y = self.node("Mul", flat, self.constant(np.zeros(1, np.float32)))
        names = [f"{block}/Moe/Mlp/Dense_{i}/{p}" for i in (0, 1) for p in ("kernel", "bias")]
        k0, b0, k1, b1 = (self.weights[name] for name in names)
        for expert in range(self.config["num_experts"]):
            chosen = self.node("Equal", best, self.constant(np.array(expert, np.int64)))
            rows = self.node("Squeeze", self.node("NonZero", chosen), self.constant(np.array([0])))
            taken = self.node("Gather", flat, rows, axis=0)
            out = self.mlp(taken, (k0[expert], b0[expert]), (k1[expert], b1[expert]))
            out = self.node("Mul", out, self.node("Gather", gate, rows, axis=0))
            y = self.node("ScatterND", y, self.node("Unsqueeze", rows, self.constant(np.array([1]))), out)
        return self.node("Reshape", y, self.node("Shape", x))

    # ---- the whole

    def start(self, modality: str) -> tuple[str, object]:
        config, weights = self.config, self.weights
        if modality == "text":
            table = self.constant(weights["Embed_0/embedding"])
            h = self.node("Gather", table, "token_ids", axis=0)
            ids = helper.make_tensor_value_info("token_ids", TensorProto.INT32, ["B", config["text_length"]])
            return self.node("Add", h, self.constant(weights["posembed_text/pos_embedding"])), ids
        size, patch = config["image_size"], config["patch_size"]
        grid = size // patch
        h = self.node("Reshape", "image", self.constant(np.array([0, grid, patch, grid, patch * 3])))
        h = self.node("Transpose", h, perm=[0, 1, 3, 2, 4])
        h = self.node("Reshape", h, self.constant(np.array([0, grid * grid, patch * patch * 3])))
        kernel = weights["embedding/kernel"].reshape(patch * patch * 3, -1)
        h = self.linear(h, kernel, weights["embedding/bias"])
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["B", size, size, 3])
        return self.node("Add", h, self.constant(weights["posembed_image/pos_embedding"])), image

    def build(self, modality: str) -> bytes:
        h, given = self.start(modality)
        for layer in range(self.config["num_layers"]):
            block = f"Encoder/encoderblock_{layer}"
            h = self.node("Add", h, self.attention(self.norm(h, f"{block}/LayerNorm_0"), block))
            y = self.norm(h, f"{block}/LayerNorm_1")
            if layer in self.config["moe_layers"]:
                y = self.experts(y, block)
            else:
                dense = [
                    tuple(self.weights[f"{block}/Mlp/Dense_{i}/{p}"] for p in ("kernel", "bias")) for i in (0, 1)
                ]
                y = self.mlp(y, *dense)
            h = self.node("Add", h, y)
        u = self.node("ReduceMean", self.norm(h, "Encoder/encoder_norm"), self.constant(np.array([1])), keepdims=0)
        z = self.linear(u, self.weights[f"head_{modality}/kernel"])
        length = self.node("ReduceL2", z, self.constant(np.array([-1])), keepdims=1)
        out = self.node("Div", z, length)
        result = helper.make_tensor_value_info(out, TensorProto.FLOAT, ["B", self.config["projection_size"]])
        graph = helper.make_graph(self.nodes, modality, [given], [result], self.initializers)
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)
