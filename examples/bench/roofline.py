"""What cells do of what the machine can do at most: of arithmetic, and of reading memory."""

from formatting import megabytes, number, table


def work_of(config: dict, cell: dict, weights: str) -> list[tuple[float, float, str]]:
    """Of each kind of product of a call: multiply-adds, bytes of the matrices that it visits, the instruction."""
    width, inner, layers = config["hidden_size"], config["mlp_dim"], config["num_layers"]
    head = width * config["projection_size"]
    dense = layers * 4 * width**2 + (layers - cell["layers"]) * 2 * width * inner
    tokens, patch = config["text_length"], 0
    if cell["signature"] == "image":
        tokens = (config["image_size"] // config["patch_size"]) ** 2
        patch = config["patch_size"] ** 2 * 3 * width
    all_tokens, expert = cell["batch"] * tokens, 2 * width * inner
    size, narrow, kind = (4, 4, "fma") if weights == "f32" else (1, 2, "int8")
    return [
        (all_tokens * dense, size * (dense + head), kind),
        (all_tokens * cell["layers"] * expert, size * cell["experts"] * expert, kind),
        (all_tokens * patch, narrow * patch, "fma"),
        (all_tokens * layers * 2 * tokens * width, 0, kind),  # attention
    ]


def add_work(rows: list[dict], results: dict) -> None:
    """Gives cells their work, bytes of weights, and experts visited, where those are known."""
    for row in rows:
        facts = results.get("experts-" + row["model"].replace("/", "").lower())
        if facts:
            cell = next(
                c for c in facts["cells"] if (c["signature"], c["batch"]) == (row["signature"], row["batch"])
            )
            row["work"] = work_of(facts["config"], cell, row["weights"])
            row["bytes"] = sum(part[1] for part in row["work"])
            row["experts"] = cell["experts"]


def speeds(row: dict) -> dict:
    """What a cell does of what the machine could do meanwhile: of arithmetic, of reading memory, and of both, each
    kind of product taking the time of what holds it up longer."""

    def most(names: tuple[str, ...]) -> float:
        return row["threads"] * max((v for k, v in row["bounds"].items() if k.startswith(names)), default=0)

    rates = {"fma": most(("fma",)), "int8": most(("vpdp", "maddubs"))}
    reading = row["reading"]
    macs, ms = sum(part[0] for part in row["work"]), row["ms"]["limequat"]
    rate, speed = macs / ms / 1e6, row["bytes"] / ms / 1e6
    share = {"rate": rate, "speed": speed, "reading": speed / reading, "arithmetic": 0, "both": 0}
    if rates["fma"] and rates["int8"]:
        share["arithmetic"] = sum(macs / rates[kind] for macs, _, kind in row["work"]) / ms / 1e6
        share["both"] = (
            sum(max(macs / rates[kind], size / reading) for macs, size, kind in row["work"]) / ms / 1e6
        )
    return share


def bounds_part(rows: list[dict]) -> str:
    body = []
    for row in (row for row in rows if "work" in row):
        part = speeds(row)
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
                f"{100 * part['both']:.0f} %",
            ]
        )
    if not body:
        return ""
    return (
        "\n### Against the machine's bounds\n\n"
        + (
            "Multiply-adds are those of the products and of attention; with int8, patches are bound by fma. "
            "Bytes are those of the matrices that a call visits, once each; some lie in the cache from call to "
            "call, so a share may exceed what memory gives. Both: the least time is that of arithmetic or of reading, "
            "whichever is longer, added up over dense matrices, experts, patches and attention. The speed of reading "
            "is the median of turns between those of the peers, in ordinary pages: where the system holds a mapped "
            "file in large ones, it is read faster. Bounds of arithmetic are the better ones of those measured before "
            "and after.\n\n"
        )
        + table(
            [
                "cell",
                "weights",
                "threads",
                "experts visited",
                "GMAC/s",
                "of arithmetic",
                "MB of weights",
                "GB/s",
                "of reading memory",
                "of both",
            ],
            body,
        )
    )
