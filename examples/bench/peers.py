"""Programs that embed: each loads what `prepare.py` saved and gives a function from an array to vectors.

A program imports only what it needs, when it is loaded.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

Embed = Callable[[np.ndarray], np.ndarray]

PEERS = {
    "f32": ("limequat", "pytorch", "onnxruntime", "onnxruntime MoE", "openvino"),
    "int8": ("limequat", "pytorch", "onnxruntime", "onnxruntime exact", "onnxruntime QMoE", "openvino"),
}
"""By type of weights; the first is ours. int8: all matrices but the routers, and for Limequat the table too. exact:
onnxruntime told to add no pairs in 16 bits that saturate, as it does by itself on x86-64 without VNNI."""

GROUPS = {
    "f32": (("limequat", "onnxruntime", "openvino"), ("limequat", "pytorch", "onnxruntime MoE")),
    "int8": (PEERS["int8"],),
}
"""Those that are measured turn by turn, and so are in memory together: of f32 B/16 models a few fill it."""


GRAPHS = {"onnxruntime MoE": "moe", "onnxruntime QMoE": "qmoe"}
"""Graphs of peers whose name is not that of their weights."""


def inputs(models: Path, modality: str, batch: int, seed: int) -> np.ndarray:
    """Numbers such as preprocessing gives, or ids: those of a seed are always the same."""
    config = json.loads((models / "checkpoint" / "config.json").read_text())
    rng = np.random.default_rng(seed)
    if modality == "image":
        size = config["image_size"]
        return rng.uniform(-1, 1, (batch, size, size, 3)).astype(np.float32)
    return rng.integers(0, config["vocab_size"], (batch, config["text_length"]), dtype=np.int32)


def load(peer: str, weights: str, models: Path, modality: str, threads: int) -> Embed:
    make = {"limequat": limequat, "pytorch": pytorch, "openvino": openvino}.get(peer, onnxruntime)
    return make(peer, weights, models, modality, threads)


def limequat(peer: str, weights: str, models: Path, modality: str, threads: int) -> Embed:
    import limequat

    model = limequat.Model(models / f"{weights}.lmq", threads=threads)
    session = model.session()
    name = {"image": "image", "text": "token_ids"}[modality]
    return lambda value: session.run(modality, {name: value}, ["embedding"])["embedding"]


def onnxruntime(peer: str, weights: str, models: Path, modality: str, threads: int) -> Embed:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    kind = GRAPHS.get(peer, weights)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    if peer == "onnxruntime exact":
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(
        models / f"{kind}-{modality}.onnx", options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda value: session.run(None, {name: value})[0]


def openvino(peer: str, weights: str, models: Path, modality: str, threads: int) -> Embed:
    import openvino

    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,
    }
    if weights == "int8":
        settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = 32
    request = core.compile_model(
        models / f"openvino-{weights}-{modality}.xml", "CPU", settings
    ).create_infer_request()
    return lambda value: request.infer([value])[0].copy()


def pytorch(peer: str, weights: str, models: Path, modality: str, threads: int) -> Embed:
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    if weights == "int8":
        tower = torch.load(models / f"pytorch-int8-{modality}.pt", weights_only=False)
    else:
        from torch_tower import Tower

        tower = Tower(models / "checkpoint", modality, int8=False)
    tower.eval()

    def embed(value: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return tower(torch.from_numpy(value)).numpy()

    return embed
