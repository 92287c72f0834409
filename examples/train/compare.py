"""Prints what the entropy losses changed, as a Markdown table: one row per checkpoint, MoE layer and modality.

    python compare.py FOLDER [FOLDER ...]
"""

import sys
from pathlib import Path

import torch

import captions
import checkpoint
import data
from measure import purity, usage, zero_shot


def main() -> None:
    torch.set_num_threads(1)
    _, (test_x, test_y) = data.split()
    pixels = data.tensors(test_x)
    print("| checkpoint | layer | modality | tokens per expert "
          "| used | effective | gate | local entropy | close calls | purity |")
    print("|---|--:|---|---|--:|--:|--:|--:|--:|--:|")
    accuracy: list[str] = []
    for folder in map(Path, sys.argv[1:]):
        model, tokenizer = checkpoint.read(folder)
        image = model.encode_image(pixels)[1]
        text = model.encode_text(torch.from_numpy(tokenizer.batch(captions.all_captions())))[1]
        for layer in image:
            of = {"image": usage(image[layer]), "text": usage(text[layer])}
            for modality, u in of.items():
                print(f"| {folder.name} | {layer} | {modality} | {' '.join(map(str, u.counts))} | {u.used} "
                      f"| {u.effective:.2f} | {u.gate:.2f} | {u.local_entropy:.3f} "
                      f"| {u.close_calls:.1%} | {purity(**of):.2f} |")
        for name, templates in (("headline prompt", [captions.HEADLINE_TEMPLATE]),
                                ("all templates, averaged", captions.TEMPLATES),
                                ("held-out templates, averaged", captions.HELD_OUT_TEMPLATES)):
            share = zero_shot(model, tokenizer, pixels, test_y, templates)
            accuracy.append(f"| {folder.name} | {name} | {share:.4f} |")
    print("\n| checkpoint | prompts | accuracy |\n|---|---|--:|", *accuracy, sep="\n")


if __name__ == "__main__":
    main()
