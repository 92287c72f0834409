"""The checkpoint folder: config.json, model.safetensors and the tokenizer file, written and read back."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from model import Config, Limoe
from tokenizer import EOS_ID, PAD_ID, Tokenizer

TOKENIZER_FILE = "digits.model"

METADATA = {
    "licence": "Apache-2.0",
    "source": "Trained by examples/train of Limequat on the handwritten digits bundled with scikit-learn "
              "(E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning "
              "Repository, 1998, CC BY 4.0), paired with captions from templates.",
    "producer": "Limequat examples/train",
    "intended_use": "Tests, tutorials and benchmarks of sparse image and text encoders; zero-shot labels and "
                    "search among 8x8 pictures of single handwritten digits.",
    "limits": "Knows ten digits and a few dozen English sentence forms. Every other picture or text gets a vector "
              "too, but one without meaning. Not for reading forms, cheques, addresses or anything that matters. "
              "The writers were 43 people in Turkey before 1998; other ways of writing 1, 4 or 7 were not seen.",
}


def write(folder: Path, model: Limoe, config: Config, vocabulary: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "model_type": "limoe",
        **asdict(config),
        "tokenizer": {"type": "sentencepiece_unigram", "file": TOKENIZER_FILE, "lower_case": True,
                      "eos": "sticky", "eos_id": EOS_ID, "pad_id": PAD_ID},
        "image_preprocessing": {"resize": "squash", "interpolation": "bicubic", "value_range": [-1, 1]},
        "metadata": METADATA,
    }
    (folder / "config.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / TOKENIZER_FILE).write_bytes(vocabulary)
    save_file({name.replace(".", "/"): value.contiguous() for name, value in model.state_dict().items()},
              folder / "model.safetensors")


def read(folder: Path) -> tuple[Limoe, Tokenizer]:
    document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    fields = {name: document[name] for name in Config.__dataclass_fields__}
    config = Config(**{**fields, "moe_layers": tuple(fields["moe_layers"])})
    model = Limoe(config)
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({name.replace("/", "."): value for name, value in weights.items()})
    return model.eval().requires_grad_(False), Tokenizer(folder / document["tokenizer"]["file"], config.text_length)
