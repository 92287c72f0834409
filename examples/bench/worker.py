"""One peer with one signature, in a process of its own, doing what it is told line by line.

    worker.py PEER WEIGHTS MODELS SIGNATURE THREADS PROCESSORS

Loads, answers with a JSON line, then for each line `BATCH SECONDS` on standard input embeds the same inputs over and
over and answers with the times; for `vectors BATCH SEED FILE` it writes the vectors of that input.
"""

import json
import os
import sys
import time

start = time.monotonic()
peer, weights, models, modality, threads, processors = sys.argv[1:]
os.sched_setaffinity(0, {int(p) for p in processors.split(",")})
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = threads
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not come between the answers

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import peers  # noqa: E402

CALLS_MOST = 2000
folder = Path(models)


def memory(key: str) -> int:
    """A field of /proc/self/status in bytes; VmHWM counts since exec, unlike what wait4 tells."""
    for line in open("/proc/self/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def faults() -> int:
    return int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[9])


def answer(**fields: object) -> None:
    print(json.dumps(fields), file=answers, flush=True)


def measure(embed: peers.Embed, value: np.ndarray, seconds: float) -> dict:
    """Times of calls, in ms. The first call of a visit counts only when it takes up the visit: caches are cold.

    cpu_ms is processor time of all threads, the mean of all calls: far from `ms` where other programs disturb.
    """
    before, used, times, calls = faults(), time.process_time(), [], 1
    begin = time.perf_counter()
    embed(value)
    first = time.perf_counter() - begin
    if first > seconds:
        times.append(first)
    while not times or (time.perf_counter() - begin < seconds and len(times) < CALLS_MOST):
        called = time.perf_counter()
        embed(value)
        times.append(time.perf_counter() - called)
        calls += 1
    used = (time.process_time() - used) / calls
    times.sort()
    return {
        "ms": times[len(times) // 2] * 1e3,
        "cpu_ms": used * 1e3,
        "calls": len(times),
        "major_faults": faults() - before,
    }


def main() -> None:
    begin = time.monotonic()
    try:
        embed = peers.load(peer, weights, folder, modality, int(threads))
        load = time.monotonic() - begin
        value = peers.inputs(folder, modality, 1, 0)
        begin = time.monotonic()
        embed(value)
        now = time.monotonic()
    except Exception as error:  # whatever a library raises: the measurement goes on without it
        answer(error=f"{type(error).__name__}: {error}"[:2000])
        return
    answer(
        load_s=load,
        first_s=now - begin,
        ready_at=now,
        started_at=start,
        peak_bytes=memory("VmHWM"),
        own_bytes=memory("RssAnon"),
    )
    cache: dict[int, np.ndarray] = {}
    for line in sys.stdin:
        words = line.split()
        try:
            if words[0] == "vectors":
                np.save(words[3], embed(peers.inputs(folder, modality, int(words[1]), int(words[2]))))
                answer(done=True)
            else:
                batch = int(words[0])
                value = cache.setdefault(batch, peers.inputs(folder, modality, batch, 0))
                answer(**measure(embed, value, float(words[1])), peak_bytes=memory("VmHWM"))
        except Exception as error:
            answer(error=f"{type(error).__name__}: {error}"[:2000])


main()
