"""The sections of results.md beside whole models and start: budget, accuracy, kernels, converting."""

from formatting import MODELS, megabytes, name, number, table


def budget_part(data: dict) -> str:
    text = (
        f"LIMoE-{MODELS[data['model']]}, all matrices int8, batch 1. One expert takes "
        f"{megabytes(data['expert_bytes'])} MB, all {data['experts']} {megabytes(data['bank_bytes'])} MB, everything "
        f"else {megabytes(data['dense_bytes'])} MB."
        " Each is measured in three rounds: shown is the one with the median time, the median first call, and the "
        "greatest peak RSS, which is that of a C program.\n\n"
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


def kernel_lines(text: str) -> list[tuple[list[str], list[str]]]:
    """The words of each line of kernels.c, and its shares of the bound."""
    return [(line.split(), line.partition("%")[2].split()) for line in text.splitlines()[2:]]


def kernels_part(results: dict) -> str:
    text = (
        "hot/cold GMAC/s: with weights in the cache, and from memory. Reading is that of a plain loop, which kernels "
        "can surpass. Of three visits hot is the fastest, cold the median.\n\n"
    )
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
