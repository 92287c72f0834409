"""What cells do of what the machine can do at most: of arithmetic, and of reading memory."""

from formatting import megabytes, number, table


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
