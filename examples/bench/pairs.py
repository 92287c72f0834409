"""Two processes of one thread each at once: pairs.py WORK [--models s32,b16] [--rounds 3] [--seconds 0.4]

What a server for throughput would do with two processors. Ours and the fastest int8 peer, turn by turn; items in a
second of both together, and the memory that both take: their pages, shared ones counted once.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

from cells import CELLS, PAUSE, Worker, started, usable_processors

PEERS = ("limequat", "onnxruntime")


def together(workers: list[Worker], batch: int, seconds: float) -> float | None:
    """Items in a second; None if one of a peer's processes failed."""
    for worker in workers:
        worker.tell(f"{batch} {seconds}")
    answers = [worker.answer() for worker in workers]
    for worker, answer in zip(workers, answers):
        if "error" in answer:
            if worker.peer == "limequat":
                raise SystemExit(f"limequat: {answer['error']}")
            print(f"{worker.peer}: {answer['error']}", flush=True)
            return None
    return sum(batch / answer["ms"] * 1e3 for answer in answers)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default="s32,b16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.4)
    options = parser.parse_args()
    work = options.work.resolve()
    for model in options.models.split(","):
        path = work / "results" / f"pairs-{model}.json"
        if path.exists():
            continue
        rows = []
        for modality, batches in CELLS.items():
            pairs = {
                peer: [started(work, model, peer, "int8", modality, 1, str(p)) for p in usable_processors()[-2:]]
                for peer in PEERS
            }
            for batch in batches:
                rates: dict[str, list] = {peer: [] for peer in PEERS}
                for _ in range(options.rounds):
                    for peer, workers in pairs.items():
                        time.sleep(PAUSE)
                        rates[peer].append(together(workers, batch, options.seconds))
                for peer, workers in pairs.items():
                    if None in rates[peer]:
                        continue
                    rows.append({
                        "peer": peer, "signature": modality, "batch": batch, "rates": rates[peer],
                        "items_per_second": statistics.median(rates[peer]),
                        "pss_bytes": sum(worker.pss() for worker in workers),
                    })
                    print(model, rows[-1], flush=True)
            for workers in pairs.values():
                for worker in workers:
                    worker.close()
        path.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
