"""Puts the results of WORK together: report.py WORK OUT writes OUT/results.json, results.md and the plots."""

import json
import math
import statistics
import sys
from pathlib import Path

import plots
from aims import Aims, level
from peers import PEERS

NAMES = {"limequat": "Limequat", "pytorch": "PyTorch", "onnxruntime": "onnxruntime", "openvino": "OpenVINO"}
MODELS = {"s32": "S/32", "b16": "B/16", "l16": "L/16", "h14": "H/14"}


def name(peer: str) -> str:
    first, _, rest = peer.partition(" ")
    return " ".join([NAMES[first], *([rest] if rest else [])])


def cell_rows(results: dict) -> list[dict]:
    """A row for each cell: the median of rounds of each peer, and the least ratio of a peer to ours.

    Ratios are taken round by round, of two visits within seconds of each other.
    """
    cells: dict[tuple, dict] = {}
    for group in (value for key, value in results.items() if key.startswith("cells-")):
        for batch, peers in group["batches"].items():
            key = (MODELS[group["model"]], group["weights"], group["threads"], group["signature"], int(batch))
            cell = cells.setdefault(key, {"ms": {}, "pairs": {}, "cosine": {}, "faults": 0})
            ours = peers["limequat"]["ms"]
            for peer, entry in peers.items():
                cell["cosine"].setdefault(peer, entry.get("cosine", {}).get("least"))
                cell["faults"] += entry["major_faults"]
                if entry["ms"]:
                    cell["ms"].setdefault(peer, statistics.median(entry["ms"]))
                    if peer != "limequat":
                        cell["pairs"][peer] = [theirs / mine for mine, theirs in zip(ours, entry["ms"])]
    rows = []
    for (model, weights, threads, signature, batch), cell in cells.items():
        if not cell["pairs"]:
            continue
        ratios = {peer: statistics.median(pairs) for peer, pairs in cell["pairs"].items()}
        best = min(ratios, key=ratios.get)
        rows.append(
            cell
            | {
                "model": model,
                "weights": weights,
                "threads": threads,
                "signature": signature,
                "batch": batch,
                "best": best,
                "ratio": ratios[best],
                "low": min(cell["pairs"][best]),
            }
        )
    order = {"S/32": 0, "B/16": 1, "image": 0, "text": 1}
    rows.sort(
        key=lambda r: (
            order.get(r["model"], 2),
            r["weights"] == "f32",
            r["threads"],
            order[r["signature"]],
            r["batch"],
        )
    )
    return rows


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float | None, digits: int = 3) -> str:
    """With about so many digits that mean something."""
    if value is None:
        return "–"
    if value <= 0:
        return "0"
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(value)))}f}"


def megabytes(value: float | None) -> str:
    return "–" if value is None else number(value / 1e6)


def mark(ratio: float) -> str:
    text = f"{ratio:.2f}"
    return text if level(ratio) else f"**{text}, slower**"


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


def cells_part(rows: list[dict]) -> str:
    text = ""
    missed = [row for row in rows if not level(row["ratio"])]
    count = len(rows)
    text += f"Limequat is at least level with the best peer in {count - len(missed)} of {count} cells.\n"
    if missed:
        words = [
            f"{r['model']} {r['signature']} x {r['batch']}, threads {r['threads']}, {r['weights']}: "
            f"{r['ratio']:.2f} of {name(r['best'])}"
            for r in missed
        ]
        text += f"The others: {'; '.join(words)}.\n"
    text += "\n![Ratio to the best peer, by cell](ratios.svg)\n"
    for model in dict.fromkeys(row["model"] for row in rows):
        for weights in ("int8", "f32"):
            part = [row for row in rows if row["model"] == model and row["weights"] == weights]
            if not part:
                continue
            peers = PEERS[weights]
            text += f"\n### {model}, {weights}: ms for a call\n\n"
            text += table(
                ["cell", "threads", *map(name, peers), "faster than the best by", "least of its rounds"],
                [
                    [
                        f"{row['signature']} x {row['batch']}",
                        str(row["threads"]),
                        *(number(row["ms"].get(peer)) for peer in peers),
                        mark(row["ratio"]),
                        f"{row['low']:.2f}",
                    ]
                    for row in part
                ],
            )
    text += "\n### Cosine to Limequat's f32 vectors, least of the cell's batch\n\n"
    body = []
    for row in rows:
        if row["threads"] == 1:
            body.append(
                [
                    f"{row['model']} {row['signature']} x {row['batch']}",
                    row["weights"],
                    *(
                        f"{row['cosine'][p]:.5f}" if row["cosine"].get(p) is not None else "–"
                        for p in PEERS[row["weights"]]
                    ),
                ]
            )
    moe = [f"{name(a)}{' / QMoE' if 'MoE' in a else ''}" for a in PEERS["f32"]]
    return text + table(["cell", "weights", *moe], body)


