"""Writes tensors.json: what the NumPy readers find in the fixtures. The sum is over f32 bits, each times its place."""
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "..", "Fixtures")
sys.path.insert(0, FIXTURES)
from checkpoint_files import read_checkpoint

out = {}
for name in ("limoe-small", "limoe-capacity", "limoe-container", "vmoe-dropless", "vmoe-capacity", "vmoe-bf16-dispatch"):
    tensors = read_checkpoint(os.path.join(FIXTURES, "checkpoints", name))
    rows = []
    for key in sorted(tensors, key=lambda k: k.encode()):
        bits = np.ascontiguousarray(tensors[key], "<f4").reshape(-1).view("<u4").astype(np.uint64)
        total = int(np.sum(bits * np.arange(1, len(bits) + 1, dtype=np.uint64), dtype=np.uint64))
        rows.append({"name": key, "shape": list(tensors[key].shape), "sum": total})
    out[name] = rows
with open(os.path.join(HERE, "tensors.json"), "w") as f:
    f.write("{\n" + ",\n".join(json.dumps(k) + ": [\n" + ",\n".join(map(json.dumps, v)) + "]" for k, v in out.items()) + "}\n")
