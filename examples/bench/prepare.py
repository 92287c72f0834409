"""Writes every form of one checkpoint that a measurement loads: prepare.py CHECKPOINT FOLDER

Each form is made by a process of its own, since some take much memory. A form that cannot be made leaves its error
in FOLDER/FORM.error, and the measurements go on without it.
"""

import subprocess
import sys
from pathlib import Path


def onnx(folder: Path, out: Path, kind: str) -> None:
    from onnx_tower import write

    write(folder, out, kind)


def openvino(folder: Path, out: Path, weights: str) -> None:
    import openvino

    kind = {"f32": "standard", "int8": "weights8"}[weights]
    for modality in ("image", "text"):
        model = openvino.Core().read_model(out / f"{kind}-{modality}.onnx")
        openvino.save_model(model, out / f"openvino-{weights}-{modality}.xml", compress_to_fp16=False)


def pytorch(folder: Path, out: Path, weights: str) -> None:
    import torch
    from torch_tower import Tower

    for modality in ("image", "text"):
        torch.save(Tower(folder, modality, int8=True).eval(), out / f"pytorch-int8-{modality}.pt")


FORMS = {
    "f32": onnx,
    "moe": onnx,
    "int8": onnx,
    "qmoe": onnx,
    "standard": onnx,
    "weights8": onnx,
    "openvino-f32": openvino,
    "openvino-int8": openvino,
    "pytorch-int8": pytorch,
}


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    if len(sys.argv) > 3:
        form = sys.argv[3]
        FORMS[form](folder, out, form.removeprefix("openvino-").removeprefix("pytorch-"))
        return
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "checkpoint").exists():
        (out / "checkpoint").symlink_to(folder.resolve())
    for form in FORMS:
        done, failed = out / f"{form}.done", out / f"{form}.error"
        if done.exists():
            continue
        print(f"  {form}", flush=True)
        result = subprocess.run([sys.executable, __file__, folder, out, form], capture_output=True, text=True)
        if result.returncode == 0:
            done.touch()
        else:
            failed.write_text(result.stderr[-4000:])
            print(f"  {form} failed: {result.stderr.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
