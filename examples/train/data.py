"""The digits: a fixed split, 8-bit PNG files, and the one way from such a file to a tensor."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SPLIT_SEED = 2022
IMAGE_SIZE = 32


def split() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((images, labels) to train on, (images, labels) to test on); images [n, 8, 8] with values 0..16."""
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.images, digits.target, test_size=0.2, stratify=digits.target, random_state=SPLIT_SEED)
    return (train_x, train_y), (test_x, test_y)


def png(image: np.ndarray) -> bytes:
    """An 8x8 digit as an 8-bit grayscale PNG file; 0..16 becomes 0..255."""
    buffer = io.BytesIO()
    Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def preprocess(file: bytes) -> np.ndarray:
    """PNG file -> f32 [32, 32, 3] in [-1, 1]: RGB, squashed by Pillow's 8-bit bicubic filter."""
    image = Image.open(io.BytesIO(file)).convert("RGB")
    pixels = np.asarray(image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC), dtype=np.float32)
    return pixels / np.float32(255) * np.float32(2) + np.float32(-1)


def tensors(images: np.ndarray) -> torch.Tensor:
    """[n, 8, 8] -> [n, 32, 32, 3], through a PNG file each: training sees what inference will see."""
    return torch.from_numpy(np.stack([preprocess(png(image)) for image in images]))


def augment(pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Turns, stretches and shifts a batch [B, 32, 32, 3] a little; what comes in from outside is black."""
    def uniform(limit: float) -> torch.Tensor:
        return (torch.rand(len(pixels), generator=generator) * 2 - 1) * limit

    angle, shear = uniform(0.2), uniform(0.15)
    sx, sy = 1 + uniform(0.15), 1 + uniform(0.15)
    cos, sin = torch.cos(angle), torch.sin(angle)
    row_x = torch.stack([sx * cos, sx * (shear - sin), uniform(0.15)], dim=1)
    row_y = torch.stack([sy * sin, sy * cos, uniform(0.15)], dim=1)
    black_is_zero = (pixels + 1).permute(0, 3, 1, 2)
    grid = F.affine_grid(torch.stack([row_x, row_y], dim=1), list(black_is_zero.shape), align_corners=False)
    return F.grid_sample(black_is_zero, grid, align_corners=False).permute(0, 2, 3, 1) - 1
