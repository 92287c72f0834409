"""Compares two .npy files of f32: prints the largest absolute difference, exits 1 when it is above a bound or
when shapes differ.  Usage: compare_npy.py GOT WANT BOUND.  Standard library only."""

import array
import ast
import sys


def read(path: str) -> tuple[tuple[int, ...], array.array]:
    with open(path, "rb") as file:
        raw = file.read()
    assert raw[:6] == b"\x93NUMPY", f"{path}: no .npy file"
    start = 10 + int.from_bytes(raw[8:10], "little")
    header = ast.literal_eval(raw[10:start].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    values = array.array("f")
    values.frombytes(raw[start:])
    return header["shape"], values


def main() -> int:
    got_shape, got = read(sys.argv[1])
    want_shape, want = read(sys.argv[2])
    if got_shape != want_shape:
        print(f"shape {got_shape}, expected {want_shape}")
        return 1
    worst = max((abs(a - b) for a, b in zip(got, want)), default=0.0)
    print(f"{worst:.3g}")
    return 0 if worst <= float(sys.argv[3]) else 1


sys.exit(main())
