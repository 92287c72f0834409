"""Makes the small checkpoint folders in checkpoints/ that are not V-MoE's own output (those four have their README).

    python3 make_fixtures.py            needs numpy and, for limoe-sentencepiece, sentencepiece

Weights are random; outputs and routing come from limoe_reference.py. A seed is taken only if no routing decision is
near a tie, so that every correct f32 implementation routes alike.
"""
import io
import json
import os
import shutil

import numpy as np

import checkpoint_files as files
import limoe_reference as reference

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkpoints")
BASE = {"image_size": 16, "patch_size": 4, "hidden_size": 24, "num_heads": 3, "num_layers": 2, "mlp_dim": 40,
        "moe_layers": [1], "num_experts": 4, "num_selected_experts": 1}
LIMOE = {"model_type": "limoe", **BASE, "vocab_size": 40, "text_length": 8, "projection_size": 16}
VMOE = {**BASE, "num_classes": 10, "group_size": "item", "classifier": "token"}


def is_kept_f32(name):
    return ("LayerNorm" in name or "norm" in name or "Router" in name or "posembed" in name or name.endswith("bias")
            or name in ("cls", "t"))


def shapes(c, biases):
    """Name and shape of every tensor, and the scale of its random values."""
    p, d, h, f, e = (c[k] for k in ("patch_size", "hidden_size", "num_heads", "mlp_dim", "num_experts"))
    hd, n = d // h, (c["image_size"] // p) ** 2
    limoe = c.get("model_type") == "limoe"
    cls = c.get("image_pooling") == "token" if limoe else c["classifier"] == "token"
    out = {"embedding/kernel": (p, p, 3, d), "embedding/bias": (d,)}
    if cls:
        out["cls"] = (1, 1, d)
    if limoe:
        out |= {"posembed_image/pos_embedding": (1, n + cls, d), "Embed_0/embedding": (c["vocab_size"], d),
                "posembed_text/pos_embedding": (1, c["text_length"], d), "t": ()}
        for head in ("head_image", "head_text"):
            out[head + "/kernel"] = (d, c["projection_size"])
            if head in biases:
                out[head + "/bias"] = (c["projection_size"],)
    else:
        r = c.get("representation_size")
        out["Encoder/posembed_input/pos_embedding"] = (1, n + cls, d)
        if r is not None:
            out |= {"pre_logits/kernel": (d, r), "pre_logits/bias": (r,)}
        out |= {"head/kernel": (d if r is None else r, c["num_classes"]), "head/bias": (c["num_classes"],)}
    for i in range(c["num_layers"]):
        b = f"Encoder/encoderblock_{i}/"
        for norm in ("LayerNorm_0", "LayerNorm_1"):
            out |= {b + norm + "/scale": (d,), b + norm + "/bias": (d,)}
        for k in ("query", "key", "value"):
            out |= {b + f"SelfAttention/{k}/kernel": (d, h, hd), b + f"SelfAttention/{k}/bias": (h, hd)}
        out |= {b + "SelfAttention/out/kernel": (h, hd, d), b + "SelfAttention/out/bias": (d,)}
        if i in c["moe_layers"]:
            out |= {b + "Moe/Router/dense/kernel": (d, e),
                    b + "Moe/Mlp/Dense_0/kernel": (e, d, f), b + "Moe/Mlp/Dense_0/bias": (e, f),
                    b + "Moe/Mlp/Dense_1/kernel": (e, f, d), b + "Moe/Mlp/Dense_1/bias": (e, d)}
        else:
            out |= {b + "Mlp/Dense_0/kernel": (d, f), b + "Mlp/Dense_0/bias": (f,),
                    b + "Mlp/Dense_1/kernel": (f, d), b + "Mlp/Dense_1/bias": (d,)}
    return out | {"Encoder/encoder_norm/scale": (d,), "Encoder/encoder_norm/bias": (d,)}


def random_tensors(c, rng, biases, kind):
    tensors = {}
    for name, shape in shapes(c, biases).items():
        x = rng.standard_normal(shape)
        if name == "t":
            x = np.float32(1.5)
        elif name.endswith("scale"):
            x = 1 + 0.2 * x
        elif name.endswith("bias"):
            x = 0.1 * x
        elif "Router" in name:
            x = 2 * x / np.sqrt(shape[0])
        elif name.endswith("kernel"):
            inputs = {"embedding/kernel": np.prod(shape[:3])}.get(name)
            if inputs is None:
                inputs = shape[1] if "Moe" in name else shape[0] * shape[1] if "/out/" in name else shape[0]
            x = x / np.sqrt(inputs)
        else:
            x = 0.7 * x
        tensors[name] = files.as_type(x, kind(name))
    return tensors


