"""Bytes of tensors and blocks, after container.md: rows, panels, int8 with scales and row sums."""

import struct

from lmq import up


class Numbers:
    """Small numbers that every float type holds exactly, the same on each run."""

    def __init__(self, seed):
        self.state = seed

    def integer(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)

    def real(self):
        return self.integer(-32, 32) / 16

    def reals(self, count):
        return [self.real() for _ in range(count)]

    def codes(self, count):
        return [self.integer(-127, 127) for _ in range(count)]


def scalar(type, value):
    if type == "bf16":
        return struct.pack("<f", value)[2:]
    letter = {"f32": "f", "f16": "e", "int8": "b", "u8": "B", "i32": "i", "i64": "q", "bool": "B"}[type]
    return struct.pack("<" + letter, value)


def rows(type, values):
    return b"".join(scalar(type, v) for v in values)


def int8_rows(codes, scales):
    data = rows("int8", codes)
    return data + bytes(up(len(data), 64) - len(data)) + rows("f32", scales)


def panels(type, inputs, outputs, value):
    """Float panels; value(k, n) gives an element."""
    out = []
    for panel in range(-(-outputs // 32)):
        for k in range(inputs):
            for n in range(panel * 32, panel * 32 + 32):
                out.append(scalar(type, value(k, n) if n < outputs else 0))
    return b"".join(out)


def int8_panels(inputs, outputs, code, scale):
    """Codes, scales and row sums."""
    out, sums, scales = bytearray(), [], []
    for panel in range(-(-outputs // 32)):
        here = [0] * 32
        for group in range(-(-inputs // 4)):
            for lane in range(32):
                for k in range(group * 4, group * 4 + 4):
                    n = panel * 32 + lane
                    value = code(k, n) if k < inputs and n < outputs else 0
                    here[lane] += value
                    out += scalar("int8", value)
        sums += here
        scales += [scale(panel * 32 + lane) if panel * 32 + lane < outputs else 0 for lane in range(32)]
    return bytes(out) + rows("f32", scales) + rows("i32", sums)


def matrix(numbers, encoding, inputs, outputs, with_bias):
    """One matrix of an expert block."""
    if encoding == "int8":
        data = int8_panels(
            inputs, outputs, lambda k, n: numbers.integer(-127, 127), lambda n: numbers.integer(1, 64) / 1024
        )
    else:
        data = panels(encoding, inputs, outputs, lambda k, n: numbers.real())
    bias = numbers.reals(outputs) if with_bias else [0.0] * outputs
    return data + rows("f32", bias + [0.0] * (up(outputs, 32) - outputs))


def block(seed, encoding, bank, with_bias=True):
    numbers = Numbers(seed)
    widths = [(bank["input"], bank["hidden"])] * (2 if bank["gated"] else 1) + [(bank["hidden"], bank["output"])]
    return b"".join(matrix(numbers, encoding, k, n, with_bias) for k, n in widths)