def work_of(config: dict, cell: dict, weights: str) -> tuple[float, float]:
    """Multiply-adds of a call, and the bytes of matrices that it visits."""
    width, inner, layers = config["hidden_size"], config["mlp_dim"], config["num_layers"]
    dense = (
        layers * 4 * width**2 + (layers - cell["layers"]) * 2 * width * inner + width * config["projection_size"]
    )
    tokens, patch = config["text_length"], 0
    if cell["signature"] == "image":
        tokens = (config["image_size"] // config["patch_size"]) ** 2
        patch = config["patch_size"] ** 2 * 3 * width
    token = layers * (4 * width**2 + 2 * width * inner + 2 * tokens * width) + patch
    experts = cell["experts"] * 2 * width * inner
    if weights == "f32":
        return cell["batch"] * tokens * token, 4 * (dense + patch + experts)
    return cell["batch"] * tokens * token, dense + 2 * patch + experts


def add_work(rows: list[dict], results: dict) -> None:
    """Gives cells their multiply-adds, bytes of weights, and experts visited, where those are known."""
    for row in rows:
        facts = results.get("experts-" + row["model"].replace("/", "").lower())
        if facts:
            cell = next(
                c for c in facts["cells"] if (c["signature"], c["batch"]) == (row["signature"], row["batch"])
            )
            row["macs"], row["bytes"] = work_of(facts["config"], cell, row["weights"])
            row["experts"] = cell["experts"]


def speeds(row: dict, bounds: dict) -> dict:
    """What a cell does of what the machine can do at most: of arithmetic and of reading memory."""
    names = "fma" if row["weights"] == "f32" else ("vpdp", "maddubs")
    most = row["threads"] * max((v for k, v in bounds.items() if k.startswith(names)), default=0)
    reading = bounds["read GB/s, one core" if row["threads"] == 1 else "read GB/s, two cores"]
    rate, speed = row["macs"] / row["ms"]["limequat"] / 1e6, row["bytes"] / row["ms"]["limequat"] / 1e6
    return {"rate": rate, "speed": speed, "arithmetic": rate / most if most else 0, "reading": speed / reading}


def bounds_part(rows: list[dict], results: dict) -> str:
    body = []
    for row in (row for row in rows if "macs" in row):
        part = speeds(row, results["machine"]["bounds"])
        body.append(
            [
                f"{row['model']} {row['signature']} x {row['batch']}",
                row["weights"],
                str(row["threads"]),
                str(row["experts"]),
                number(part["rate"]),
                f"{100 * part['arithmetic']:.0f} %",
                megabytes(row["bytes"]),
                number(part["speed"]),
                f"{100 * part['reading']:.0f} %",
            ]
        )
    if not body:
        return ""
    return (
        "\n### Against the machine's bounds\n\n"
        + (
            "Multiply-adds are those of the products and of attention. Bytes are those of the matrices that a call "
            "visits, once each; some lie in the cache from call to call, so a share may exceed what memory gives.\n\n"
        )
        + table(
            [
                "cell",
                "weights",
                "threads",
                "experts visited",
                "GMAC/s",
                "of the bound",
                "MB of weights",
                "GB/s",
                "of reading memory",
            ],
            body,
        )
    )


def kernel_lines(text: str) -> list[tuple[list[str], list[str]]]:
    """The words of each line of kernels.c, and its shares of the bound."""
    return [(line.split(), line.partition("%")[2].split()) for line in text.splitlines()[2:]]


def aims_part(rows: list[dict], results: dict) -> str:
    aims = Aims()
    aims.cells(rows)
    bounds = results["machine"]["bounds"]
    bound = [row for row in rows if "macs" in row and row["signature"] == "text" and row["batch"] == 1]
    aims.reading(
        [
            (
                f"{row['model']} {row['weights']}, single texts, threads {row['threads']}",
                speeds(row, bounds)["reading"],
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


def start_part(results: dict) -> str:
    text = "\n![Time to the first vector](first.svg)\n\n![Peak memory](memory.svg)\n"
    for key, rows in results.items():
        if not key.startswith("start-"):
            continue
        text += f"\n### {MODELS[key.removeprefix('start-')]}\n\n"
        body = []
        for weights in ("int8", "f32"):
            part = [row for row in rows if row["weights"] == weights]
            good = [row for row in part if "to_first_s" in row]
            best = min(row["to_first_s"] for row in good if not row["peer"].startswith("limequat"))
            for row in part:
                if "to_first_s" not in row:
                    body.append([name(row["peer"]), weights, "–", "–", "–", "–", "–", "–", "–"])
                    continue
                ours = row["peer"].startswith("limequat")
                body.append(
                    [
                        name(row["peer"]),
                        weights,
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


def budget_part(data: dict) -> str:
    text = (
        f"LIMoE-{MODELS[data['model']]}, all matrices int8, batch 1. One expert takes "
        f"{megabytes(data['expert_bytes'])} MB, all {data['experts']} {megabytes(data['bank_bytes'])} MB, everything "
        f"else {megabytes(data['dense_bytes'])} MB."
        " Peak RSS is that of a C program.\n\n"
    )
    good = [row for row in data["rows"] if "error" not in row]
    if any(row["budget"] for row in good):
        text += "![Time and bytes read by budget](budget.svg)\n\n"
    body = []
    if data["rows"] and not any(row["budget"] for row in good):
        text += f"No budget could be measured: {data['rows'][0].get('error', '')}\n\n"
    for row in good:
        budget = f"{row['experts']} experts, {megabytes(row['budget'])} MB" if row["budget"] else row["holding"]
        visits, most = row["hits"] + row["misses"], ""
        if row["budget"]:  # what must hold: budget, dense weights, arena and 16 MiB
            most = megabytes(row["budget"] + data["dense_bytes"] + row["arena_bytes"] + 16 * 2**20)
        body.append(
            [
                row["signature"],
                str(row["threads"]),
                budget,
                number(row["median_ms"]),
                megabytes(row["read_per_call"]) if row["budget"] else "",
                f"{100 * row['hits'] / visits:.0f} %" if visits else "",
                number(row["wait_ms"] / row["calls"]) if row["budget"] else "",
                number(row["first_ms"]),
                megabytes(row["peak_bytes"]),
                most,
            ]
        )
    return text + table(
        [
            "signature",
            "threads",
            "holding",
            "ms",
            "MB read a call",
            "hits",
            "ms waited",
            "first call, ms",
            "peak RSS, MB",
            "budget + all dense + arena + 16 MiB",
        ],
        body,
    )


def pairs_part(results: dict) -> str:
    body = []
    for key, rows in results.items():
        if not key.startswith("pairs-"):
            continue
        for ours in (row for row in rows if row["peer"] == "limequat"):
            same = (row for row in rows if (row["signature"], row["batch"]) == (ours["signature"], ours["batch"]))
            theirs = next(row for row in same if row["peer"] != "limequat")
            body.append(
                [
                    f"{MODELS[key.removeprefix('pairs-')]} {ours['signature']} x {ours['batch']}",
                    number(ours["items_per_second"]),
                    number(theirs["items_per_second"]),
                    mark(ours["items_per_second"] / theirs["items_per_second"]),
                    megabytes(ours["pss_bytes"]),
                    megabytes(theirs["pss_bytes"]),
                ]
            )
    if not body:
        return ""
    return "\n### Two processes of one thread at once, int8: items in a second of both\n\n" + table(
        ["cell", "Limequat", "onnxruntime", "faster by", "memory of both, MB", "onnxruntime's"], body
    )


def accuracy_part(results: dict) -> str:
    body = []
    for key, rows in results.items():
        if key.startswith("accuracy-"):
            for row in rows:
                what = {"experts8": "int8 experts", "int8": "all int8"}[row["weights"]]
                words = [MODELS[row["model"]], row["signature"], name(row["peer"]), what]
                if "error" in row:
                    body.append([*words, "–", "–", "–", "–"])
                    continue
                agreement = f"{100 * row['routing']:.2f} %" if "routing" in row else ""
                body.append(
                    [*words, f"{row['mean']:.5f}", f"{row['percentile1']:.5f}", f"{row['least']:.5f}", agreement]
                )
    return table(
        ["model", "signature", "program", "weights", "mean", "1st percentile", "least", "same expert as f32"], body
    )


def kernels_part(results: dict) -> str:
    text = "hot/cold GMAC/s: with weights in the cache, and from memory.\n\n"
    wanted = {1: 0, 4: 3, 8: 5, 16: 7, 64: 8, 197: 9}
    body = []
    for key, value in results.items():
        if not key.startswith("kernels-"):
            continue
        for words, percent in kernel_lines(value):
            body.append(
                [
                    f"{words[0]} {words[1]}, {words[2]} x {words[3]}",
                    *(words[4 + i] + (f", {percent[i]} %" if percent else "") for i in wanted.values()),
                ]
            )
    return text + table(["table, type, K x N", *(f"M = {m}" for m in wanted)], body)


def convert_part(data: dict) -> str:
    copy = data["rows"][0]
    rate = lambda row: row["input_bytes"] / row["seconds"]  # noqa: E731
    return table(
        ["what", "input, MB", "s, on disk", "MB/s of input", "speed of cp and sync", "peak RSS, MB"],
        [
            [
                row["what"],
                megabytes(row["input_bytes"]),
                f"{row['seconds']:.2f}",
                number(rate(row) / 1e6),
                f"{rate(row) / rate(copy):.2f}",
                megabytes(row["peak_bytes"]),
            ]
            for row in data["rows"]
        ],
    )


def errors_part(results: dict) -> str:
    found: dict[tuple, str] = {}
    for key, value in results.items():
        if key.startswith("cells-"):
            for peer, error in value["errors"].items():
                found.setdefault((name(peer), value["weights"], MODELS[value["model"]]), error)
    return "".join(
        f"- {peer}, {weights}, {model}: `{error[:400]}`\n" for (peer, weights, model), error in found.items()
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
    rows = cell_rows(results)
    add_work(rows, results)
    text = (Path(__file__).parent / "results.head.md").read_text() + "\n"
    text += "## Machine\n\n" + machine_part(results["machine"], rows, results)
    text += aims_part(rows, results)
    if rows:
        text += "\n## Whole models\n\n" + cells_part(rows) + pairs_part(results) + bounds_part(rows, results)
        (out / "ratios.svg").write_text(plots.ratios(rows))
    errors = errors_part(results)
    if errors:
        text += "\nWhat a peer could not do:\n\n" + errors
    starts = {key: value for key, value in results.items() if key.startswith("start-")}
    if starts:
        text += "\n## Time to the first vector, memory, files\n" + start_part(results)
        for file, title, note, field, unit in (
            (
                "first",
                "From process start to the first vector of a text",
                "logarithmic; files in the page cache",
                "to_first_s",
                "s",
            ),
            (
                "memory",
                "Peak resident memory after the first text",
                "logarithmic; pages of mapped files included",
                "peak_bytes",
                "MB",
            ),
        ):
            groups = []
            for key, value in starts.items():
                for weights in ("int8", "f32"):
                    part = [row for row in value if row["weights"] == weights and field in row]
                    scale = 1e-6 if unit == "MB" else 1
                    groups.append(
                        (
                            f"{MODELS[key.removeprefix('start-')]}, {weights}",
                            [
                                (
                                    name(row["peer"]),
                                    row[field] * scale,
                                    f"{number(row[field] * scale)} {unit}",
                                    "a" if row["peer"].startswith("limequat") else "c",
                                )
                                for row in part
                            ],
                        )
                    )
            (out / f"{file}.svg").write_text(plots.bars(title, note, groups))
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