def save_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def make(name, config, *, images=3, texts=4, biases=(), kind=lambda n: "f32", t_shape=(), store="single", ids=None,
         extra=lambda folder: None):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    save_json(os.path.join(folder, "config.json"), config)
    extra(folder)
    limoe = config.get("model_type") == "limoe"
    full = {**reference.DEFAULTS, **config}
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        tensors = random_tensors(full, rng, biases, kind)
        if limoe:
            tensors["t"] = tensors["t"].reshape(t_shape)
        if store == "single":
            files.write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
        elif store == "sharded":
            files.write_sharded(folder, tensors, 3)
        else:
            files.write_vmoe(os.path.join(folder, "checkpoint"), tensors, **store)
        side = config["image_size"]
        np.save(os.path.join(folder, "images.npy"), rng.uniform(-1, 1, (images, side, side, 3)).astype(np.float32))
        if limoe:
            np.save(os.path.join(folder, "token_ids.npy"), (random_ids(full, rng, texts) if ids is None else ids))
        model = reference.Model(folder)
        results, routing = reference.outputs(model, folder)
        if model.smallest_gap > 1e-3:
            break
    else:
        raise SystemExit(name + ": every seed came near a tie")
    for file, array in results.items():
        np.save(os.path.join(folder, file), array.astype(np.float32))
    for layers in routing.values():
        for layer in layers.values():
            layer["gates"] = [[r and [float(f"{g:.7g}") for g in r] for r in item] for item in layer["gates"]]
    with open(os.path.join(folder, "routing.json"), "w") as f:
        json.dump(routing, f, separators=(",", ":"))
        f.write("\n")
    print(f"{name:20} seed {seed}, smallest gap {model.smallest_gap:.2g}")


