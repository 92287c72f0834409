"""Experts in a byte budget: budget.py WORK [--models b16] [--seconds 1]

A C program with budgets from one expert to all of them, with the file mapped, and resident: time of a call, bytes
read, hits and misses, peak RSS. The last model is taken, all matrices int8.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path

from cells import processors

ROUNDS = 3
EXPERTS = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 160)


def run(command: list) -> dict:
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        return {"error": result.stderr.strip()[-500:]}
    return json.loads(result.stdout)


def summary(reports: tuple[dict, ...]) -> dict:
    """The round with the median time, the median first call, and the most memory; or what failed."""
    for report in reports:
        if "error" in report:
            return report
    return sorted(reports, key=lambda report: report["median_ms"])[ROUNDS // 2] | {
        "first_ms": statistics.median(report["first_ms"] for report in reports),
        "peak_bytes": max(report["peak_bytes"] for report in reports),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default="b16")
    parser.add_argument("--seconds", type=float, default=0.5)
    options = parser.parse_args()
    work, model = options.work.resolve(), options.models.split(",")[-1]
    path, file = work / "results" / "budget.json", work / model / "int8.lmq"
    if path.exists():
        return
    facts = run([work / "limequat", "inspect", file, "--json"])
    banks = facts["banks"]
    count, bytes_all = sum(bank["experts"] for bank in banks), sum(bank["bytes"] for bank in banks)
    one = -(-max(bank["bytes"] // bank["experts"] for bank in banks) // 4096) * 4096
    rows = []
    budgets = [(str(experts * one), experts) for experts in EXPERTS if experts < count]
    budgets += [(str(count * one), count), ("mapped", 0), ("resident", 0)]
    for threads in (1, 2):
        pinned = ["taskset", "-c", processors(threads)]
        for modality in ("image", "text"):
            # In rounds, since other load may last for seconds.
            rounds = [
                [
                    run([*pinned, work / "first", file, modality, 1, threads, holding, options.seconds])
                    for holding, _ in budgets
                ]
                for _ in range(ROUNDS)
            ]
            for (holding, experts), reports in zip(budgets, zip(*rounds)):
                report = summary(reports)
                budget = int(holding) if experts else 0
                row = {"signature": modality, "threads": threads, "holding": holding, "budget": budget}
                rows.append(row | {"experts": experts} | report)
                print(rows[-1], flush=True)
    path.write_text(
        json.dumps(
            {
                "model": model,
                "experts": count,
                "expert_bytes": one,
                "bank_bytes": bytes_all,
                "dense_bytes": facts["dense_bytes"],
                "rows": rows,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
