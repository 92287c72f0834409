"""The files that programs read, and whether they lie in the page cache."""

import os
from pathlib import Path

import onnx
from peers import GRAPHS


def files_of(peer: str, weights: str, modality: str) -> list[str]:
    """Names of the files of a program that has no graph of ONNX; of that none."""
    if peer.startswith("limequat"):
        return [f"{weights}.lmq"]
    if peer == "pytorch":
        return ["f32.weights" if weights == "f32" else f"pytorch-int8-{modality}.pt"]
    if peer == "openvino":
        return [f"openvino-{weights}-{modality}.{kind}" for kind in ("xml", "bin")]
    return []


def stored(folder: Path, peer: str, weights: str, modality: str) -> tuple[list[Path], int]:
    """The files that a peer reads, and the bytes that it needs of them; for graphs, those of the modality alone."""
    names = files_of(peer, weights, modality)
    if names:
        files = [folder / name for name in names if (folder / name).exists()]
        return files, sum(file.stat().st_size for file in files)
    path = folder / f"{GRAPHS.get(peer, weights)}-{modality}.onnx"
    graph = onnx.load(path, load_external_data=False).graph
    parts = {}  # a tensor may be used twice
    for tensor in graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        if place:
            parts[place["location"], place["offset"]] = int(place["length"])
    files = [path, *(folder / name for name in {location for location, _ in parts})]
    return files, path.stat().st_size + sum(parts.values())


def cool(files: list[Path]) -> None:
    """Drops files from the page cache."""
    for file in files:
        with open(file, "rb") as source:
            os.fsync(source.fileno())  # what is yet to be written does not leave
            os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(files: list[Path]) -> None:
    """Brings files into the page cache as reading leaves them there, in large folios where the system has those;
    a file that was just written may lie in small ones, which take longer to map."""
    cool(files)
    for file in files:
        with open(file, "rb", buffering=0) as source:
            while source.readinto(bytearray(1 << 24)):
                pass
