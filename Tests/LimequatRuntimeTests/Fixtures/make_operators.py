#!/usr/bin/env python3
"""Writes operators.json: small ONNX models with inputs, and what onnx's reference evaluator makes of them.

    python make_operators.py        (needs numpy and onnx 1.23)
"""
import base64
import json
import pathlib

import numpy as np
from onnx import TensorProto as T
from onnx import helper as h
from onnx.reference import ReferenceEvaluator

random = np.random.default_rng(20)
TYPES = {"float32": T.FLOAT, "int32": T.INT32, "int64": T.INT64, "bool": T.BOOL, "uint8": T.UINT8}
cases = []


def encode(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def case(name, nodes, inputs, constants=(), tolerance=1e-5, spread=()):
    """`nodes`: (operator, inputs, attributes); node i makes the value `v{i}`, the last one is given out.
    `spread`: inputs of the evaluator that stand for narrower ones of the model."""
    made = [
        h.make_node(op, reads, [f"v{i}"], name=f"n{i}", **attributes)
        for i, (op, reads, attributes) in enumerate(nodes)
    ]
    constants = dict(constants)
    initializers = [
        h.make_tensor(key, TYPES[str(value.dtype)], value.shape, np.ascontiguousarray(value).tobytes(), raw=True)
        for key, value in constants.items()
    ]
    infos = [h.make_tensor_value_info(key, TYPES[str(v.dtype)], v.shape) for key, v in inputs.items()]
    last = f"v{len(nodes) - 1}"

    def model(output):
        graph = h.make_graph(made, name, infos, [output], initializers)
        return h.make_model(graph, opset_imports=[h.make_opsetid("", 23)], ir_version=10)

    untyped = model(h.make_empty_tensor_value_info(last))
    result = ReferenceEvaluator(untyped).run(None, inputs | dict(spread))[0]
    proto = model(h.make_tensor_value_info(last, TYPES[str(result.dtype)], result.shape))
    proto.ClearField("producer_name")
    cases.append({
        "name": name,
        "model": base64.b64encode(proto.SerializeToString()).decode(),
        "inputs": [{"type": str(v.dtype), "dims": v.shape, "data": encode(v)} for v in inputs.values()],
        "output": {"type": str(result.dtype), "dims": result.shape, "data": encode(result)},
        "tolerance": tolerance if result.dtype == np.float32 else 0,
    })


def ints(*values):
    return np.array(values, np.int64)


x = floats(2, 3, 4, 5)
case("transpose", [("Transpose", ["x"], {"perm": [2, 0, 3, 1]})], {"x": x})
case("transpose_last_kept", [("Transpose", ["x"], {"perm": [1, 0, 2, 3]})], {"x": x})
case("transpose_i64", [("Transpose", ["x"], {"perm": [1, 0]})], {"x": np.arange(12).reshape(3, 4)})
case("patches", [
    ("Reshape", ["x", "a"], {}), ("Transpose", ["v0"], {"perm": [0, 1, 3, 2, 4]}), ("Reshape", ["v1", "b"], {}),
], {"x": floats(2, 6, 6, 3)}, {"a": ints(0, 2, 3, 2, 9), "b": ints(0, 4, 27)})
case("view_given_out", [("Reshape", ["x", "a"], {})], {"x": x}, {"a": ints(6, -1)})
case("identity_given_out", [("Identity", ["x"], {})], {"x": x})
case("squeeze_unsqueeze", [
    ("Unsqueeze", ["x", "a"], {}), ("Relu", ["v0"], {}), ("Squeeze", ["v1", "b"], {}),
], {"x": floats(3, 1, 2)}, {"a": ints(0, 4), "b": ints(0, 2)})
case("concat", [("Concat", ["x", "y", "x"], {"axis": 1})], {"x": floats(2, 3, 4), "y": floats(2, 1, 4)})
case("concat_last", [("Concat", ["x", "y"], {"axis": -1})], {"x": floats(2, 3), "y": floats(2, 4)})
case("concat_bool", [("Concat", ["x", "y"], {"axis": 0})],
     {"x": np.array([True, False]), "y": np.array([True])})
case("slice", [("Slice", ["x", "s", "e", "a", "t"], {})], {"x": x},
     {"s": ints(-2, 0, 1), "e": ints(9, -1, 5), "a": ints(1, 2, 3), "t": ints(1, 2, 3)})
case("slice_far_step", [("Slice", ["x", "s", "e", "a", "t"], {})], {"x": x},
     {"s": ints(1), "e": ints(2**62), "a": ints(-1), "t": ints(2**61)})
case("pad", [("Pad", ["x", "p"], {})], {"x": floats(2, 3, 4)}, {"p": ints(0, 1, 2, 1, 0, 3)})
case("gather_rows", [("Gather", ["x", "i"], {"axis": 0})],
     {"x": floats(5, 7), "i": np.array([[0, 4, 2], [1, 1, 3]], np.int32)})
case("gather_scalar", [("Gather", ["x", "i"], {"axis": 1})], {"x": x}, {"i": np.array(2, np.int64)})
case("gather_from_end", [("Gather", ["x", "i"], {"axis": -1})], {"x": x}, {"i": ints(-1, 0, -5)})
case("gather_i32", [("Gather", ["x", "i"], {"axis": 1})], {"x": np.arange(12, dtype=np.int32).reshape(2, 6)},
     {"i": np.array([[5, 0]], np.int32)})

for source in ("float32", "int32", "int64", "bool", "uint8"):
    for target in ("float32", "int32", "int64", "bool", "uint8"):
        values = np.array([0, 1, 2.75, 200, 77.5]) if source == "float32" else np.array([0, 1, 2, 200, 77])
        case(f"cast_{source}_{target}", [("Cast", ["x"], {"to": TYPES[target]})], {"x": values.astype(source)})

shapes = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), ()), ((), (2, 3)), ((2, 1, 4), (3, 1)),
          ((4, 1), (1, 5)), ((5,), (3, 5)), ((1, 3, 1), (2, 3, 4)), ((2, 3, 1), (2, 3, 40))]
