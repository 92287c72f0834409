"""Measures every cell: model x signature x batch x threads x type of weights, ours and all peers turn by turn.

    cells.py WORK [--rounds 5] [--seconds 0.4] [--models s32,b16] [--threads 1,2] [--weights f32,int8]

The peers of a group are loaded, each in a process of its own bound to the same processors, and only one of them works
at a time: round by round each embeds for some time, in an order that turns around with each round, and memory is read
at its end. Ours is in each group. WORK/results gets cells-MODEL-SIGNATURE-THREADS-WEIGHTS-GROUP.json; what is there
already is not measured again.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from machine import bounds, reading
from page_cache import stored, warm
from peers import GROUPS
from rounds import median

HERE = Path(__file__).parent
CELLS = {"image": (1, 8), "text": (1, 32)}
PAUSE = 0.05
"""Seconds between two peers: thread pools of the last one have stopped spinning."""


def usable_processors() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def processors(threads: int) -> str:
    """The last ones: the first serves most interrupts."""
    return ",".join(str(p) for p in usable_processors()[-threads:])


class Worker:
    """A peer's process."""

    def __init__(
        self, work: Path, model: str, peer: str, weights: str, modality: str, threads: int, on: str | None = None
    ):
        self.peer = peer
        command = [sys.executable, HERE / "worker.py", peer, weights, work / model, modality, str(threads)]
        self.process = subprocess.Popen(
            [*command, on or processors(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self.loaded = self.answer()
        if peer == "limequat" and "error" in self.loaded:
            raise SystemExit(f"{peer}, {model}: {self.loaded['error']}")

    def tell(self, line: str) -> None:
        try:
            self.process.stdin.write(line + "\n")
        except BrokenPipeError:
            pass  # the answer says so

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        return {"error": f"the process ended with code {self.process.wait()}"}

    def ask(self, line: str) -> dict:
        self.tell(line)
        return self.answer()

    def vectors(self, batch: int, seed: int, path: Path) -> np.ndarray | None:
        path.parent.mkdir(exist_ok=True)
        answer = self.ask(f"vectors {batch} {seed} {path}")
        return None if "error" in answer else np.load(path)

    def pss(self) -> int:
        """Bytes of its pages, each divided by the number of processes that share it."""
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return 0

    def close(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


def started(
    work: Path, model: str, peer: str, weights: str, modality: str, threads: int, on: str | None = None
) -> Worker:
    """A peer whose files lie in the page cache as reading leaves them there, not as writing them did."""
    warm(stored(work / model, peer, weights, modality)[0])
    return Worker(work, model, peer, weights, modality, threads, on)


def cosines(vectors: np.ndarray, truth: np.ndarray) -> list[float]:
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(truth, axis=1)
    return [float(c) for c in (vectors.astype(np.float64) * truth).sum(axis=1) / lengths]


def truth(work: Path, model: str, modality: str, batch: int, seed: int = 0) -> np.ndarray:
    """The f32 vectors of our own f32 model, made once."""
    path = work / "vectors" / f"{model}-{modality}-{batch}-{seed}.npy"
    if not path.exists():
        worker = Worker(work, model, "limequat", "f32", modality, 2)
        worker.vectors(batch, seed, path)
        worker.close()
    return np.load(path)


def measure(
    work: Path, model: str, modality: str, threads: int, weights: str, group: int, rounds: int, seconds: float
) -> dict:
    workers, errors = [], {}
    for peer in GROUPS[weights][group]:
        worker = started(work, model, peer, weights, modality, threads)
        if "error" in worker.loaded:
            errors[peer] = worker.loaded["error"]
            worker.close()
        else:
            workers.append(worker)
    result = {
        "model": model,
        "signature": modality,
        "threads": threads,
        "weights": weights,
        "errors": errors,
        "load_average": os.getloadavg()[0],
        "bounds_before": bounds(work, "arithmetic"),
        "batches": {},
        "reads": {},
    }
    for batch in CELLS[modality]:
        peers: dict[str, dict] = {}
        reads = []
        for worker in workers:
            vectors = worker.vectors(batch, 0, work / "vectors" / "peer.npy")
            peers[worker.peer] = {"ms": [], "cpu_ms": [], "calls": 0, "major_faults": 0}
            if vectors is not None:
                all_cosines = cosines(vectors, truth(work, model, modality, batch))
                peers[worker.peer]["cosine"] = {"least": min(all_cosines), "mean": statistics.fmean(all_cosines)}
        for index in range(rounds):
            for worker in workers if index % 2 == 0 else reversed(workers):
                time.sleep(PAUSE)
                answer, entry = worker.ask(f"{batch} {seconds}"), peers[worker.peer]
                if "error" in answer:
                    if worker.peer == "limequat":
                        raise SystemExit(f"limequat, {model}: {answer['error']}")
                    errors.setdefault(worker.peer, answer["error"])
                    for key in ("ms", "cpu_ms"):
                        entry[key].append(None)  # rounds are compared with each other
                    continue
                for key in ("ms", "cpu_ms"):
                    entry[key].append(round(answer[key], 4))
                entry["calls"] += answer["calls"]
                entry["major_faults"] += answer["major_faults"]
                entry["peak_bytes"] = answer["peak_bytes"]
            reads.append(reading(work, processors(threads)))
        result["batches"][str(batch)] = peers
        result["reads"][str(batch)] = reads
        middles = {peer: median(entry["ms"]) for peer, entry in peers.items()}
        line = "  ".join(f"{peer} {ms:.2f}" for peer, ms in middles.items() if ms is not None)
        print(f"{model} {modality} batch {batch}, {threads} threads, {weights}: {line} ms", flush=True)
    result["bounds_after"] = bounds(work, "arithmetic")
    for worker in workers:
        worker.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--models", default="s32,b16")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--weights", default="f32,int8")
    options = parser.parse_args()
    options.work = options.work.resolve()
    cells = itertools.product(
        options.models.split(","), options.weights.split(","), CELLS, map(int, options.threads.split(","))
    )
    for model, weights, modality, threads in cells:
        for group in range(len(GROUPS[weights])):
            name = f"cells-{model}-{modality}-{threads}-{weights}-{group}.json"
            path = options.work / "results" / name
            if path.exists():
                continue
            # The best peers are in the first group.
            rounds = options.rounds if group == 0 else (options.rounds + 1) // 2
            result = measure(options.work, model, modality, threads, weights, group, rounds, options.seconds)
            path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
