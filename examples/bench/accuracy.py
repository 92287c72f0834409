"""Vectors of int8 models against those of f32, on the same random inputs: accuracy.py WORK [--models s32,b16]

The cosine of each vector to ours in f32, and how often a token's first expert is the same as in f32.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path

import numpy as np
from cells import CELLS, Worker, cosines, truth
from peers import PEERS, inputs

CALLS = {"image": [(8, seed) for seed in range(4)], "text": [(32, seed) for seed in range(4)]}
"""Batch and seed: 32 images and 128 texts."""


def routes(work: Path, model: str, weights: str, modality: str, batch: int, seed: int) -> np.ndarray:
    """The best expert of each token: [layers, tokens]."""
    value, choices = work / "vectors" / "input", work / "vectors" / "choices"
    inputs(work / model, modality, batch, seed).tofile(value)
    command = [work / "routing", work / model / f"{weights}.lmq", modality, str(batch), value, choices]
    layers, _ = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return np.fromfile(choices, np.int32).reshape(int(layers), -1)


def agreement(work: Path, model: str, weights: str, modality: str) -> float:
    """The part of all tokens in all layers whose best expert is that of the f32 model."""
    same = [
        routes(work, model, weights, modality, *call) == routes(work, model, "f32", modality, *call)
        for call in CALLS[modality]
    ]
    return float(np.mean(np.concatenate(same, axis=1)))


def experts_used(work: Path, model: str) -> list[dict]:
    """How many experts, of all layers together, a call of each cell visits."""
    rows = []
    for modality, batches in CELLS.items():
        for batch in batches:
            chosen = routes(work, model, "int8", modality, batch, 0)
            used = sum(len(np.unique(layer)) for layer in chosen)
            rows.append({"signature": modality, "batch": batch, "layers": len(chosen), "experts": used})
    return rows


def measure(work: Path, model: str, peer: str, weights: str, modality: str) -> dict:
    worker = Worker(work, model, peer, weights, modality, 2)
    row = {"model": model, "peer": peer, "weights": weights, "signature": modality}
    if "error" in worker.loaded:
        worker.close()
        return row | {"error": worker.loaded["error"]}
    values: list[float] = []
    for batch, seed in CALLS[modality]:
        vectors = worker.vectors(batch, seed, work / "vectors" / "peer.npy")
        if vectors is not None:
            values += cosines(vectors, truth(work, model, modality, batch, seed))
    worker.close()
    if not values:
        return row | {"error": "no vectors"}
    if peer == "limequat":
        row["routing"] = agreement(work, model, weights, modality)
    low = float(np.quantile(values, 0.01))
    return row | {"items": len(values), "least": min(values), "percentile1": low, "mean": statistics.fmean(values)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default="s32,b16")
    options = parser.parse_args()
    work = options.work.resolve()
    for model in options.models.split(","):
        path = work / "results" / f"accuracy-{model}.json"
        if path.exists():
            continue
        rows = []
        for modality in CALLS:
            for peer, weights in [("limequat", "experts8"), *((peer, "int8") for peer in PEERS["int8"])]:
                rows.append(measure(work, model, peer, weights, modality))
                print(rows[-1], flush=True)
        path.write_text(json.dumps(rows, indent=1))
        config = json.loads((work / model / "checkpoint" / "config.json").read_text())
        facts = {"config": config, "cells": experts_used(work, model)}
        (work / "results" / f"experts-{model}.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