def random_ids(c, rng, texts):
    """Rows of every length, an end token and pads behind, as a tokenizer would give them."""
    t = c["text_length"]
    tokenizer = c["tokenizer"] or {}
    eos, pad = tokenizer.get("eos_id", 1), tokenizer.get("pad_id", 1)
    ids = rng.integers(2, c["vocab_size"], (texts, t), dtype=np.int32)
    for row, n in zip(ids, [t, 0, t // 2, t - 1] * texts):
        if n < t:
            row[n] = eos
            row[n + 1:] = pad
    return ids


def halves(name, shape):
    """Two slices along the first axis that has two elements, experts one by one."""
    full = [(0, n) for n in shape]
    if "Moe/Mlp" in name:
        return [[(e, e + 1)] + full[1:] for e in range(shape[0])]
    for axis, n in enumerate(shape):
        if n > 1:
            return [full[:axis] + [(0, n // 3)] + full[axis + 1:], full[:axis] + [(n // 3, n)] + full[axis + 1:]] \
                if n >= 3 else [full]
    return [full]


def checkerboard(name, shape):
    """Four quarters over the last two axes where they are large enough."""
    full = [(0, n) for n in shape]
    if len(shape) < 2 or shape[-1] < 4 or shape[-2] < 4:
        return [full]
    rows, columns = [(0, shape[-2] // 2), (shape[-2] // 2, shape[-2])], [(0, 3), (3, shape[-1])]
    return [full[:-2] + [r, c] for r in rows for c in columns]


def sentencepiece_model(folder):
    import sentencepiece
    lines = ["a photo of a cat", "a photo of a dog", "the dog sat on the mat", "a small house by the sea", "two cats",
             "an old map of the city", "red, green and blue", "photos of dogs and cats", "the sea at night"] * 4
    rules = os.path.join(folder, "rules.tsv")
    with open(rules, "w") as f:  # source and target code points in hex: e acute, fullwidth A, ellipsis
        f.write("E9\t65\nFF21\t41\n2026\t2E 2E 2E\n")
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, vocab_size=60, model_type="unigram", pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1, normalization_rule_tsv=rules, hard_vocab_limit=False, minloglevel=2)
    os.remove(rules)
    return out.getvalue()


TEXTS = ["A photo of a CAT", "", "two dogs", "the sea at night, an old map of the city", "</s> caf\u00e9\u2026", "  \uff21  b "]


def token_ids(model, texts, length):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    rows = []
    for text in texts:
        lower = bytes(b + 32 if 65 <= b <= 90 else b for b in text.encode()).decode()
        ids = processor.encode(lower) + [1]
        ids = ids if len(ids) < length else ids[:length - 1] + [1]
        rows.append(ids + [1] * (length - len(ids)))
    return np.array(rows, np.int32)


def main():
    mixed = lambda a, b: lambda n: "f32" if is_kept_f32(n) else a if "Moe" in n else b
    ids_only = lambda eos, pad: {"type": "none", "eos_id": eos, "pad_id": pad}
    make("limoe-token-erf", {**LIMOE, "image_pooling": "token", "text_pooling": "first", "gelu": "erf",
         "num_selected_experts": 2, "router_softmax": "kept"}, biases=("head_image", "head_text"), t_shape=(1,),
         kind=mixed("f16", "f32"))
    make("limoe-pads", {**LIMOE, "pads_attended": False, "pads_pooled": False, "tokenizer": ids_only(1, 0)})
    make("limoe-pads-last", {**LIMOE, "pads_pooled": False, "text_pooling": "last", "tokenizer": ids_only(1, 1)},
         biases=("head_text",))
    make("limoe-group", {**LIMOE, "group_size": 16, "capacity_factor": 0.8, "capacity_rounding": "round",
         "capacity_multiple": None, "batch_priority": True, "normalize_gates": True, "num_selected_experts": 2})
    make("limoe-group-wide", {**LIMOE, "group_size": 7, "capacity_factor": 4, "num_selected_experts": 2,
         "text_pooling": "last"})
    make("limoe-bf16-dispatch", {**LIMOE, "bfloat16_dispatch": True, "capacity_factor": 1.05, "capacity_multiple": 1,
         "moe_layers": [0, 1]}, kind=mixed("bf16", "bf16"), store="sharded")
    dense = {k: v for k, v in LIMOE.items() if k not in ("num_experts", "num_selected_experts")}
    make("limoe-dense", {**dense, "moe_layers": []}, kind=mixed("f32", "bf16"))
    make("limoe-odd", {**LIMOE, "image_size": 15, "patch_size": 5, "hidden_size": 35, "num_heads": 5, "mlp_dim": 33,
         "num_experts": 3, "num_selected_experts": 3, "projection_size": 7, "text_length": 3, "layer_norm_eps": 1e-5,
         "embedding_norm_eps": 0, "group_size": "batch", "capacity_factor": 0, "normalize_gates": True})
    make("limoe-container", {**LIMOE, "moe_layers": [0, 1], "num_layers": 3},
         kind=lambda n: "bf16" if "Moe/Mlp" in n else "f32",
         store={"shards": 3, "chunk_elements": 500, "split": halves})
    def tokenizer(folder):
        with open(os.path.join(folder, "tokenizer.model"), "wb") as f:
            f.write(model)
        save_json(os.path.join(folder, "texts.json"), TEXTS)
    model = sentencepiece_model(HERE)
    make("limoe-sentencepiece", {**LIMOE, "vocab_size": 64, "text_length": 12,
         "tokenizer": {"type": "sentencepiece_unigram", "file": "tokenizer.model", "eos_id": 1, "pad_id": 1},
         "image_preprocessing": {"resize": "shortest_side", "size": 18, "interpolation": "bicubic",
                                 "mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]},
         "metadata": {"licence": "CC0-1.0", "source": "random weights"}},
         ids=token_ids(model, TEXTS, 12), extra=tokenizer)
    make("vmoe-gap", {**VMOE, "classifier": "gap", "gelu": "erf", "capacity_factor": 0.6, "num_selected_experts": 2,
         "capacity_rounding": "ceil", "router_softmax": "kept"})
    make("vmoe-bf16-dispatch", {**VMOE, "model_type": "vmoe", "bfloat16_dispatch": True, "group_size": 17,
         "capacity_factor": 1.0, "capacity_multiple": 2, "batch_priority": True, "representation_size": 12,
         "image_preprocessing": {"resize": "squash", "interpolation": "bilinear_antialias"}},
         kind=mixed("f16", "f32"),
         store={"shards": 2, "chunk_elements": 700, "split": checkerboard, "version": False})


if __name__ == "__main__":
    main()
