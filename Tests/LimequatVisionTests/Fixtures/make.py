"""Makes preprocessing.json: what Pillow and TensorFlow give for images made by a formula.

Needs pillow 13.0 (before, tall images were resized horizontally first, see formats/preprocessing.md), tensorflow
2.21 and numpy. Run in this folder.
"""
import base64
import json
import struct

import numpy as np
import tensorflow as tf
from PIL import Image

f32 = np.float32


def picture(height, width, kind):
    """The same formula is in PreprocessingTests.swift."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    if kind == "noise":
        return ((x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 251 * 5 % 256).astype(np.uint8)
    if kind == "edges":
        return np.where((x // 3 + y // 2 + c) % 2 == 0, 255, 0).astype(np.uint8)
    return ((x * 2 + y + c * 40) % 256).astype(np.uint8)


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def resized(image, height, width, interpolation):
    if interpolation in ("bilinearAntialias", "bicubic"):
        method = Image.Resampling.BICUBIC if interpolation == "bicubic" else Image.Resampling.BILINEAR
        return np.asarray(Image.fromarray(image).resize((width, height), method)).astype(f32)
    out = tf.image.resize(image, (height, width), interpolation)
    if interpolation == "bilinear":
        out = tf.cast(tf.cast(out, tf.uint8), tf.float32)
    return out.numpy()


def case(kind, source, output, interpolation, size=0, low=-1.0, high=1.0, mean=None, std=None):
    image = picture(*source, kind)
    height, width = output
    if size:
        factor = f32(size) / f32(min(source))
        sides = [int(np.rint(f32(side) * factor)) for side in source]
        whole = resized(image, *sides, interpolation)
        top, left = (sides[0] - height) // 2, (sides[1] - width) // 2
        values = whole[top : top + height, left : left + width]
    else:
        values = resized(image, height, width, interpolation)
    values = values / f32(255)
    if mean:
        values = (values - np.array(mean, f32)) / np.array(std, f32)
    else:
        values = values * (f32(high) - f32(low)) + f32(low)
    assert values.dtype == f32 and values.shape == (height, width, 3)
    data = np.ascontiguousarray(values).tobytes()
    row = dict(
        kind=kind, imageHeight=source[0], imageWidth=source[1], height=height, width=width, size=size,
        interpolation=interpolation, low=low, high=high, crc32c=crc32c(data))
    if mean:
        row |= dict(mean=mean, std=std)
    if len(data) <= 600:
        row["values"] = base64.b64encode(data).decode()
    return row


mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
rows = []
for interpolation in ("bilinearAntialias", "bicubic", "bilinear", "area"):
    def add(*args, **more):
        rows.append(case(*args, interpolation, **more))

    add("noise", (7, 9), (4, 4))
    add("edges", (4, 4), (7, 6))
    add("noise", (5, 5), (5, 5))
    add("noise", (5, 8), (5, 4))
    add("noise", (8, 5), (4, 5))
    add("edges", (1, 1), (3, 4))
    add("noise", (1, 50), (3, 5))
    add("noise", (2, 50), (5, 3))
    add("smooth", (31, 17), (1, 1))
    add("noise", (3, 4), (5, 6), low=0.0, high=1.0)
    add("noise", (12, 9), (6, 6), size=7)
    add("edges", (9, 12), (6, 6), size=6, mean=mean, std=std)
    add("edges", (10, 33), (4, 6), size=8)
    add("noise", (97, 131), (64, 64))
    add("edges", (60, 41), (96, 96), size=112)
    add("smooth", (200, 300), (48, 48), size=64, mean=mean, std=std)
    add("noise", (768, 1024), (224, 224))
    add("edges", (1, 2000), (8, 8))
    add("noise", (3, 2000), (8, 8), size=8)
    if interpolation in ("bilinearAntialias", "bicubic"):  # vertically first
        add("noise", (50, 2), (5, 3))
        add("noise", (400, 3), (9, 5))
        add("edges", (301, 64), (16, 48))
        add("smooth", (640, 200), (48, 48), size=64)
        add("noise", (1000, 40), (32, 32))
        add("noise", (13, 9), (6, 6))  # by one pixel more than twice
with open("preprocessing.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
