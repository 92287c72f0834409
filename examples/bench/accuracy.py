"""Vectors of int8 models against those of f32, on the same random inputs: accuracy.py WORK [--models s32,b16]

The cosine of each vector to ours in f32, and how often a token's first expert is the same as in f32.
"""

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from cells import Worker, cosines, truth
from peers import PEERS

CALLS = {"image": [(8, seed) for seed in range(4)], "text": [(32, seed) for seed in range(4)]}
"""Batch and seed: 32 images and 128 texts."""


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


if __name__ == "__main__":
    main()
