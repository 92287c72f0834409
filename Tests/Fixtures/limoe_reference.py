"""The forward passes of formats/limoe-checkpoint.md and vmoe-checkpoint.md in NumPy, f32, straight from the pages.

    python3 limoe_reference.py checkpoints/*      compares each folder with the outputs that lie in it

Slow and plain on purpose: it is the second opinion that the runtime is tested against.
"""
import json
import math
import os
import sys

import numpy as np

from checkpoint_files import read_checkpoint, round_bf16

F = np.float32
DEFAULTS = {"group_size": "item", "capacity_factor": None, "capacity_rounding": "ceil", "capacity_multiple": 4,
            "batch_priority": False, "bfloat16_dispatch": False, "normalize_gates": False, "router_softmax": "all",
            "gelu": "tanh", "layer_norm_eps": 1e-6, "image_pooling": "mean", "text_pooling": "mean",
            "pads_attended": True, "pads_pooled": True, "embedding_norm_eps": 1e-8, "tokenizer": None,
            "representation_size": None, "moe_layers": [], "num_experts": 1, "num_selected_experts": 1}
erf = np.vectorize(math.erf, otypes=[np.float64])


class Model:
    def __init__(self, folder):
        self.config = {**DEFAULTS, **json.load(open(os.path.join(folder, "config.json")))}
        self.weights = read_checkpoint(folder)
        # The closest that routing came to a tie: between the K + 1 best experts, and in a batch priority order.
        self.smallest_gap = math.inf
        self.is_limoe = self.config.get("model_type") == "limoe"

    def __getattr__(self, key):
        return self.config[key]

    def __getitem__(self, name):
        return self.weights[name]


def layer_norm(m, x, name):
    mean = x.mean(-1, keepdims=True, dtype=F)
    var = np.maximum(F(0), (x * x).mean(-1, keepdims=True, dtype=F) - mean * mean)
    return (x - mean) / np.sqrt(var + F(m.layer_norm_eps)) * m[name + "/scale"] + m[name + "/bias"]