for op in ("Add", "Sub", "Mul", "Div"):
    for i, (a, b) in enumerate(shapes):
        case(f"{op}_{i}", [(op, ["a", "b"], {})], {"a": floats(*a), "b": floats(*b) + 3})
    if op == "Div":
        continue  # f32 only
    case(f"{op}_i32", [(op, ["a", "b"], {})], {"a": np.array([7, 8, 9], np.int32), "b": np.array([2], np.int32)})
    case(f"{op}_i64", [(op, ["a", "b"], {})], {"a": ints(7, 8, 9), "b": ints(3, 2, 1)})
case("add_itself", [("Add", ["x", "x"], {}), ("Mul", ["v0", "v0"], {})], {"x": x})
for kind in (np.float32, np.int32, np.int64):
    a, b = np.array([[1], [2], [3]], kind), np.array([1, 2, 3], kind)
    case(f"less_{kind.__name__}", [("Less", ["a", "b"], {})], {"a": a, "b": b})
    case(f"equal_{kind.__name__}", [("Equal", ["a", "b"], {})], {"a": a, "b": b})
case("where", [("Where", ["c", "a", "b"], {})],
     {"c": np.array([[True], [False]]), "a": floats(3), "b": floats(2, 1)})
case("where_i64", [("Where", ["c", "a", "b"], {})],
     {"c": np.array([True, False]), "a": ints(1, 2), "b": ints(3, 4)})
case("where_bool", [("Where", ["c", "a", "b"], {})],
     {"c": np.array([True, False]), "a": np.array([False, True]), "b": np.array([True, True])})

for m, k, n in ((1, 1, 1), (3, 5, 7), (13, 70, 33), (4, 300, 34), (2, 40, 67)):
    case(f"matmul_{m}_{k}_{n}", [("MatMul", ["x", "w"], {})], {"x": floats(m, k), "w": floats(k, n) / k**0.5})
