"""The tower: one Transformer for images and texts, with sparse experts in some of its blocks.

Attributes are named after V-MoE's parameters, which is why some look unlike Python: the path of a parameter,
its dots written as slashes, is its name in the checkpoint, and shapes are the checkpoint's, so writing one is
no conversion. Letters: B batch, S sequence, D hidden size, H heads, d = D/H, F MLP width, E experts, P projection,
p patch size, N patches, T text length, n = B*S tokens. One expert per token (top-1), no capacity, no dropout.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    image_size: int = 32
    patch_size: int = 8
    hidden_size: int = 64
    num_heads: int = 4
    num_layers: int = 4
    mlp_dim: int = 128
    vocab_size: int = 512
    text_length: int = 16
    projection_size: int = 64
    moe_layers: tuple[int, ...] = (1, 3)
    num_experts: int = 8
    num_selected_experts: int = 1


@dataclass
class Routing:
    """What one MoE layer did with the n tokens of a call."""
    gates: Tensor   # [n, E] softmax of the router, before the choice
    expert: Tensor  # [n] the chosen one


def weight(*shape: int, std: float) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape) * std)


class Dense(nn.Module):
    """A kernel and a bias; input axes come first. fan_in sets the scale at the start."""

    def __init__(self, kernel: tuple[int, ...], bias: tuple[int, ...], fan_in: int) -> None:
        super().__init__()
        self.kernel = weight(*kernel, std=fan_in ** -0.5)
        self.bias = nn.Parameter(torch.zeros(bias))


class Kernel(nn.Module):
    def __init__(self, rows: int, columns: int, std: float) -> None:
        super().__init__()
        self.kernel = weight(rows, columns, std=std)


class Positions(nn.Module):
    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.pos_embedding = weight(1, length, width, std=0.02)


class Embedding(nn.Module):
    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.embedding = weight(rows, width, std=0.02)


class LayerNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(-1, keepdim=True)
        variance = ((x * x).mean(-1, keepdim=True) - mean * mean).clamp(min=0)  # flax's formula
        return (x - mean) / torch.sqrt(variance + 1e-6) * self.scale + self.bias


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        D, H = config.hidden_size, config.num_heads
        d = D // H
        self.query, self.key, self.value = (Dense((D, H, d), (H, d), fan_in=D) for _ in range(3))
        self.out = Dense((H, d, D), (D,), fan_in=D)

    def forward(self, y: Tensor) -> Tensor:
        q, k, v = (torch.einsum("bsd,dhe->bhse", y, w.kernel) + w.bias[:, None]
                   for w in (self.query, self.key, self.value))
        a = torch.softmax((q / q.shape[-1] ** 0.5) @ k.transpose(-1, -2), dim=-1)  # [B, H, S, S], pads included
        return torch.einsum("bhse,hed->bsd", a @ v, self.out.kernel) + self.out.bias


class Mlp(nn.Module):
    """Dense MLP, or with `experts` as many side by side, each tensor with an axis E in front."""

    def __init__(self, config: Config, experts: tuple[int, ...] = ()) -> None:
        super().__init__()
        D, width = config.hidden_size, config.mlp_dim
        self.Dense_0 = Dense((*experts, D, width), (*experts, width), fan_in=D)
        self.Dense_1 = Dense((*experts, width, D), (*experts, D), fan_in=width)

    def forward(self, x: Tensor, expert: int | None = None) -> Tensor:
        w0, b0, w1, b1 = (p if expert is None else p[expert] for p in (
            self.Dense_0.kernel, self.Dense_0.bias, self.Dense_1.kernel, self.Dense_1.bias))
        return F.gelu(x @ w0 + b0, approximate="tanh") @ w1 + b1


class Router(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Kernel(config.hidden_size, config.num_experts, std=config.hidden_size ** -0.5)


class Moe(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.Router = Router(config)
        self.Mlp = Mlp(config, experts=(config.num_experts,))

    def forward(self, y: Tensor) -> tuple[Tensor, Routing]:
        x = y.flatten(0, 1)                                                # [n, D]
        gates = torch.softmax(x @ self.Router.dense.kernel, dim=-1)        # [n, E]
        gate, expert = gates.max(dim=-1)                                   # ties go to the lower index
        out = torch.zeros_like(x)
        for e in range(gates.shape[-1]):
            chosen = (expert == e).nonzero()[:, 0]
            if len(chosen):
                # The gate is not renormalised: it is how the router learns which choice paid off.
                out = out.index_add(0, chosen, gate[chosen, None] * self.Mlp(x[chosen], e))
        return out.view_as(y), Routing(gates, expert)


class Block(nn.Module):
    def __init__(self, config: Config, sparse: bool) -> None:
        super().__init__()
        self.LayerNorm_0 = LayerNorm(config.hidden_size)
        self.SelfAttention = Attention(config)
        self.LayerNorm_1 = LayerNorm(config.hidden_size)
        if sparse:
            self.Moe = Moe(config)
        else:
            self.Mlp = Mlp(config)


class Encoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        for i in range(config.num_layers):
            setattr(self, f"encoderblock_{i}", Block(config, sparse=i in config.moe_layers))
        self.encoder_norm = LayerNorm(config.hidden_size)
        self.depth = config.num_layers

    def forward(self, h: Tensor) -> tuple[Tensor, dict[int, Routing]]:
        routing: dict[int, Routing] = {}
        for i in range(self.depth):
            block: Block = getattr(self, f"encoderblock_{i}")
            h = h + block.SelfAttention(block.LayerNorm_0(h))
            y = block.LayerNorm_1(h)
            if hasattr(block, "Moe"):
                y, routing[i] = block.Moe(y)
            else:
                y = block.Mlp(y)
            h = h + y
        return self.encoder_norm(h), routing


class Limoe(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        D, P, p = config.hidden_size, config.projection_size, config.patch_size
        self.patch_size = p
        self.embedding = Dense((p, p, 3, D), (D,), fan_in=p * p * 3)
        self.posembed_image = Positions((config.image_size // p) ** 2, D)
        self.Embed_0 = Embedding(config.vocab_size, D)
        self.posembed_text = Positions(config.text_length, D)
        self.Encoder = Encoder(config)
        self.head_image = Kernel(D, P, std=D ** -0.5)
        self.head_text = Kernel(D, P, std=D ** -0.5)
        self.t = nn.Parameter(torch.tensor(10.0).log())  # log of what similarities are multiplied by

    def encode_image(self, pixels: Tensor) -> tuple[Tensor, dict[int, Routing]]:
        """[B, R, R, 3] -> normalised [B, P], and the routing of each MoE layer."""
        B, R, p = pixels.shape[0], pixels.shape[1], self.patch_size
        patches = pixels.view(B, R // p, p, R // p, p, 3).permute(0, 1, 3, 2, 4, 5).reshape(B, -1, p * p * 3)
        h = patches @ self.embedding.kernel.flatten(0, 2) + self.embedding.bias
        return self._pool(h + self.posembed_image.pos_embedding, self.head_image)

    def encode_text(self, ids: Tensor) -> tuple[Tensor, dict[int, Routing]]:
        """[B, T] -> normalised [B, P], and the routing of each MoE layer."""
        return self._pool(F.embedding(ids, self.Embed_0.embedding) + self.posembed_text.pos_embedding, self.head_text)

    def _pool(self, h: Tensor, head: Kernel) -> tuple[Tensor, dict[int, Routing]]:
        u, routing = self.Encoder(h)
        z = u.mean(dim=1) @ head.kernel
        return z / (z.square().sum(-1, keepdim=True).sqrt() + 1e-8), routing
