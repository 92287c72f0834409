"""Puts the results of WORK together: report.py WORK OUT writes results.json, results.md and the plots to a folder of
OUT that is named for the processor's maker and instructions."""

import json
import re
import sys
from pathlib import Path

import plots
from aims import Aims
from comparison import cell_rows, cells_part, errors_part, pairs_part
from first_vector import start_part, start_plots
from formatting import MODELS, table
from roofline import add_work, bounds_part, speeds
from sections import accuracy_part, budget_part, convert_part, kernel_lines, kernels_part


def kind_of(machine: dict) -> str:
    """Who made the processor (of arm64: its architecture), and the fastest table of kernels that runs there."""
    tables = {"avx512_vnni": "avx512-vnni", "avx512f": "avx512", "avx_vnni": "avx-vnni", "avx2": "avx2"}
    tables |= {"i8mm": "neon-i8mm", "asimddp": "neon-dotprod"}
    table = next((table for feature, table in tables.items() if feature in machine["features"]), "other")
    maker = re.match(r"\w+", machine["processor"])
    return f"{maker[0].lower()}-{table}" if maker else table


def machine_part(machine: dict, rows: list[dict], results: dict) -> str:
    bounds = ", ".join(f"{key} {value}" for key, value in machine["bounds"].items())
    versions = ", ".join(f"{key} {value}" for key, value in machine["packages"].items())
    caches = ", ".join(f"{key} {value}" for key, value in machine["caches"].items())
    loads = [value["load_average"] for key, value in results.items() if key.startswith("cells-")]
    load = f" Load average when a group of cells began: {min(loads):.1f} to {max(loads):.1f}." if loads else ""
    return (
        f"{machine['processor']}, family {machine['family']}, model {machine['model']} "
        f"({', '.join(machine['features'])}), {machine['cores']} cores, {caches}, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB; {machine['system']}, Linux {machine['kernel']}, "
        f"Python {machine['python']}, {versions}. Measured bounds: {bounds}.{load}\n"
    )


def aims_part(rows: list[dict], results: dict) -> str:
    aims = Aims()
    aims.cells(rows)
    bound = [row for row in rows if "work" in row and row["signature"] == "text" and row["batch"] == 1]
    aims.reading(
        [
            (
                f"{row['model']} {row['weights']}, single texts, threads {row['threads']}",
                speeds(row)["reading"],
            )
            for row in bound
            if row["model"] == "B/16"
        ]
    )
    for model in MODELS:
        name = MODELS[model]
        cell = next((r for r in bound if r["model"] == name and r["weights"] == "int8"), None)
        touched = None
        if cell:  # and the table of texts, whose checksum is compared
            config = results[f"experts-{model}"]["config"]
            touched = cell["bytes"] + config["vocab_size"] * (config["hidden_size"] + 4)
        if f"start-{model}" in results:
            aims.start(name, results[f"start-{model}"], touched)
        if f"accuracy-{model}" in results:
            aims.accuracy(results[f"accuracy-{model}"], name)
    if "budget" in results:
        aims.budget(results["budget"])
    if "convert" in results:
        aims.convert(results["convert"]["rows"])
    for kind in ("f32", "int8"):
        aims.kernels(kernel_lines(results.get(f"kernels-{kind}", "")))
    met = sum(row[3] == "yes" for row in aims.rows)
    return f"\n## Aims\n\n{met} of {len(aims.rows)} are met.\n\n" + table(
        ["what", "aim", "measured", "met"], aims.rows
    )


def main() -> None:
    work, out = Path(sys.argv[1]), Path(sys.argv[2])
    results = {}
    for file in sorted((work / "results").iterdir()):
        if file.suffix == ".json":
            results[file.stem] = json.loads(file.read_text())
        elif file.suffix == ".txt":
            results[file.stem] = file.read_text()
    for row in results.get("budget", {}).get("rows", []):
        if "bytes_read" in row:
            row["read_per_call"] = row["bytes_read"] / row["calls"]
    out /= kind_of(results["machine"])
    out.mkdir(parents=True, exist_ok=True)
    rows = cell_rows(results)
    add_work(rows, results)
    text = (Path(__file__).parent / "results.head.md").read_text() + "\n"
    text += "## Machine\n\n" + machine_part(results["machine"], rows, results)
    text += aims_part(rows, results)
    if rows:
        text += "\n## Whole models\n\n" + cells_part(rows) + pairs_part(results) + bounds_part(rows)
        (out / "ratios.svg").write_text(plots.ratios(rows))
    errors = errors_part(results)
    if errors:
        text += "\nWhat a peer could not do:\n\n" + errors
    starts = {key: value for key, value in results.items() if key.startswith("start-")}
    if starts:
        text += "\n## Time to the first vector, memory, files\n" + start_part(results)
        for file, svg in start_plots(starts).items():
            (out / file).write_text(svg)
    if "budget" in results:
        text += "\n## Experts in a byte budget\n\n" + budget_part(results["budget"])
        data = results["budget"] | {"name": MODELS[results["budget"]["model"]]}
        if any(row["budget"] and "error" not in row for row in data["rows"]):
            (out / "budget.svg").write_text(plots.budget(data))
    if any(key.startswith("accuracy-") for key in results):
        text += "\n## Accuracy of int8\n\n" + accuracy_part(results)
    if any(key.startswith("kernels-") for key in results):
        text += "\n## Kernels\n\n" + kernels_part(results)
    if "convert" in results:
        text += "\n## Converting and quantising\n\n" + convert_part(results["convert"])
    (out / "results.md").write_text(text)
    (out / "results.json").write_text(json.dumps(results, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