case("matmul_batched", [("MatMul", ["x", "w"], {})], {"x": floats(2, 3, 5, 6), "w": floats(6, 4)})
case("matmul_bias", [("MatMul", ["x", "w"], {}), ("Add", ["v0", "b"], {})],
     {"x": floats(2, 3, 5), "w": floats(5, 6)}, {"b": floats(6)})
case("matmul_bias_first", [("MatMul", ["x", "w"], {}), ("Add", ["b", "v0"], {}), ("Tanh", ["v1"], {})],
     {"x": floats(2, 3, 5), "w": floats(5, 6)}, {"b": floats(1, 6)})
case("matmul_bias_gelu_residual", [
    ("MatMul", ["x", "w"], {}), ("Add", ["v0", "b"], {}), ("Gelu", ["v1"], {"approximate": "tanh"}),
    ("Add", ["r", "v2"], {}),
], {"x": floats(2, 3, 5), "w": floats(5, 6), "r": floats(2, 3, 6)}, {"b": floats(6)})
case("matmul_residual_is_input", [("MatMul", ["r", "w"], {}), ("Add", ["v0", "r"], {})],
     {"r": floats(2, 7, 6), "w": floats(6, 6)})
case("matmul_bias_is_residual", [("MatMul", ["x", "w"], {}), ("Add", ["v0", "b"], {}), ("Add", ["v1", "b"], {})],
     {"x": floats(3, 5), "w": floats(5, 6)}, {"b": floats(1, 6)})
case("matmul_read_twice", [("MatMul", ["x", "w"], {}), ("Relu", ["v0"], {}), ("Add", ["v0", "v1"], {})],
     {"x": floats(3, 5), "w": floats(5, 6)})
case("matmul_of_matmuls", [
    ("MatMul", ["x", "w"], {}), ("MatMul", ["y", "w"], {}), ("Add", ["v0", "v1"], {}), ("Add", ["v2", "x"], {}),
], {"x": floats(3, 6), "y": floats(3, 6), "w": floats(6, 6)})
case("matmul_broadcast_residual", [("MatMul", ["x", "w"], {}), ("Add", ["r", "v0"], {})],
     {"x": floats(3, 5), "w": floats(5, 6), "r": floats(2, 3, 6)})

for width in (1, 5, 16, 33, 100):
    inputs = {"x": floats(3, 2, width), "s": floats(width), "b": floats(width)}
    case(f"layer_norm_{width}", [("LayerNormalization", ["x", "s", "b"], {"axis": -1, "epsilon": 1e-6})], inputs,
         tolerance=2e-5)
    case(f"layer_norm_no_bias_{width}", [("LayerNormalization", ["x", "s"], {"axis": -1, "epsilon": 0.5})],
         {"x": inputs["x"], "s": inputs["s"]}, tolerance=2e-5)
    case(f"rms_norm_{width}", [("RMSNormalization", ["x", "s"], {"axis": -1, "epsilon": 1e-5})],
         {"x": inputs["x"], "s": inputs["s"]}, tolerance=2e-5)
    case(f"softmax_{width}", [("Softmax", ["x"], {"axis": -1})], {"x": floats(4, width) * 5})
for op, attributes in (("Gelu", {"approximate": "tanh"}), ("Gelu", {"approximate": "none"}), ("Relu", {}),
                       ("Sigmoid", {}), ("Tanh", {})):
    case(f"{op}_{attributes.get('approximate', '')}", [(op, ["x"], attributes)], {"x": floats(3, 37) * 3})
for op in ("ReduceMean", "ReduceSum", "ReduceL2"):
    for axis in (0, 1, -1):
        for keep in (0, 1):
            case(f"{op}_{axis}_{keep}", [(op, ["x", "a"], {"keepdims": keep})], {"x": floats(2, 5, 33)},
                 {"a": ints(axis)}, tolerance=2e-5)
