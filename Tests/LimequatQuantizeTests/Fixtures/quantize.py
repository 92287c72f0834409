"""formats/quantization.md in numpy, written from that page alone, and the matrices that the tests compare with it.

    python3 quantize.py            writes matrices.bin beside this file (needs numpy)
    python3 quantize.py example    prints the worked example of the page

matrices.bin, little-endian: u32 number of matrices; for each u32 K, u32 N, the matrix (K, N) as row-major f32,
then the tensor that int8 PANEL32 makes of it (container.md), then the int8 ROWS that its transpose (N, K) gives.
"""
import pathlib
import struct
import sys

import numpy as np

FACTORS = [256 + j for j in (3, 2, 1, 0, -1, -2, -4, -8)]  # over 256
LARGEST, LEAST = 2.0**121 * (1 + 0x020406 / 2**24), 2.0**-126


def codes(w, inverse):
    """w (K, N) f64, inverse (N) f64."""
    return np.clip(np.rint(w * inverse), -127, 127)


def sums(w, q):
    """Sums over k in ascending order: of w q, and of q q."""
    products, squares = np.zeros(w.shape[1]), np.zeros(w.shape[1])
    for k in range(w.shape[0]):
        products = products + w[k] * q[k]
        squares = squares + q[k] * q[k]
    return products, squares


def quantize(w):
    """w (K, N) f32; answers codes (K, N) int8 and scales (N) f32."""
    scale = search(w)[0]
    inverse = np.zeros(w.shape[1])
    inverse[scale > 0] = 1.0 / scale[scale > 0].astype(np.float64)
    return codes(w.astype(np.float64), inverse).astype(np.int8), scale


def search(w):
    """Scales (N) f32, and which factor gave each."""
    if not np.isfinite(w).all():
        raise ValueError("not finite")
    amax = np.abs(w).max(axis=0).astype(np.float64)
    w = w.astype(np.float64)
    used = amax > 0
    best, scale, winner = np.zeros(w.shape[1]), np.zeros(w.shape[1]), np.full(w.shape[1], -1)
    for number, factor in enumerate(FACTORS):
        inverse = np.zeros(w.shape[1])
        inverse[used] = 127.0 / (amax[used] * (factor / 256))
        a, b = sums(w, codes(w, inverse))
        gain, candidate = np.zeros_like(a), np.zeros_like(a)
        gain[used], candidate[used] = a[used] * a[used] / b[used], a[used] / b[used]
        better = gain > best
        best, scale = np.where(better, gain, best), np.where(better, candidate, scale)
        winner[better] = number
    scale = np.minimum(scale, LARGEST).astype(np.float32)
    scale[scale < np.float32(LEAST)] = 0
    return scale, winner


def panel32(q, scale):
    k, n = q.shape
    panels, groups = -(-n // 32), -(-k // 4)
    padded = np.zeros((groups * 4, panels * 32), np.int8)
    padded[:k, :n] = q
    scales = np.zeros(panels * 32, "<f4")
    scales[:n] = scale
    order = padded.reshape(groups, 4, panels, 32).transpose(2, 0, 3, 1)  # panel, group, output, input
    return order.tobytes() + scales.tobytes() + padded.astype(np.int64).sum(axis=0).astype("<i4").tobytes()


def rows(q, scale):
    text = np.ascontiguousarray(q.T).tobytes()
    return text + bytes(-len(text) % 64) + scale.astype("<f4").tobytes()


def matrices():
    rng = np.random.default_rng(20220606)
    yield rng.normal(size=(1, 1))
    yield rng.normal(size=(3, 2))
    yield rng.normal(size=(4, 32))
    yield rng.laplace(size=(5, 33))
    yield rng.standard_t(3, size=(70, 64)) * np.exp(rng.normal(size=64) * 3)
    yield rng.normal(size=(258, 40)) * 0.03
    # Four rows for each factor, which it wins.
    many = rng.normal(size=(90, 600)).astype(np.float32)
    winner = search(many)[1]
    yield many[:, np.concatenate([np.flatnonzero(winner == number)[:4] for number in range(len(FACTORS))])]
    special = rng.normal(size=(11, 34))
    special[:, 1] = 0
    special[:, 2] = -0.0
    special[:, 3] *= 1e38 / np.abs(special[:, 3]).max() * 3.4
    special[:, 4] = np.finfo(np.float32).max
    special[:, 5] *= 1e-37  # scale below 2^-126: zeroed
    special[:, 6] *= 1e-35  # barely above
    special[:, 7] = 1.4e-45  # the least denormal
    special[:, 8] = 0
    special[4, 8] = -2.5  # one weight
    special[:, 9] = np.arange(11) - 5.5  # ties
    special[:, 10] = np.where(np.arange(11) % 2, 1.0, 63.5 / 127)
    special[:, 11] = 2.0 ** -np.arange(11)
    special[:, 12] = 127 * 2.0**-126
    special[:, 33] = 0  # the only real lane of its panel but one
    yield special


def example():
    w = np.array([[0.5], [-1.0], [0.26], [0.77], [-0.128]], np.float32)
    amax, wide = 1.0, w.astype(np.float64)
    for factor in FACTORS:
        q = codes(wide, np.array([127.0 / (amax * (factor / 256))]))
        a, b = sums(wide, q)
        print(factor, q[:, 0].astype(int), a[0], int(b[0]), a[0] * a[0] / b[0], a[0] / b[0])
    q, scale = quantize(w)
    values = q[:, 0] * scale[0].astype(np.float64)
    error = ((wide[:, 0] - values) ** 2).sum()
    print("scale", repr(scale[0]), scale.view(np.uint32)[0].item().to_bytes(4, "big").hex(), "codes", q[:, 0],
          "sum", q.astype(int).sum(), "values", values, "error", error, "snr", 10 * np.log10((wide**2).sum() / error))
    s = np.float32(1 / 127)
    q = np.clip(np.rint(wide / float(s)), -127, 127)
    error = ((wide - q * float(s)) ** 2).sum()
    print("by the maximum", q[:, 0], "error", error, "snr", 10 * np.log10((wide**2).sum() / error))


if __name__ == "__main__":
    if sys.argv[1:] == ["example"]:
        example()
    else:
        with open(pathlib.Path(__file__).parent / "matrices.bin", "wb") as out:
            cases = [m.astype(np.float32) for m in matrices()]
            out.write(struct.pack("<I", len(cases)))
            for w in cases:
                q, scale = quantize(w)
                out.write(struct.pack("<II", *w.shape) + w.astype("<f4").tobytes())
                out.write(panel32(q, scale) + rows(q, scale))
