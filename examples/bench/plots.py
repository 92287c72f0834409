"""The plots of results.md, as SVG that reads in light and dark."""

import math
from html import escape

STYLE = """
svg { font: 12px system-ui, sans-serif; color-scheme: light dark }
.ground { fill: #fff } text { fill: #333 } .quiet { fill: #777 } .title { font-size: 14px; font-weight: 600 }
.axis { stroke: #999; stroke-width: 1 } .grid { stroke: #ddd; stroke-width: 1 } .one { stroke: #555; stroke-width: 1.5 }
.a { fill: #2a7f62; stroke: #2a7f62 } .b { fill: #c7772e; stroke: #c7772e } .c { fill: #5b6fb5; stroke: #5b6fb5 }
.d { fill: #a34a6b; stroke: #a34a6b } .line { fill: none; stroke-width: 2 } .dash { stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #1c1c1c } text { fill: #ddd } .quiet { fill: #999 }
  .axis { stroke: #777 } .grid { stroke: #3a3a3a } .one { stroke: #bbb }
  .a { fill: #5dc49c; stroke: #5dc49c } .b { fill: #e8a765; stroke: #e8a765 } .c { fill: #97a8ea; stroke: #97a8ea }
  .d { fill: #dd86a8; stroke: #dd86a8 }
}
"""


class Drawing:
    def __init__(self, width: int, height: int, title: str):
        self.width, self.height, self.parts = width, height, []
        self.text(10, 20, title, "title")

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str, tip: str) -> None:
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" class="{kind}">'
            f"<title>{escape(tip)}</title></rect>"
        )

    def path(self, points: list[tuple[float, float]], kind: str) -> None:
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{places}" class="line {kind}" style="fill:none"/>')
        if "dash" not in kind:
            self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{kind}"/>' for x, y in points]

    def svg(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}"><style>{STYLE}</style>\n'
            '<rect class="ground" width="100%" height="100%"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def threads_of(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def ratios(rows: list[dict]) -> str:
    """A bar for each cell: how many times faster than the best peer."""
    step, left, top, scale = 17, 210, 62, 140
    drawing = Drawing(720, top + step * len(rows) + 26, "Times as fast as the fastest peer of each cell")
    drawing.text(10, 40, "longer is better; the line is the best peer", "quiet")
    for index, (kind, words) in enumerate((("a", "int8"), ("c", "f32"))):
        drawing.bar(560 + 70 * index, 32, 10, 10, kind, words)
        drawing.text(575 + 70 * index, 41, words)
    bottom = top + step * len(rows)
    for tick in (0, 0.5, 1, 1.5, 2, 2.5, 3):
        x = left + tick * scale
        drawing.line(x, top - 6, x, bottom, "one" if tick == 1 else "grid")
        drawing.text(x, bottom + 16, f"{tick:g}", "quiet", "middle")
    for index, row in enumerate(rows):
        y = top + step * index
        label = f"{row['model']} {row['signature']} x {row['batch']}, {threads_of(row['threads'])}"
        drawing.text(left - 8, y + 10, label, "", "end")
        tip = f"{label}, {row['weights']}: {row['ratio']:.2f} ({row['best']})"
        drawing.bar(left, y, min(row["ratio"], 3.4) * scale, 12, "a" if row["weights"] == "int8" else "c", tip)
        drawing.text(left + min(row["ratio"], 3.4) * scale + 5, y + 10, f"{row['ratio']:.2f}", "quiet")
    return drawing.svg()


def bars(title: str, note: str, groups: list[tuple[str, list[tuple[str, float, str, str]]]]) -> str:
    """Horizontal bars on a logarithmic scale: groups of (name, value, words, colour)."""
    count = sum(len(rows) for _, rows in groups)
    values = [row[1] for _, rows in groups for row in rows if row[1] > 0]
    low = 10 ** math.floor(math.log10(min(values)) - 1e-9)
    high = max(values)
    left, top, step, room = 190, 62, 18, 430
    drawing = Drawing(720, top + step * count + 24 * len(groups) + 6, title)
    drawing.text(10, 40, note, "quiet")
    y = top
    for name, rows in groups:
        drawing.text(10, y + 8, name, "title")
        y += 18
        for peer, value, words, kind in rows:
            width = room * (math.log10(value / low) + 0.05) / (math.log10(high / low) + 0.05)
            drawing.text(left - 8, y + 10, peer, "", "end")
            drawing.bar(left, y, width, 13, kind, f"{peer}: {words}")
            drawing.text(left + width + 5, y + 11, words, "quiet")
            y += step
        y += 6
    return drawing.svg()


def step_of(least: float) -> float:
    """The least of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten that reaches it."""
    scale = 10 ** math.floor(math.log10(least))
    return next(m for m in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * scale >= least * 0.999) * scale


def budget(data: dict) -> str:
    """Time of a call and bytes read in it, over the budget in experts."""
    left, right, top, height = 70, 700, 66, 190
    drawing = Drawing(720, 2 * height + 190, f"LIMoE-{data['name']} int8, experts in a byte budget")
    drawing.text(
        10,
        40,
        f"one expert is {data['expert_bytes'] / 1e6:.1f} MB, all {data['experts']} are "
        f"{data['bank_bytes'] / 1e6:.0f} MB; dashes: the file mapped, no budget",
        "quiet",
    )
    kinds = {("image", 1): "a", ("image", 2): "b", ("text", 1): "c", ("text", 2): "d"}
    most = math.log2(data["experts"])
    x_of = lambda experts: left + (right - left) * math.log2(experts) / most  # noqa: E731
    ticks = [2**i for i in range(0, int(most) + 1)] + [data["experts"]]
    panels = (
        ("ms for a call, one item", lambda row: row["median_ms"]),
        ("MB read from the file for a call", lambda row: row.get("read_per_call", 0) / 1e6),
    )
    for panel, (title, value) in enumerate(panels):
        base = top + panel * (height + 60) + height
        good = [row for row in data["rows"] if "error" not in row and (panel == 0 or row["budget"])]
        tick_step = step_of(max([value(row) for row in good] + [1e-9]) / 4)
        most_value = 4 * tick_step
        drawing.text(left, base - height - 6, title)
        y_of = lambda v, base=base, most_value=most_value: base - height * v / most_value  # noqa: E731
        for part in range(5):
            v = tick_step * part
            drawing.line(left, y_of(v), right, y_of(v), "axis" if part == 0 else "grid")
            drawing.text(left - 6, y_of(v) + 4, f"{v:g}", "quiet", "end")
        for tick in ticks:
            drawing.text(x_of(tick), base + 16, str(tick), "quiet", "middle")
        for (signature, threads), kind in kinds.items():
            rows = [r for r in good if r["signature"] == signature and r["threads"] == threads]
            points = [(x_of(r["experts"]), y_of(value(r))) for r in rows if r["budget"]]
            if points:
                drawing.path(points, kind)
            for r in rows:
                if r["holding"] == "mapped" and panel == 0:
                    drawing.path([(left, y_of(value(r))), (right, y_of(value(r)))], kind + " dash")
        drawing.text((left + right) / 2, base + 34, "budget in experts", "quiet", "middle")
    for index, ((signature, threads), kind) in enumerate(kinds.items()):
        drawing.bar(left + index * 150, drawing.height - 22, 10, 10, kind, "")
        words = f"{signature}, {threads_of(threads)}"
        drawing.text(left + 15 + index * 150, drawing.height - 13, words)
    return drawing.svg()
