"""Writes what the checkpoint in a digits folder must give, from the files there and nothing else.

    python reference.py DIGITS

DIGITS has checkpoint/; this writes test/ (the test split as PNG files, labels.tsv), labels.txt, prompts.txt,
and reference/ (embeddings, token ids, accuracy and expert usage).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

import captions
import checkpoint
import data
from measure import Usage, usage, zero_shot

# Besides the label prompts: what a tokenizer, a truncation or a lower-casing can get wrong.
VARIED_TEXTS = [
    "",
    " ",
    "7",
    "seven",
    "A PHOTO OF THE DIGIT SEVEN",
    "Handwritten Nine",
    "  two   spaces,\tand a tab  ",
    "the quick brown fox jumps over the lazy dog",
    "x",
    "</s> <unk> <s>",
    "a_b ▁ c",
    "３, ﬁ, ½ and №",
    "ÉTÉ été Straße İstanbul",
    "e\u0301 is é with a combining accent",
    "цифра семь",
    "数字の七",
    "a photo of the digit 🎲",
    "99% of $1,000.50 (or #7?) <tag> {brace} ~tilde~ \\ ^ `",
    "a handwritten " + "very " * 60 + "long text about the digit four",
    "antidisestablishmentarianism",
]


def write_inputs(digits: Path) -> None:
    """The test images, their labels, and the prompts of the headline accuracy."""
    _, (images, labels) = data.split()
    (digits / "test").mkdir(exist_ok=True)
    rows = []
    for index, (image, label) in enumerate(zip(images, labels)):
        name = f"{index:04}-label{label}.png"
        (digits / "test" / name).write_bytes(data.png(image))
        rows.append(f"{name}\t{captions.LABELS[label]}\n")
    write_text(digits / "test" / "labels.tsv", rows)
    write_text(digits / "labels.txt", [label + "\n" for label in captions.LABELS])
    write_text(digits / "prompts.txt", [captions.HEADLINE_TEMPLATE + "\n"])


def write_text(file: Path, lines: list[str]) -> None:
    file.write_bytes("".join(lines).encode("utf-8"))


def lines_of(file: Path) -> list[str]:
    """Lines end in \\n and in nothing else; the last one too."""
    return file.read_bytes().decode("utf-8").split("\n")[:-1]


def modality(layers: dict[int, Usage]) -> dict[str, dict]:
    return {str(layer): {"experts": u.counts, "smallest_gate_margin": round(u.smallest_margin, 6)}
            for layer, u in layers.items()}


def write_reference(digits: Path) -> None:
    folder = digits / "reference"
    folder.mkdir(exist_ok=True)
    model, tokenizer = checkpoint.read(digits / "checkpoint")
    names, words = zip(*(line.split("\t") for line in lines_of(digits / "test" / "labels.tsv")))
    labels = np.array([captions.LABELS.index(word) for word in words])
    pixels = torch.from_numpy(np.stack([data.preprocess((digits / "test" / name).read_bytes()) for name in names]))
    templates = lines_of(digits / "prompts.txt")

    write_text(folder / "texts.txt", [text + "\n" for text in captions.prompts(templates[0]) + VARIED_TEXTS])
    ids = tokenizer.batch(lines_of(folder / "texts.txt"))
    image, image_routing = model.encode_image(pixels)
    text, text_routing = model.encode_text(torch.from_numpy(ids))
    np.save(folder / "image_embedding.npy", image.numpy())
    np.save(folder / "text_embedding.npy", text.numpy())
    np.save(folder / "token_ids.npy", ids)

    # The text counterpart of the test split: every caption that training can draw.
    write_text(folder / "captions.txt", [caption + "\n" for caption in captions.all_captions()])
    caption_routing = model.encode_text(torch.from_numpy(tokenizer.batch(lines_of(folder / "captions.txt"))))[1]

    def accuracy(templates: list[str], numerals: bool = False) -> float:
        return round(zero_shot(model, tokenizer, pixels, labels, templates, numerals), 6)

    document = {
        "n": len(labels),
        "accuracy": accuracy(templates),
        "templates": templates,
        "labels": captions.LABELS,
        "other_prompts": [
            *({"templates": [template], "labels": "words", "accuracy": accuracy([template])}
              for template in (*captions.TEMPLATES[1:], *captions.HELD_OUT_TEMPLATES)),
            {"templates": templates, "labels": "numerals", "accuracy": accuracy(templates, numerals=True)},
            {"templates": captions.TEMPLATES, "labels": "words", "accuracy": accuracy(captions.TEMPLATES)},
            {"templates": captions.HELD_OUT_TEMPLATES, "labels": "words",
             "accuracy": accuracy(captions.HELD_OUT_TEMPLATES)},
        ],
        "expert_usage": {
            "note": "tokens per expert, by layer, pads included; images: test/ in order; texts: texts.txt; "
                    "captions: captions.txt",
            "images": modality({layer: usage(r) for layer, r in image_routing.items()}),
            "texts": modality({layer: usage(r) for layer, r in text_routing.items()}),
            "captions": modality({layer: usage(r) for layer, r in caption_routing.items()}),
        },
    }
    write_text(folder / "accuracy.json", [json.dumps(document, indent=1, ensure_ascii=False), "\n"])
    print(f"accuracy {document['accuracy']} on {len(labels)} test images")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_inputs(Path(sys.argv[1]))
    write_reference(Path(sys.argv[1]))
