"""The contrastive loss, and the entropy losses that keep both modalities spread over the experts."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model import Routing


def contrastive(image: Tensor, text: Tensor, t: Tensor, labels: Tensor) -> Tensor:
    """Symmetric InfoNCE over a batch of pairs, image and text [B, P].

    A batch holds many pairs of one digit, and the caption of another seven is no wrong caption for this
    seven: such pairs are taken out of the denominator, so that each row is "its own text against all
    texts about other digits".
    """
    scores = t.exp() * image @ text.T
    same = labels[:, None] == labels[None, :]
    scores = scores.masked_fill(same & ~torch.eye(len(labels), dtype=torch.bool), -torch.inf)
    own = torch.arange(len(labels))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


def entropy(p: Tensor) -> Tensor:
    """In nats, along the last axis; 0 log 0 = 0."""
    return -(p * p.clamp(min=1e-30).log()).sum(-1)


@dataclass(frozen=True)
class EntropyLosses:
    """LIMoE's two auxiliary losses, for each modality and each MoE layer by itself.

    local:  the mean entropy of a token's gates. Small: every token is sure of its expert.
    global: max(0, log S - entropy of the mean gates). Zero as soon as the modality as a whole uses the
            equivalent of S experts; S is a soft minimum, smaller for text, which has less to tell apart.
    """
    weight: float = 0.04
    image_experts: float = 6
    text_experts: float = 3

    def __call__(self, image: dict[int, Routing], text: dict[int, Routing]) -> Tensor:
        losses = []
        for routing, experts in ((image, self.image_experts), (text, self.text_experts)):
            for layer in routing.values():
                losses.append(entropy(layer.gates).mean())
                losses.append((math.log(experts) - entropy(layer.gates.mean(0))).clamp(min=0))
        return self.weight * torch.stack(losses).sum()
