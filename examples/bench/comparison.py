"""Whole models against the peers: the cells, two processes at once, and what a peer could not do."""

import statistics

from aims import level
from formatting import MODELS, mark, megabytes, name, number, table
from peers import PEERS
from rounds import median


def cell_rows(results: dict) -> list[dict]:
    """A row for each cell: the median of rounds of each peer, and the least ratio of a peer to ours.

    Ratios are taken round by round, of two visits within seconds of each other.
    """
    cells: dict[tuple, dict] = {}
    for group in (value for key, value in results.items() if key.startswith("cells-")):
        for batch, peers in group["batches"].items():
            key = (MODELS[group["model"]], group["weights"], group["threads"], group["signature"], int(batch))
            cell = cells.setdefault(key, {"ms": {}, "pairs": {}, "cosine": {}, "faults": 0, "bounds": {}})
            for bounds in (group["bounds_before"], group["bounds_after"]):
                for bound, rate in bounds.items():
                    cell["bounds"][bound] = max(rate, cell["bounds"].get(bound, 0))
            if "reads" not in group:
                raise SystemExit("cells of an older benchmark: measure them again (--again cells)")
            cell.setdefault("reading", statistics.median(group["reads"][batch]))
            ours = peers["limequat"]["ms"]
            for peer, entry in peers.items():
                cell["cosine"].setdefault(peer, entry.get("cosine", {}).get("least"))
                cell["faults"] += entry["major_faults"]
                if (middle := median(entry["ms"])) is not None:
                    cell["ms"].setdefault(peer, middle)
                    pairs = [theirs / mine for mine, theirs in zip(ours, entry["ms"]) if mine and theirs]
                    if peer != "limequat" and pairs:
                        cell["pairs"][peer] = pairs
    rows = []
    for (model, weights, threads, signature, batch), cell in cells.items():
        if not cell["pairs"]:
            continue
        ratios = {peer: statistics.median(pairs) for peer, pairs in cell["pairs"].items()}
        best = min(ratios, key=ratios.get)
        # Against the best of those that add exactly, if onnxruntime was told to.
        exact = "onnxruntime exact" in ratios
        sums = [ratio for peer, ratio in ratios.items() if peer not in ("onnxruntime", "onnxruntime QMoE")]
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
                "exact": min(sums) if exact else None,
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


def cells_part(rows: list[dict]) -> str:
    text = ""
    missed = [row for row in rows if not level(row["ratio"])]
    count = len(rows)
    text += f"Limequat is at least level with the best peer in {count - len(missed)} of {count} cells.\n"
    exact = [row for row in rows if row["exact"] is not None]
    if exact:
        good = sum(level(row["exact"]) for row in exact)
        text += (
            f"Of the {len(exact)} int8 cells, it is so in {good} where onnxruntime, too, adds exactly; least "
            f"{min(row['exact'] for row in exact):.2f}.\n"
        )
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
            peers = PEERS["int8"] if row["weights"] == "int8" else [p.replace("QMoE", "MoE") for p in PEERS["int8"]]
            least = [row["cosine"].get(peer) for peer in peers]
            body.append(
                [
                    f"{row['model']} {row['signature']} x {row['batch']}",
                    row["weights"],
                    *("–" if value is None else f"{value:.5f}" for value in least),
                ]
            )
    columns = [name(peer).replace("QMoE", "MoE / QMoE") for peer in PEERS["int8"]]
    return text + table(["cell", "weights", *columns], body)


def pairs_part(results: dict) -> str:
    body = []
    for key, rows in results.items():
        if not key.startswith("pairs-"):
            continue
        for ours in (row for row in rows if row["peer"] == "limequat"):
            same = (row for row in rows if (row["signature"], row["batch"]) == (ours["signature"], ours["batch"]))
            theirs = next((row for row in same if row["peer"] != "limequat"), None)
            body.append(
                [
                    f"{MODELS[key.removeprefix('pairs-')]} {ours['signature']} x {ours['batch']}",
                    number(ours["items_per_second"]),
                    number(theirs["items_per_second"]) if theirs else "failed",
                    mark(ours["items_per_second"] / theirs["items_per_second"]) if theirs else "",
                    megabytes(ours["pss_bytes"]),
                    megabytes(theirs["pss_bytes"]) if theirs else "",
                ]
            )
    if not body:
        return ""
    return "\n### Two processes of one thread at once, int8: items in a second of both\n\n" + table(
        ["cell", "Limequat", "onnxruntime", "faster by", "memory of both, MB", "onnxruntime's"], body
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
