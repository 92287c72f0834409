"""Experts in a byte budget: budget.py WORK [--models b16] [--seconds 1]

For budgets from one expert to all of them, and without one (the file is mapped): time of a call and bytes read, hits
and misses from `limequat bench`, peak RSS of the C program. The last model is taken, all matrices int8.
"""

import argparse
import json
import subprocess
from pathlib import Path

from cells import processors

EXPERTS = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 160)
FIELDS = (
    "first_ms", "median_ms", "calls", "bytes_read", "hits", "misses", "wait_ms", "peak_bytes", "arena_bytes",
    "peak_rss_bytes")


def run(command: list) -> dict:
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        return {"error": result.stderr.strip()[-500:]}
    return json.loads(result.stdout)


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
    budgets = [(experts, experts * one) for experts in EXPERTS if experts < count] + [(count, count * one), (0, 0)]
    for threads in (1, 2):
        pinned = ["taskset", "-c", processors(threads)]
        for modality in ("image", "text"):
            for experts, budget in budgets:
                command = [*pinned, work / "limequat", "bench", file, "--json", "--signature", modality]
                command += ["--threads", threads, "--seconds", options.seconds]
                report = run(command + (["--memory-budget", budget] if budget else []))
                small = run([*pinned, work / "first", file, modality, 1, threads, budget, options.seconds])
                row = {"signature": modality, "threads": threads, "experts": experts, "budget": budget}
                row |= {key: report[key] for key in FIELDS if key in report}
                row |= {"c_" + key: value for key, value in small.items() if key in ("median_ms", "peak_bytes")}
                errors = [r["error"] for r in (report, small) if "error" in r]
                rows.append(row | ({"error": errors[0]} if errors else {}))
                print(rows[-1], flush=True)
    path.write_text(json.dumps({
        "model": model, "experts": count, "expert_bytes": one, "bank_bytes": bytes_all,
        "dense_bytes": facts["dense_bytes"], "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
