"""Limequat and onnxruntime on the same weights, in one run, turn by turn: medians and their ratio.

    peers.py LIMEQUAT FOLDER F32.lmq INT8.lmq [--threads 1] [--rounds 5]

Each cell is measured `rounds` times for each program in turn, so that a drift of the machine meets both.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx_tower import Tower

CELLS = [("image", 1), ("image", 8), ("text", 1), ("text", 32)]


def session(folder: Path, modality: str, int8: bool, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = Tower(folder, int8).build(modality)
    with tempfile.TemporaryDirectory() as work:  # graphs over 2 GB need their weights beside them
        path = f"{work}/model.onnx"
        onnx.save(onnx.load_from_string(model) if isinstance(model, bytes) else model, path, save_as_external_data=True, location="weights", size_threshold=1024)
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs(folder: Path, modality: str, batch: int) -> dict:
    config = json.loads((folder / "config.json").read_text())
    rng = np.random.default_rng(0)
    if modality == "image":
        size = config["image_size"]
        return {"image": rng.standard_normal((batch, size, size, 3), dtype=np.float32) * 0.5}
    return {"token_ids": rng.integers(0, config["vocab_size"], (batch, config["text_length"]), dtype=np.int32)}


def time_peer(peer: onnxruntime.InferenceSession, given: dict, seconds: float) -> float:
    peer.run(None, given)
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        called = time.perf_counter()
        peer.run(None, given)
        times.append(time.perf_counter() - called)
    return statistics.median(times) * 1000


def time_limequat(tool: str, model: str, modality: str, batch: int, threads: int, seconds: float) -> dict:
    command = [tool, "bench", model, "--json", "--signature", modality, "--batch", str(batch)]
    command += ["--threads", str(threads), "--seconds", str(seconds)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def embedding(tool: str, model: str, modality: str, given: dict) -> np.ndarray:
    with tempfile.TemporaryDirectory() as work:
        name, value = next(iter(given.items()))
        np.save(f"{work}/in.npy", value)
        command = [tool, "run", model, "--signature", modality, "--input", f"{name}={work}/in.npy"]
        subprocess.run([*command, "--output", f"embedding={work}/out.npy"], check=True)
        return np.load(f"{work}/out.npy")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("limequat")
    parser.add_argument("folder", type=Path)
    parser.add_argument("f32")
    parser.add_argument("int8")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cells", default="image1,image8,text1,text32")
    arguments = parser.parse_args()
    print("| cell | threads | weights | Limequat ms | onnxruntime ms | faster by | least cosine to f32 peer |")
    print("|---|---|---|---|---|---|---|")
    for modality, batch in CELLS:
        if f"{modality}{batch}" not in arguments.cells.split(","):
            continue
        given = inputs(arguments.folder, modality, batch)
        truth = None
        for int8, model in ((False, arguments.f32), (True, arguments.int8)):
            peer = session(arguments.folder, modality, int8, arguments.threads)
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                report = time_limequat(
                    arguments.limequat, model, modality, batch, arguments.threads, arguments.seconds)
                ours.append(report["median_ms"])
                theirs.append(time_peer(peer, given, arguments.seconds))
            if truth is None:
                truth = peer.run(None, given)[0]
            cosine = (embedding(arguments.limequat, model, modality, given) * truth).sum(axis=1).min()
            mine, other = statistics.median(ours), statistics.median(theirs)
            print(
                f"| {modality} b{batch} | {arguments.threads} | {'int8' if int8 else 'f32'} | {mine:.2f} "
                f"| {other:.2f} | {other / mine:.2f} | {cosine:.6f} |", flush=True)


main()