def gelu(m, x):
    if m.gelu == "erf":
        return (F(0.5) * x * (F(1) + erf(x / np.sqrt(F(2))).astype(F))).astype(F)
    return F(0.5) * x * (F(1) + np.tanh(F(math.sqrt(2 / math.pi)) * (x + F(0.044715) * x * x * x)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True, dtype=F)


def attention(m, y, name, lengths):
    heads = lambda k: np.einsum("bsd,dhk->bhsk", y, m[f"{name}/{k}/kernel"]) + m[f"{name}/{k}/bias"][None, :, None]
    q, k, v = heads("query"), heads("key"), heads("value")
    scores = (q / np.sqrt(F(q.shape[-1]))) @ k.swapaxes(-1, -2)
    if lengths is not None:
        keys = np.arange(y.shape[1])[None] < lengths[:, None]
        scores = np.where(keys[:, None, None, :], scores, F(-np.inf))
    return np.einsum("bhsk,hkd->bsd", softmax(scores) @ v, m[name + "/out/kernel"]) + m[name + "/out/bias"]


def capacity(m, size):
    """Per expert for a group of `size` tokens, None where nothing can drop (dropless, or C >= S)."""
    if not m.capacity_factor:
        return None
    exact = size * m.num_selected_experts * m.capacity_factor / m.num_experts
    whole = math.ceil(exact) if m.capacity_rounding == "ceil" else round(exact)
    assert whole >= 1, "capacity below 1"
    multiple = m.capacity_multiple or 1
    c = -(-whole // multiple) * multiple
    return None if c >= size else c


def moe(m, y, name, trace):
    batch, length, width = y.shape
    tokens = y.reshape(-1, width)
    size = {"item": length, "batch": batch * length}.get(m.group_size, m.group_size)
    limit = capacity(m, size)
    if limit is None:
        size = len(tokens) if m.group_size != "item" else length
    assert len(tokens) % size == 0, "the group size does not divide the tokens"
    k, experts = m.num_selected_experts, m.num_experts
    logits = tokens @ m[name + "/Router/dense/kernel"]
    gates = softmax(logits) if m.router_softmax == "all" else logits
    chosen = np.argsort(-gates, axis=-1, kind="stable")[:, :k]
    w = np.take_along_axis(gates, chosen, -1)
    best = -np.sort(-gates, axis=-1)[:, :k + 1]
    if best.shape[1] > 1:
        m.smallest_gap = min(m.smallest_gap, float(-np.diff(best, axis=-1).max()))
    if m.router_softmax == "kept":
        w = softmax(w)
    if m.normalize_gates:
        w = w / w.sum(-1, keepdims=True, dtype=F)
    keep = np.zeros(chosen.shape, bool)
    for g in range(0, len(tokens), size):
        order = list(range(g, g + size))
        if m.batch_priority:
            order = [g + i for i in np.argsort(-w[g:g + size, 0], kind="stable")]
            if limit is not None and size > 1:
                m.smallest_gap = min(m.smallest_gap, float(-np.diff(w[order, 0]).max()) * 100)
        count = [0] * experts
        for rank in range(k):
            for s in order:
                e = chosen[s, rank]
                keep[s, rank] = limit is None or count[e] < limit
                count[e] += 1
    cast = round_bf16 if m.bfloat16_dispatch else lambda x: x
    out = np.zeros_like(tokens)
    x = cast(tokens)
    for rank in range(k):
        for e in range(experts):
            rows = np.nonzero(keep[:, rank] & (chosen[:, rank] == e))[0]
            if len(rows):
                h = gelu(m, x[rows] @ m[name + "/Mlp/Dense_0/kernel"][e] + m[name + "/Mlp/Dense_0/bias"][e])
                z = cast(h @ m[name + "/Mlp/Dense_1/kernel"][e] + m[name + "/Mlp/Dense_1/bias"][e])
                out[rows] += w[rows, rank, None] * z
    nested = lambda a, t: np.asarray(a).reshape(batch, length, k).astype(t).tolist()
    trace[name.split("_")[-1].split("/")[0]] = {"capacity": limit, "group_size": size,
        "experts": nested(chosen, int), "gates": nested(w, float), "kept": nested(keep, int)}
    return out.reshape(y.shape)


def tower(m, h, lengths, trace):
    for i in range(m.num_layers):
        name = f"Encoder/encoderblock_{i}"
        h = h + attention(m, layer_norm(m, h, name + "/LayerNorm_0"), name + "/SelfAttention", lengths)
        y = layer_norm(m, h, name + "/LayerNorm_1")
        if i in m.moe_layers:
            h = h + moe(m, y, name + "/Moe", trace)
        else:
            y = gelu(m, y @ m[name + "/Mlp/Dense_0/kernel"] + m[name + "/Mlp/Dense_0/bias"])
            h = h + (y @ m[name + "/Mlp/Dense_1/kernel"] + m[name + "/Mlp/Dense_1/bias"])
    return layer_norm(m, h, "Encoder/encoder_norm")


def patches(m, images, positions, with_cls):
    p, g = m.patch_size, m.image_size // m.patch_size
    x = images.reshape(len(images), g, p, g, p, 3).transpose(0, 1, 3, 2, 4, 5).reshape(len(images), g * g, p * p * 3)
    h = x @ m["embedding/kernel"].reshape(p * p * 3, -1) + m["embedding/bias"]
    if with_cls:
        h = np.concatenate([np.broadcast_to(m["cls"], (len(images), 1, h.shape[-1])), h], 1)
    return h + m[positions]


def head(m, u, name):
    z = u @ m[name + "/kernel"]
    if name + "/bias" in m.weights:
        z = z + m[name + "/bias"]
    return z / (np.sqrt((z * z).sum(-1, keepdims=True, dtype=F)) + F(m.embedding_norm_eps))


def image_embedding(m, images, trace):
    h = patches(m, images, "posembed_image/pos_embedding", m.image_pooling == "token")
    u = tower(m, h, None, trace)
    return head(m, u[:, 0] if m.image_pooling == "token" else u.mean(1, dtype=F), "head_image")


def text_lengths(m, ids):
    pad, eos = m.tokenizer["pad_id"], m.tokenizer["eos_id"]
    total, out = ids.shape[1], []
    for row in ids:
        n = total
        while n > 0 and row[n - 1] == pad:
            n -= 1
        if pad == eos and n < total:
            n += 1
        out.append(max(n, 1))
    return np.array(out)


def text_embedding(m, ids, trace):
    n = text_lengths(m, ids) if not (m.pads_attended and m.pads_pooled) else None
    h = m["Embed_0/embedding"][ids] + m["posembed_text/pos_embedding"]
    u = tower(m, h, None if m.pads_attended else n, trace)
    if m.pads_pooled:
        v = {"mean": lambda: u.mean(1, dtype=F), "first": lambda: u[:, 0], "last": lambda: u[:, -1]}[m.text_pooling]()
    else:
        mean = lambda: np.stack([row[:k].mean(0, dtype=F) for row, k in zip(u, n)])
        v = {"mean": mean, "first": lambda: u[:, 0], "last": lambda: u[np.arange(len(u)), n - 1]}[m.text_pooling]()
    if not m.pads_attended:
        for layer in trace.values():
            for b, k in enumerate(n):
                for key in ("experts", "gates", "kept"):
                    layer[key][b][k:] = [None] * (len(layer[key][b]) - k)
    return head(m, v, "head_text")


def logits(m, images, trace):
    h = patches(m, images, "Encoder/posembed_input/pos_embedding", m.classifier == "token")
    u = tower(m, h, None, trace)
    u = u[:, 0] if m.classifier == "token" else u.mean(1, dtype=F)
    if m.representation_size is not None:
        u = np.tanh(u @ m["pre_logits/kernel"] + m["pre_logits/bias"])
    return u @ m["head/kernel"] + m["head/bias"]


def outputs(m, folder):
    """What the model gives for the inputs in `folder`: {file name: array}, and its routing."""
    load = lambda name: np.load(os.path.join(folder, name))
    routing = {}
    if not m.is_limoe:
        return {"logits.npy": logits(m, load("images.npy"), routing.setdefault("image", {}))}, routing
    image = image_embedding(m, load("images.npy"), routing.setdefault("image", {}))
    text = text_embedding(m, load("token_ids.npy"), routing.setdefault("text", {}))
    scores = np.exp(F(m["t"].reshape(()))) * (image @ text.T)
    return {"image_embedding.npy": image, "text_embedding.npy": text, "scores.npy": scores}, routing


def compare(folder):
    results, routing = outputs(Model(folder), folder)
    worst = max(np.abs(np.load(os.path.join(folder, f)) - a).max() / (100 if f == "scores.npy" else 1)
                for f, a in results.items())
    path = os.path.join(folder, "routing.json")
    same = "not given"
    if os.path.exists(path):
        given = json.load(open(path))
        same = all(given[mo][la][key] == routing[mo][la][key]
                   for mo in given for la in given[mo] for key in ("experts", "kept"))
    print(f"{os.path.basename(os.path.normpath(folder)):24} worst difference {worst:.2e}, routing equal: {same}")
    return worst <= 2e-6 and same is not False


if __name__ == "__main__":
    sys.exit(0 if all([compare(f) for f in sys.argv[1:]]) else 1)
