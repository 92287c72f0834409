"""From process start to the first vector: start.py WORK [--models s32,b16] [--repeats 3]

Ours is a C program on the library; a peer is a Python process that imports what it needs and loads its saved model.
Warm: a program's files were read just before, so that they are in the page cache; cold: they are not in it, while
the libraries are. One text, with one thread and with two. "limequat unchecked" does not compare the checksums of what
it touches. Also open time, peak RSS and the size of files on disk.
"""

import argparse
import json
import subprocess
import time
from functools import partial
from itertools import product
from pathlib import Path

from cells import Worker, processors
from page_cache import cool, stored, warm
from peers import PEERS


def limequat(work: Path, model: str, name: str, weights: str, modality: str, threads: int) -> dict:
    holding = "unchecked" if name == "limequat unchecked" else "mapped"
    path = work / model / f"{weights}.lmq"
    command = ["taskset", "-c", processors(threads), work / "first", path, modality, "1", str(threads)]
    begin = time.monotonic()
    report = json.loads(subprocess.run([*command, holding, "0"], check=True, capture_output=True, text=True).stdout)
    return {
        "to_first_s": report["ready_at"] - begin,
        "load_s": report["open_ms"] / 1e3,
        "first_s": report["first_ms"] / 1e3,
        "peak_bytes": report["peak_bytes"],
    }


def peer(work: Path, model: str, name: str, weights: str, modality: str, threads: int) -> dict:
    begin = time.monotonic()
    worker = Worker(work, model, name, weights, modality, threads)
    worker.close()
    report = worker.loaded
    if "error" in report:
        return report
    return {
        "to_first_s": report["ready_at"] - begin,
        "load_s": report["load_s"],
        "first_s": report["first_s"],
        "peak_bytes": report["peak_bytes"],
        "own_bytes": report["own_bytes"],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default="s32,b16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    work = options.work.resolve()
    for model in options.models.split(","):
        path = work / "results" / f"start-{model}.json"
        if path.exists():
            continue
        rows = []
        for threads, (weights, names) in product((1, 2), PEERS.items()):
            for name in ("limequat", "limequat unchecked", *names[1:]):
                files, size = stored(work / model, name, weights, "text")
                run = partial(
                    limequat if name.startswith("limequat") else peer, work, model, name, weights, "text", threads
                )
                warm(files)
                runs = [run() for _ in range(options.repeats)]
                good = sorted((run for run in runs if "error" not in run), key=lambda run: run["to_first_s"])
                cool(files)
                cold = run().get("to_first_s")
                row = {"peer": name, "weights": weights, "threads": threads, "file_bytes": size, "cold_s": cold}
                rows.append(row | (good[len(good) // 2] if good else runs[0]))
                print(model, rows[-1], flush=True)
        path.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
