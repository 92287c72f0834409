"""A LIMoE checkpoint folder (formats/limoe-checkpoint.md) as the peers read it."""

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open


class Checkpoint:
    """Config and tensors; a tensor is read when it is asked for."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.config = json.loads((self.folder / "config.json").read_text())
        if self.config.get("num_selected_experts") != 1 or self.config.get("capacity_factor") is not None:
            raise ValueError(f"{folder}: the peers are written for top-1 models without a capacity")
        self.file = self.folder / "model.safetensors"
        self._open = safe_open(self.file, framework="numpy")

    def __getitem__(self, name: str) -> np.ndarray:
        return self._open.get_tensor(name)

    def part(self, name: str, index: int) -> np.ndarray:
        """One expert of a tensor that holds all of them."""
        return self._open.get_slice(name)[index]

    def extents(self) -> dict[str, tuple[int, int]]:
        """Where each tensor lies in the file: offset and bytes."""
        with open(self.file, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
        places = {name: entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"}
        return {name: (8 + size + begin, end - begin) for name, (begin, end) in places.items()}
