"""What a trained tower does: zero-shot accuracy, and which experts each modality uses."""

from dataclasses import dataclass

import numpy as np
import torch

import captions
from losses import entropy
from model import Limoe, Routing
from tokenizer import Tokenizer


def label_vectors(model: Limoe, tokenizer: Tokenizer, templates: list[str], numerals: bool = False) -> torch.Tensor:
    """[10, P]: the prompts of a label, each normalised by the model, averaged, normalised."""
    prompts = [text for template in templates for text in captions.prompts(template, numerals)]
    vectors = model.encode_text(torch.from_numpy(tokenizer.batch(prompts)))[0]
    mean = vectors.view(len(templates), 10, -1).mean(0)
    return mean / mean.norm(dim=-1, keepdim=True)


@torch.no_grad()
def zero_shot(model: Limoe, tokenizer: Tokenizer, pixels: torch.Tensor, labels: np.ndarray,
              templates: list[str], numerals: bool = False) -> float:
    """The share of images whose nearest label is the right one."""
    scores = model.encode_image(pixels)[0] @ label_vectors(model, tokenizer, templates, numerals).T
    return float((scores.argmax(-1).numpy() == labels).mean())


@dataclass
class Usage:
    """One MoE layer, one modality."""
    counts: list[int]       # tokens per expert
    effective: float        # exp(entropy of the shares): 1 = one expert does it all, E = all alike
    gate: float             # mean gate of the chosen expert: 1/E = a guess, 1 = no doubt
    local_entropy: float    # mean entropy of a token's gates, nats
    close_calls: float      # share of tokens whose second best gate is within 0.05 of the best
    smallest_margin: float  # the closest any token came to another expert, as a difference of gates

    @property
    def used(self) -> int:
        """Experts that get at least 1 % of the tokens."""
        return sum(count >= 0.01 * sum(self.counts) for count in self.counts)


def usage(routing: Routing) -> Usage:
    counts = torch.bincount(routing.expert, minlength=routing.gates.shape[-1])
    best = routing.gates.topk(2, dim=-1).values
    margin = best[:, 0] - best[:, 1]
    return Usage(counts=counts.tolist(), effective=entropy(counts / counts.sum()).exp().item(),
                 gate=best[:, 0].mean().item(), local_entropy=entropy(routing.gates).mean().item(),
                 close_calls=(margin < 0.05).float().mean().item(), smallest_margin=margin.min().item())


def purity(image: Usage, text: Usage) -> float:
    """How far experts belong to one modality: 0.5 = not at all, 1 = every expert serves only one.

    Shares, not counts, so that it does not matter how many images and texts were measured.
    """
    f = np.array([image.counts, text.counts], dtype=float)
    f /= f.sum(axis=1, keepdims=True)
    return float(f.max(axis=0).sum() / 2)
