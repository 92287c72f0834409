"""What machine this is, and what it can do: machine.py WORK writes WORK/results/machine.json."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def bounds(work: Path, *parts: str) -> dict:
    """The rates that `bounds` (bounds.c) measures now: all, or those of "arithmetic"."""
    command = [work / "bounds", *parts]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def reading(work: Path, processors: str) -> float:
    """GB/s at which these processors, two at most, read memory now."""
    threads = str(min(2, processors.count(",") + 1))
    command = ["taskset", "-c", processors, work / "bounds", "read", threads]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def first_line(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip().split("\n")[0]


def main() -> None:
    work = Path(sys.argv[1]).resolve()
    cpu = dict(
        (key.strip(), value.strip())
        for key, _, value in (
            line.partition(":") for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].split("\n")
        )
    )
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    wanted = ("avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm")
    memory = dict(line.split()[:2] for line in Path("/proc/meminfo").read_text().strip().split("\n"))
    caches = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            caches[f"L{level}"] = size
    names = ("numpy", "torch", "onnxruntime", "openvino", "onnx")
    packages = {name: version(name) for name in names}
    report = {
        "processor": cpu.get("model name", platform.machine()),
        "family": cpu.get("cpu family"),
        "model": cpu.get("model"),
        "cores": os.cpu_count(),
        "features": [f for f in wanted if f in flags],
        "caches": caches,
        "memory_bytes": int(memory["MemTotal:"]) * 1024,
        "kernel": platform.release(),
        "system": first_line("sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"),
        "python": platform.python_version(),
        "limequat": first_line(str(work / "limequat"), "--version"),
        "packages": packages,
        "bounds": bounds(work),
    }
    (work / "results" / "machine.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report["bounds"]))


if __name__ == "__main__":
    main()
