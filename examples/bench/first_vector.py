"""From process start to the first vector, memory and files: tables and plots."""

from itertools import product

import plots
from formatting import MODELS, megabytes, name, number, table


def start_part(results: dict) -> str:
    text = "\n![Time to the first vector](first.svg)\n\n![Peak memory](memory.svg)\n"
    for key, rows in results.items():
        if not key.startswith("start-"):
            continue
        text += f"\n### {MODELS[key.removeprefix('start-')]}\n\n"
        body = []
        for weights, threads in product(("int8", "f32"), (1, 2)):
            part = [row for row in rows if (row["weights"], row.get("threads", 1)) == (weights, threads)]
            if not part:
                continue
            good = [row for row in part if "to_first_s" in row]
            best = min(row["to_first_s"] for row in good if not row["peer"].startswith("limequat"))
            for row in part:
                if "to_first_s" not in row:
                    body.append([name(row["peer"]), weights, str(threads), *["–"] * 7])
                    continue
                ours = row["peer"].startswith("limequat")
                body.append(
                    [
                        name(row["peer"]),
                        weights,
                        str(threads),
                        number(row["to_first_s"] * 1e3),
                        number(row["load_s"] * 1e3),
                        number(row["first_s"] * 1e3),
                        f"{best / row['to_first_s']:.1f} x" if ours else "",
                        number(row["cold_s"] * 1e3),
                        megabytes(row["peak_bytes"]),
                        megabytes(row["file_bytes"]),
                    ]
                )
        text += table(
            [
                "program",
                "weights",
                "threads",
                "process start to first vector, ms",
                "of which opening",
                "of which the first call",
                "sooner than the best peer",
                "first vector with cold files",
                "peak RSS, MB",
                "files, MB",
            ],
            body,
        )
    return text


def start_plots(starts: dict) -> dict[str, str]:
    """The SVG of each plot, by its file; a group of bars for each model and type of weights."""
    drawn = {}
    for file, title, note, field, scale, unit in (
        (
            "first.svg",
            "From process start to the first vector of a text",
            "logarithmic; one thread, files in the page cache",
            "to_first_s",
            1,
            "s",
        ),
        (
            "memory.svg",
            "Peak resident memory after the first text",
            "logarithmic; one thread, pages of mapped files included",
            "peak_bytes",
            1e-6,
            "MB",
        ),
    ):
        groups = []
        for key, rows in starts.items():
            for weights in ("int8", "f32"):
                bars = [
                    (
                        name(row["peer"]),
                        row[field] * scale,
                        f"{number(row[field] * scale)} {unit}",
                        "a" if row["peer"].startswith("limequat") else "c",
                    )
                    for row in rows
                    if row["weights"] == weights and row.get("threads", 1) == 1 and field in row
                ]
                groups.append((f"{MODELS[key.removeprefix('start-')]}, {weights}", bars))
        drawn[file] = plots.bars(title, note, groups)
    return drawn
