#!/usr/bin/env python3
"""Holds the graphs of formats/vectors/valid and tower.onnx (what GraphBuilder writes, see BuilderTests.swift)
against ONNX itself: its checker, its shape inference, and for tower.onnx onnxruntime against NumPy.

Needs onnx, onnxruntime and numpy (made with 1.23.2, 1.32.0 and 2.4); says so and does nothing where they are missing.
"""
import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import numpy_helper
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(0)

HERE = pathlib.Path(__file__).parent
VALID = HERE.parent.parent.parent / "formats/vectors/valid"


def load(path):
    """The model with random values in place of the container's tensors, and these values by name."""
    model = onnx.load(str(path), load_external_data=False)
    random = np.random.default_rng(1)
    weights = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            values = random.standard_normal(tuple(tensor.dims)).astype(np.float32)
            weights[tensor.name] = values
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return model, weights


def expected_shapes(path):
    """Value name -> type and shape, from a dump."""
    shapes = {}
    for line in path.with_suffix(".txt").read_text().splitlines():
        if line.startswith("node "):
            head, shape = line.rsplit(" [", 1)
            _, name, type = head.rsplit(" ", 2)
            shapes[name] = type, [int(d) for d in shape.rstrip("]").split(", ")]
    return shapes


TYPES = {1: "f32", 2: "u8", 6: "i32", 7: "i64", 9: "bool"}


def check_vectors():
    for path in sorted(VALID.glob("*.onnx")):
        model, _ = load(path)
        onnx.checker.check_model(model, full_check=True)
        for value in model.graph.input:
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_value = 2
        for value in model.graph.output:
            for dim in value.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_value = 2
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        values = list(inferred.graph.value_info) + list(inferred.graph.output)
        expected = expected_shapes(path)
        compared = 0
        for value in values:
            tensor = value.type.tensor_type
            dims = [d.dim_value for d in tensor.shape.dim]
            if not tensor.HasField("shape") or any(d == 0 for d in dims):
                continue  # behind a SparseMoE, of which ONNX knows nothing
            assert (TYPES[tensor.elem_type], dims) == expected[value.name], (path.name, value.name, dims)
            compared += 1
        assert compared >= 2
        print(f"{path.name}: checker passed, {compared} of {len(expected)} shapes compared")


def check_tower():
    model, w = load(HERE / "tower.onnx")
    onnx.checker.check_model(model, full_check=True)
    # ONNX lets the mask broadcast to all queries; onnxruntime 1.32 wants a row for each.
    index = next(i for i, node in enumerate(model.graph.node) if node.op_type == "Attention")
    attention = model.graph.node[index]
    rows = numpy_helper.from_array(np.array([1, 1, 4, 1], np.int64), "mask_rows.shape")
    model.graph.initializer.append(rows)
    expand = onnx.helper.make_node("Expand", [attention.input[3], rows.name], ["mask_rows"], "mask_rows")
    attention.input[3] = "mask_rows"
    model.graph.node.insert(index, expand)
    random = np.random.default_rng(2)
    ids = random.integers(0, 11, (3, 4)).astype(np.int32)
    lengths = np.array([4, 1, 2], np.int32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"token_ids": ids, "lengths": lengths})

    def norm(x, scale, bias):
        m, v = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - m) / np.sqrt(v + 1e-6) * scale + bias

    h = w["table"].astype(np.float64)[ids] + w["positions"]
    y = norm(h, w["norm/scale"], w["norm/bias"])
    q, k, v = ((y @ w[n + "/kernel"] + w[n + "/bias"]).reshape(3, 4, 2, 4).transpose(0, 2, 1, 3)
               for n in ("query", "key", "value"))
    scores = q @ k.transpose(0, 1, 3, 2) / 2
    scores = np.where(np.arange(4) < lengths[:, None, None, None], scores, -np.inf)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    a = (scores / scores.sum(-1, keepdims=True)) @ v
    h = h + a.transpose(0, 2, 1, 3).reshape(3, 4, 8) @ w["out/kernel"] + w["out/bias"]
    y = h @ w["dense_0"]
    y = 0.5 * y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y ** 3)))
    h = h + y @ w["dense_1"]
    inside = (np.arange(4) < lengths[:, None])[:, :, None]
    z = ((h * inside).sum(1) / lengths[:, None]) @ w["head"]
    expected = z / (np.sqrt((z * z).sum(-1, keepdims=True)) + 1e-8)
    error = np.abs(found - expected).max()
    assert error < 1e-5, error
    print(f"tower.onnx: checker passed, onnxruntime and NumPy differ by {error:.1e}")


check_vectors()
check_tower()
