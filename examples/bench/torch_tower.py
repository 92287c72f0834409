"""A LIMoE checkpoint in PyTorch: f32 with weights packed for oneDNN once, or int8 by quantize_dynamic.

Tokens are gathered per expert: sorted by their expert, each expert called once on its own, scattered back.
"""

import ctypes
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from checkpoint import Checkpoint
from torch import nn

warnings.filterwarnings("ignore")


def trim() -> None:
    """Gives back what laying out weights has left in the heap; else a process keeps twice its weights."""
    ctypes.CDLL(None).malloc_trim(0)


class PackedLinear(nn.Module):
    """F.linear with its weight laid out for oneDNN once; plain F.linear lays it out in every call."""

    def __init__(self, linear: nn.Linear):
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


class Loader:
    """Makes modules from a checkpoint, each finished (packed or quantised) before the next is read."""

    def __init__(self, checkpoint: Checkpoint, int8: bool):
        self.checkpoint, self.int8 = checkpoint, int8

    def tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.checkpoint[name])

    def linear(self, stem: str, k: int, n: int, part: int | None = None, bias: bool = True) -> nn.Module:
        def get(name: str) -> torch.Tensor:
            array = self.checkpoint[name] if part is None else self.checkpoint.part(name, part)
            return torch.from_numpy(array)

        linear = nn.Linear(k, n, bias, device="meta")
        linear.weight = nn.Parameter(get(f"{stem}/kernel").reshape(k, n).T.contiguous(), requires_grad=False)
        if bias:
            linear.bias = nn.Parameter(get(f"{stem}/bias").reshape(n), requires_grad=False)
        if not self.int8:
            return PackedLinear(linear)
        scheme = {nn.Linear: torch.ao.quantization.per_channel_dynamic_qconfig}
        return torch.ao.quantization.quantize_dynamic(nn.Sequential(linear), scheme, dtype=torch.qint8)

    def norm(self, stem: str, width: int) -> nn.Module:
        norm = nn.LayerNorm(width, eps=1e-6)
        norm.weight = nn.Parameter(self.tensor(f"{stem}/scale"), requires_grad=False)
        norm.bias = nn.Parameter(self.tensor(f"{stem}/bias"), requires_grad=False)
        return norm


class MLP(nn.Module):
    def __init__(self, load: Loader, stem: str, part: int | None = None):
        super().__init__()
        hidden, inner = load.checkpoint.config["hidden_size"], load.checkpoint.config["mlp_dim"]
        self.first = load.linear(f"{stem}/Dense_0", hidden, inner, part)
        self.second = load.linear(f"{stem}/Dense_1", inner, hidden, part)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(F.gelu(self.first(x), approximate="tanh"))


class Experts(nn.Module):
    def __init__(self, load: Loader, block: str):
        super().__init__()
        count = load.checkpoint.config["num_experts"]
        self.router = nn.Parameter(load.tensor(f"{block}/Moe/Router/dense/kernel"), requires_grad=False)
        self.experts = nn.ModuleList(MLP(load, f"{block}/Moe/Mlp", expert) for expert in range(count))
        self.choices: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.reshape(-1, x.shape[-1])
        gate, best = torch.softmax(flat @ self.router, dim=-1).max(dim=-1)
        self.choices = best
        order = torch.argsort(best)
        counts = torch.bincount(best, minlength=len(self.experts)).tolist()
        parts = torch.split(flat.index_select(0, order), counts)
        done = torch.cat([self.experts[i](part) for i, part in enumerate(parts) if counts[i]])
        result = torch.empty_like(flat).index_copy_(0, order, done)
        return (result * gate.unsqueeze(1)).reshape(x.shape)


class Block(nn.Module):
    def __init__(self, load: Loader, layer: int):
        super().__init__()
        config, block = load.checkpoint.config, f"Encoder/encoderblock_{layer}"
        hidden, self.heads = config["hidden_size"], config["num_heads"]
        self.norms = nn.ModuleList(load.norm(f"{block}/LayerNorm_{i}", hidden) for i in (0, 1))
        stem = f"{block}/SelfAttention"
        self.parts = nn.ModuleList(
            load.linear(f"{stem}/{part}", hidden, hidden) for part in ("query", "key", "value")
        )
        self.out = load.linear(f"{stem}/out", hidden, hidden)
        self.mlp = Experts(load, block) if layer in config["moe_layers"] else MLP(load, f"{block}/Mlp")
        trim()

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        y = self.norms[0](h)
        q, k, v = (part(y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.parts)
        h = h + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return h + self.mlp(self.norms[1](h))


class Tower(nn.Module):
    """One signature: `image` f32 [B, R, R, 3] or `token_ids` [B, T] to unit vectors."""

    def __init__(self, folder: Path, modality: str, int8: bool):
        super().__init__()
        checkpoint = Checkpoint(folder)
        load, config = Loader(checkpoint, int8), checkpoint.config
        self.modality, self.patch = modality, config["patch_size"]
        hidden = config["hidden_size"]
        if modality == "image":
            self.embed = load.linear("embedding", self.patch**2 * 3, hidden)
        else:
            self.table = nn.Parameter(load.tensor("Embed_0/embedding"), requires_grad=False)
        self.positions = nn.Parameter(load.tensor(f"posembed_{modality}/pos_embedding"), requires_grad=False)
        self.blocks = nn.ModuleList(Block(load, layer) for layer in range(config["num_layers"]))
        self.norm = load.norm("Encoder/encoder_norm", hidden)
        self.head = load.linear(f"head_{modality}", hidden, config["projection_size"], bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.modality == "image":
            grid = x.shape[1] // self.patch
            x = x.reshape(len(x), grid, self.patch, grid, -1).transpose(2, 3).reshape(len(x), grid * grid, -1)
            h = self.embed(x) + self.positions
        else:
            h = F.embedding(x, self.table) + self.positions
        for block in self.blocks:
            h = block(h)
        return F.normalize(self.head(self.norm(h).mean(dim=1)), dim=-1)
