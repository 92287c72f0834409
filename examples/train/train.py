"""Trains the tower on digits and captions and writes a checkpoint folder.

    python train.py OUT [--no-entropy-losses] [--steps N] [--seed N] [--threads N]
"""

import argparse
import math
import random
import time
from pathlib import Path

import torch

import captions
import checkpoint
import data
from losses import EntropyLosses, contrastive
from measure import zero_shot
from model import Config, Limoe
from tokenizer import Tokenizer, train_vocabulary

BATCH = 128
PEAK_RATE = 2e-3
WARM_UP = 100


def learning_rate(step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine down to zero; as a factor of the peak."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return (1 + math.cos(math.pi * (step - WARM_UP) / (steps - WARM_UP))) / 2


def optimizer(model: Limoe) -> torch.optim.Optimizer:
    """AdamW; matrices decay, while biases, norms, positions, the token table and t do not."""
    named = list(model.named_parameters())
    kernels = [p for name, p in named if name.endswith("kernel")]
    others = [p for name, p in named if not name.endswith("kernel")]
    return torch.optim.AdamW([{"params": kernels, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
                             lr=PEAK_RATE, betas=(0.9, 0.98))


def train(model: Limoe, tokenizer: Tokenizer, steps: int, seed: int, entropy_losses: EntropyLosses | None) -> None:
    (train_x, train_y), _ = data.split()
    pixels, labels = data.tensors(train_x), torch.from_numpy(train_y)
    ids = {text: torch.from_numpy(tokenizer.batch([text])[0]) for text in captions.all_captions()}
    if len({tuple(row.tolist()) for row in ids.values()}) < len(ids):
        raise ValueError("captions must differ within text_length tokens; one was cut off before its digit")
    generator, rng = torch.Generator().manual_seed(seed), random.Random(seed)
    adam = optimizer(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: learning_rate(step, steps))
    begin = time.perf_counter()
    for step in range(steps):
        rows = torch.randint(len(labels), (BATCH,), generator=generator)
        digits = labels[rows]
        texts = torch.stack([ids[captions.draw_caption(int(digit), rng)] for digit in digits])
        image, image_routing = model.encode_image(data.augment(pixels[rows], generator))
        text, text_routing = model.encode_text(texts)
        loss = contrastive(image, text, model.t, digits)
        total = loss + entropy_losses(image_routing, text_routing) if entropy_losses else loss
        adam.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        schedule.step()
        with torch.no_grad():
            model.t.clamp_(max=math.log(100))  # beyond that the loss only chases rounding
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: contrastive {loss.item():.4f}, with entropy losses {total.item():.4f}, "
                  f"{time.perf_counter() - begin:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--no-entropy-losses", action="store_true")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(arguments.seed)

    config = Config()
    model = Limoe(config)
    vocabulary = train_vocabulary(captions.all_captions())
    checkpoint.write(arguments.out, model, config, vocabulary)  # the tokenizer is read from its file, as later
    _, tokenizer = checkpoint.read(arguments.out)
    train(model, tokenizer, arguments.steps, arguments.seed, None if arguments.no_entropy_losses else EntropyLosses())
    checkpoint.write(arguments.out, model, config, vocabulary)

    model, tokenizer = checkpoint.read(arguments.out)
    _, (test_x, test_y) = data.split()
    accuracy = zero_shot(model, tokenizer, data.tensors(test_x), test_y, [captions.HEADLINE_TEMPLATE])
    print(f"zero-shot accuracy on {len(test_y)} test images: {accuracy:.4f}")


if __name__ == "__main__":
    main()
