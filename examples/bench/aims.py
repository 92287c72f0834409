"""What the project aims at, against what was measured."""

from itertools import product

MIB = 2**20


def level(ratio: float) -> bool:
    """At least as fast, to two digits."""
    return round(ratio, 2) >= 1


class Aims:
    """Rows of a table: what, the aim, what was measured, whether it is met."""

    def __init__(self):
        self.rows: list[list[str]] = []

    def add(self, what: str, aim: str, measured: str, met: bool) -> None:
        self.rows.append([what, aim, measured, "yes" if met else "**missed**"])

    def cells(self, rows: list[dict]) -> None:
        """Ratios to the best peer."""
        for weights, aim in (
            ("int8", "faster than every peer in every cell"),
            ("f32", "level with the best in every cell"),
        ):
            part = [row for row in rows if row["weights"] == weights]
            good = [row for row in part if level(row["ratio"])]
            if part:
                low = min(part, key=lambda row: row["ratio"])
                place = f"{low['model']} {low['signature']} x {low['batch']}, threads {low['threads']}"
                text = f"{len(good)} of {len(part)} cells; least {low['ratio']:.2f} ({place})"
                self.add(f"{weights} models", aim, text, len(good) == len(part))
        exact = [row for row in rows if row["exact"] is not None]
        if exact:
            low, good = min(row["exact"] for row in exact), sum(level(row["exact"]) for row in exact)
            aim, text = "faster than every exact peer", f"{good} of {len(exact)} cells; least {low:.2f}"
            self.add("int8 models, onnxruntime told to add exactly", aim, text, good == len(exact))
        for row in rows:
            if (row["model"], row["signature"], row["batch"], row["weights"]) == ("B/16", "image", 8, "int8"):
                what = f"B/16 int8, 8 images, threads {row['threads']}"
                self.add(what, "1.25 times the best peer", f"{row['ratio']:.2f}", row["ratio"] >= 1.25)

    def reading(self, shares: list[tuple[str, float]]) -> None:
        """Parts of the memory's speed in cells that it bounds."""
        for what, share in shares:
            self.add(what, "75 % of the speed of reading memory", f"{100 * share:.0f} %", share >= 0.75)

    def start(self, model: str, rows: list[dict], touched: float | None) -> None:
        for weights, threads in product(("int8", "f32"), (1, 2)):
            part = {
                row["peer"]: row
                for row in rows
                if (row["weights"], row.get("threads", 1)) == (weights, threads) and "to_first_s" in row
            }
            ours = part.get("limequat")
            others = [row for peer, row in part.items() if not peer.startswith("limequat")]
            if not ours or not others:
                continue
            ratio = min(row["to_first_s"] for row in others) / ours["to_first_s"]
            if model == "B/16" and threads == 1:
                opening = ours["load_s"] * 1e3
                self.add(f"opening {model} {weights}", "under 10 ms", f"{opening:.1f} ms", opening < 10)
            self.add(
                f"first text of {model} {weights}, threads {threads}",
                "5 times sooner than the best peer",
                f"{ratio:.1f}",
                ratio >= 5,
            )
            if weights == "int8" and model == "B/16" and threads == 1 and touched:
                over = (ours["peak_bytes"] - touched) / MIB
                text = f"{ours['peak_bytes'] / MIB:.0f} MiB, {over:.0f} over the weights"
                self.add(f"peak RSS, a text of {model} int8", "weights touched + 64 MiB", text, over <= 64)

    def budget(self, data: dict) -> None:
        rows = [row for row in data["rows"] if row.get("budget") and "error" not in row]
        if not rows:
            return
        # All dense weights, though a call touches a part.
        over = max(row["peak_bytes"] - row["budget"] - data["dense_bytes"] - row["arena_bytes"] for row in rows)
        text = f"at most that {'+' if over > 0 else '-'} {abs(over) / MIB:.1f} MiB"
        self.add("peak RSS under a budget", "budget + dense weights + arena + 16 MiB", text, over <= 16 * MIB)
        grows = False
        for key in {(row["signature"], row["threads"]) for row in rows}:
            reads = [row["read_per_call"] for row in rows if (row["signature"], row["threads"]) == key]
            grows |= any(later > earlier * 1.001 for earlier, later in zip(reads, reads[1:]))
        self.add("bytes read as the budget grows", "never grow", "they grow" if grows else "they do not", not grows)

    def accuracy(self, rows: list[dict], model: str) -> None:
        for signature in ("image", "text"):
            part = {
                (row["peer"], row["weights"]): row
                for row in rows
                if row["signature"] == signature and "mean" in row
            }
            experts, ours = part.get(("limequat", "experts8")), part.get(("limequat", "int8"))
            theirs = part.get(("onnxruntime", "int8"))
            if experts:
                low = experts["least"]
                self.add(
                    f"{model} {signature}s, int8 experts",
                    "cosine of each at least 0.9995",
                    f"{low:.5f}",
                    low >= 0.9995,
                )
            if ours and theirs:
                text = f"mean {ours['mean']:.5f} to {theirs['mean']:.5f}"
                text += f", least {ours['least']:.5f} to {theirs['least']:.5f}"
                self.add(
                    f"{model} {signature}s, all int8",
                    "mean cosine no worse than onnxruntime's int8",
                    text,
                    ours["mean"] >= theirs["mean"],
                )

    def convert(self, rows: list[dict]) -> None:
        rate = {row["what"]: row["input_bytes"] / row["seconds"] for row in rows}
        copy = rate["cp of the checkpoint, sync"]
        self.add(
            "converting",
            "half the speed of cp and sync",
            f"{rate['convert'] / copy:.2f}",
            rate["convert"] >= copy / 2,
        )
        for what in ("quantize, experts", "quantize, all"):
            self.add(what, "400 MB/s of f32", f"{rate[what] / 1e6:.0f} MB/s", rate[what] >= 400e6)
        most = max(row["peak_bytes"] for row in rows)
        self.add(
            "peak RSS of converting and quantising", "under 300 MiB", f"{most / MIB:.0f} MiB", most < 300 * MIB
        )

    def kernels(self, lines: list[tuple[list[str], list[str]]]) -> None:
        """Each line: table, type, K, N, ten `hot/cold` rates for the sizes of kernels.c; and shares of the bound."""
        for words, shares in lines:
            table, kind, k, n = words[:4]
            if (k, n) != ("768", "3072") or not shares:
                continue
            least = min(int(share) for share in shares[7:])  # M = 16, 64, 197
            aims = {
                ("avx512-vnni", "int8"): 88,
                ("avx2", "int8"): 75,
                ("avx512-vnni", "f32"): 93,
                ("avx2", "f32"): 93,
            }
            aim = aims.get((table, kind))
            if aim:
                self.add(
                    f"{table} {kind}, M of 16 to 197",
                    f"{aim} % of the instruction's bound",
                    f"{least} %",
                    least >= aim,
                )
            if table == "avx512-vnni" and "read" in words:
                # GB/s of one row with weights from memory, and of reading alone, from the same minute.
                row, most = (float(word.strip(";")) for word in words[words.index("read") + 1 :][:2])
                share = row / most
                self.add(
                    f"{table} {kind}, M = 1, from memory",
                    "80 % of reading memory",
                    f"{100 * share:.0f} %",
                    share >= 0.8,
                )