case("normalize", [
    ("ReduceL2", ["x", "a"], {"keepdims": 1}), ("Add", ["v0", "e"], {}), ("Div", ["x", "v1"], {}),
], {"x": floats(3, 33)}, {"a": ints(-1), "e": np.array(1e-8, np.float32)})
case("normalize_other_axis", [
    ("ReduceL2", ["x", "a"], {"keepdims": 1}), ("Add", ["v0", "e"], {}), ("Div", ["x", "v1"], {}),
], {"x": floats(3, 33)}, {"a": ints(0), "e": np.array(1e-3, np.float32)})
case("join", [
    ("Pad", ["x", "p"], {}), ("Pad", ["c", "q"], {}), ("Add", ["v0", "v1"], {}), ("Add", ["v2", "s"], {}),
], {"x": floats(2, 4, 3), "c": floats(1, 1, 3), "s": floats(1, 5, 3)},
     {"p": ints(0, 1, 0, 0, 0, 0), "q": ints(0, 0, 0, 0, 4, 0)})
case("pads_that_overlap", [("Pad", ["x", "p"], {}), ("Pad", ["c", "q"], {}), ("Add", ["v0", "v1"], {})],
     {"x": floats(2, 4, 3), "c": floats(1, 2, 3)}, {"p": ints(0, 1, 0, 0, 0, 0), "q": ints(0, 0, 0, 0, 3, 0)})

for b, sq, sk, heads, groups, size in ((1, 1, 1, 1, 1, 1), (2, 5, 7, 3, 3, 4), (1, 50, 60, 2, 1, 9),
                                       (2, 49, 33, 4, 2, 5)):
    inputs = {"q": floats(b, sq, heads * size), "k": floats(b, sk, groups * size),
              "v": floats(b, sk, groups * size)}
    attributes = {"q_num_heads": heads, "kv_num_heads": groups}
    name = f"attention_{b}_{sq}_{sk}_{heads}_{groups}_{size}"
    case(name, [("Attention", ["q", "k", "v"], attributes)], inputs)
    case(name + "_scale", [("Attention", ["q", "k", "v"], attributes | {"scale": 0.3})], inputs)
    for i, shape in enumerate([(b, 1, 1, sk), (1, heads, sq, sk), (sq, sk), (b, heads, 1, sk), (b, 1, sq, sk)]):
        mask = random.random(shape) < 0.6
        mask[..., 0] = True
        case(f"{name}_mask_{i}", [("Attention", ["q", "k", "v", "m"], attributes)], inputs | {"m": mask})
    # onnx 1.23 fills a mask of one column up with false; graph.md broadcasts it.
    case(name + "_mask_one", [("Attention", ["q", "k", "v", "m"], attributes)], inputs | {"m": np.ones((1, 1), bool)},
         spread={"m": np.ones((1, sk), bool)})

case("residual_chain", [
    ("LayerNormalization", ["x", "s", "b"], {"axis": -1, "epsilon": 1e-6}),
    ("MatMul", ["v0", "w"], {}), ("Add", ["v1", "c"], {}), ("Gelu", ["v2"], {"approximate": "none"}),
    ("MatMul", ["v3", "u"], {}), ("Add", ["v4", "d"], {}), ("Add", ["x", "v5"], {}),
    ("LayerNormalization", ["v6", "s", "b"], {"axis": -1, "epsilon": 1e-6}), ("Add", ["v7", "v6"], {}),
], {"x": floats(2, 9, 24)}, {"s": floats(24), "b": floats(24), "w": floats(24, 40) / 5, "c": floats(40),
                            "u": floats(40, 24) / 6, "d": floats(24)}, tolerance=3e-5)

path = pathlib.Path(__file__).with_name("operators.json")
path.write_text(json.dumps(cases, indent=0) + "\n")
print(len(cases), "cases,", path.stat().st_size, "bytes")
