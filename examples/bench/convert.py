"""Converting and quantising against `cp` followed by `sync`: convert.py WORK [--models b16] [--repeats 3]

Turn by turn, each writing a new file, sync included; the source is in the page cache. The last model is taken.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path


def peak(process: int) -> int:
    """The greatest resident set so far; 0 when the process has ended. What wait4 tells includes the parent's."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return max((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), default=0)


def run(command: list, target: Path) -> dict:
    """Seconds until the command's output is on disk, and the peak RSS of the command."""
    begin, most = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, peak(process.pid))
        time.sleep(0.01)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed")
    os.sync()
    seconds = time.monotonic() - begin
    target.unlink()
    os.sync()
    return {"seconds": seconds, "peak_bytes": most}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--models", default="b16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    work, model = options.work.resolve(), options.models.split(",")[-1]
    path, target = work / "results" / "convert.json", work / "target.lmq"
    if path.exists():
        return
    checkpoint, f32, tool = work / f"limoe-{model}", work / model / "f32.lmq", work / "limequat"
    jobs = {
        "cp of the checkpoint, sync": ["cp", checkpoint / "model.safetensors", target],
        "convert": [tool, "convert", checkpoint, "-o", target],
        "quantize, experts": [tool, "quantize", f32, "-o", target],
        "quantize, all": [tool, "quantize", f32, "-o", target, "--dense", "int8"],
    }
    for file in (checkpoint / "model.safetensors", f32):
        with open(file, "rb") as source, open("/dev/null", "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 24)
    runs: dict[str, list] = {name: [] for name in jobs}
    for _ in range(options.repeats):
        for name, command in jobs.items():
            runs[name].append(run(command, target))
            print(f"{name}: {runs[name][-1]['seconds']:.2f} s", flush=True)
    rows = [
        {
            "what": name,
            "seconds": statistics.median(one["seconds"] for one in results),
            "all_seconds": [round(one["seconds"], 3) for one in results],
            "peak_bytes": max(one["peak_bytes"] for one in results),
            "input_bytes": (f32 if name.startswith("quantize") else checkpoint / "model.safetensors")
            .stat()
            .st_size,
        }
        for name, results in runs.items()
    ]
    path.write_text(json.dumps({"model": model, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
