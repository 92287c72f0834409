"""Embeds a folder of images: python -m limequat.embed_folder MODEL FOLDER -o vectors.npy

Writes float32 [images, embedding_size], and beside it vectors.txt with the file of each row. The work is done by
Ray Data where it is installed, else by a process for each processor. Every worker maps the same model file, so
its weights are in memory once for each machine. With Ray on many machines, MODEL and FOLDER must be the same
paths on all of them.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import limequat

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
BATCH = 32


class Worker:
    """One process of the work: the model mapped, one thread, one session."""

    def __init__(self, model: str) -> None:
        self.model = limequat.Model(model, threads=1)
        self.session = self.model.session()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Adds the column "vector"; the row of a file that is no image is NaN."""
        vectors = np.full((len(batch["file"]), self.model.facts.embedding_size), np.nan, np.float32)
        images = {}
        for row, file in enumerate(batch["file"]):
            try:
                with Image.open(file) as image:
                    images[row] = np.asarray(image.convert("RGB"))
            except (OSError, ValueError, Image.DecompressionBombError) as error:
                print(f"{file}: {error}", file=sys.stderr)
        if images:
            vectors[list(images)] = self.session.embed_images(list(images.values()))
        return {"file": batch["file"], "vector": vectors}


_worker: Worker


def _start(model: str) -> None:
    global _worker
    _worker = Worker(model)


def _embed(files: list[str]) -> np.ndarray:
    return _worker({"file": np.array(files)})["vector"]


def by_processes(model: str, files: list[str], workers: int) -> np.ndarray:
    """The vectors of files, in their order. Processes are spawned: a fork would inherit the parent's threads."""
    batches = [files[first : first + BATCH] for first in range(0, len(files), BATCH)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(batches)), context, _start, (model,)) as pool:
        return np.concatenate(list(pool.map(_embed, batches)))


def by_ray(model: str, files: list[str], workers: int) -> np.ndarray:
    """The same on the machines of a Ray cluster, or on this one."""
    import ray.data

    rows = ray.data.from_items([{"file": file} for file in files]).map_batches(
        Worker, fn_constructor_args=(os.path.abspath(model),), batch_size=BATCH,
        compute=ray.data.ActorPoolStrategy(size=workers))
    vectors = {row["file"]: row["vector"] for row in rows.iter_rows()}  # rows come as they are done
    return np.stack([vectors[file] for file in files])


def main(arguments: list[str] | None = None) -> int:
    has_ray = importlib.util.find_spec("ray") is not None
    parser = argparse.ArgumentParser("limequat.embed_folder", description="Embeds a folder of images.")
    parser.add_argument("model")
    parser.add_argument("folder", type=Path, help="looked through with the folders in it")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the .npy file")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--by", choices=("processes", "ray"), default="ray" if has_ray else "processes")
    options = parser.parse_args(arguments)

    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    if not os.access(options.output.parent, os.W_OK):
        parser.error(f"{options.output.parent} is no folder that can be written to")
    files = sorted(str(f.absolute()) for f in options.folder.rglob("*") if f.suffix.lower() in ENDINGS)
    if not files:
        parser.error(f"there is no image in {options.folder}")
    try:
        limequat.Model(options.model).close()  # what is wrong with it is said once, and here
    except limequat.Error as error:
        parser.error(str(error))
    embed = by_ray if options.by == "ray" else by_processes
    vectors = embed(options.model, files, max(1, options.workers))
    readable = ~np.isnan(vectors[:, 0])
    np.save(options.output, vectors[readable])
    names = [file for file, is_readable in zip(files, readable) if is_readable]
    options.output.with_suffix(".txt").write_text("".join(name + "\n" for name in names))
    print(f"{len(names)} images embedded, {len(files) - len(names)} files could not be read")
    return 0 if readable.all() else 1


if __name__ == "__main__":
    sys.exit(main())
