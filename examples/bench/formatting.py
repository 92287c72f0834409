"""How results.md writes numbers, tables, and the names of programs and models."""

import math

from aims import level

NAMES = {"limequat": "Limequat", "pytorch": "PyTorch", "onnxruntime": "onnxruntime", "openvino": "OpenVINO"}
MODELS = {"s32": "S/32", "b16": "B/16", "l16": "L/16", "h14": "H/14"}


def name(peer: str) -> str:
    first, _, rest = peer.partition(" ")
    return " ".join([NAMES[first], *([rest] if rest else [])])


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
