"""A second implementation of the forward pass, in NumPy and f64: does the folder alone give the vectors?

    python check_numpy.py DIGITS

Shares no code with the tower that was trained. Reads config.json and the safetensors bytes itself, runs one
sequence at a time, and compares with reference/*.npy, which PyTorch computed in f32.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image

BOUND = 2e-6


def tensors(file: Path) -> dict[str, np.ndarray]:
    """safetensors: u64 size of a JSON header, the header, then the data it points into. All f32 here."""
    raw = file.read_bytes()
    (size,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + size])
    header.pop("__metadata__", None)
    result = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32", (name, entry)
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw[8 + size + begin : 8 + size + end], "<f4")
        result[name] = values.reshape(entry["shape"]).astype(np.float64)
    return result


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Forward:
    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text())
        self.w = tensors(folder / "model.safetensors")

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        m = x.mean(-1, keepdims=True)
        var = np.maximum(0, (x * x).mean(-1, keepdims=True) - m * m)
        return (x - m) / np.sqrt(var + 1e-6) * self.w[name + "/scale"] + self.w[name + "/bias"]

    def attention(self, y: np.ndarray, name: str) -> np.ndarray:
        def project(part: str) -> np.ndarray:
            return np.tensordot(y, self.w[f"{name}/{part}/kernel"], 1) + self.w[f"{name}/{part}/bias"]

        q, k, v = project("query"), project("key"), project("value")  # [S, H, hd]
        out = np.zeros_like(y) + self.w[name + "/out/bias"]
        for head in range(q.shape[1]):
            a = softmax(q[:, head] / np.sqrt(q.shape[2]) @ k[:, head].T)
            out += a @ v[:, head] @ self.w[name + "/out/kernel"][head]
        return out

    def mlp(self, x: np.ndarray, name: str, at: int | slice = slice(None)) -> np.ndarray:
        h = x @ self.w[name + "/Dense_0/kernel"][at] + self.w[name + "/Dense_0/bias"][at]
        h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
        return h @ self.w[name + "/Dense_1/kernel"][at] + self.w[name + "/Dense_1/bias"][at]

    def moe(self, y: np.ndarray, name: str) -> np.ndarray:
        g = softmax(y @ self.w[name + "/Router/dense/kernel"])
        out = np.zeros_like(y)
        for s, token in enumerate(y):
            for e in np.argsort(-g[s], kind="stable")[: self.config["num_selected_experts"]]:
                out[s] += g[s, e] * self.mlp(token, name + "/Mlp", int(e))
        return out

    def tower(self, h: np.ndarray) -> np.ndarray:
        for i in range(self.config["num_layers"]):
            block = f"Encoder/encoderblock_{i}"
            h = h + self.attention(self.norm(h, block + "/LayerNorm_0"), block + "/SelfAttention")
            y = self.norm(h, block + "/LayerNorm_1")
            sparse = i in self.config["moe_layers"]
            h = h + (self.moe(y, block + "/Moe") if sparse else self.mlp(y, block + "/Mlp"))
        return self.norm(h, "Encoder/encoder_norm")

    def head(self, h: np.ndarray, modality: str) -> np.ndarray:
        z = self.tower(h).mean(axis=0) @ self.w[f"head_{modality}/kernel"] + self.w.get(f"head_{modality}/bias", 0)
        return z / (np.sqrt((z * z).sum()) + 1e-8)

    def image(self, pixels: np.ndarray) -> np.ndarray:
        p, kernel = self.config["patch_size"], self.w["embedding/kernel"]
        side = self.config["image_size"] // p
        h = np.stack([np.tensordot(pixels[y * p : y * p + p, x * p : x * p + p], kernel, 3)
                      for y in range(side) for x in range(side)]) + self.w["embedding/bias"]
        return self.head(h + self.w["posembed_image/pos_embedding"][0], "image")

    def text(self, ids: np.ndarray) -> np.ndarray:
        return self.head(self.w["Embed_0/embedding"][ids] + self.w["posembed_text/pos_embedding"][0], "text")


def main() -> None:
    digits = Path(sys.argv[1])
    model = Forward(digits / "checkpoint")
    size = (model.config["image_size"],) * 2
    images = [Image.open(file).convert("RGB") for file in sorted((digits / "test").glob("*.png"))]
    pixels = [np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for image in images]
    image = np.stack([model.image(x / 255.0 * 2 - 1) for x in pixels])
    text = np.stack([model.text(ids) for ids in np.load(digits / "reference/token_ids.npy")])
    worst = 0.0
    for name, values in (("image", image), ("text", text)):
        off = float(np.abs(values - np.load(digits / f"reference/{name}_embedding.npy")).max())
        print(f"{name}: {values.shape[0]} vectors, at most {off:.1e} off")
        worst = max(worst, off)
    if not worst <= BOUND:
        sys.exit(f"off by more than {BOUND:.0e}")


if __name__ == "__main__":
    main()
