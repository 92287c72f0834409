#!/usr/bin/env python3
"""Makes valid/*.lmq with their dumps and invalid/*.lmq, the same bytes on every run.

    make.py [FOLDER]      default: the folder of this file
"""

import pathlib
import sys

from invalid import INVALID
from valid import VALID


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    folder = folder if len(sys.argv) > 1 else folder.parent
    for name in ("valid", "invalid"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for old in (folder / "invalid").glob("C*.lmq"):
        old.unlink()
    for name, make in VALID.items():
        file = make()
        (folder / "valid" / (name + ".lmq")).write_bytes(file.encode())
        (folder / "valid" / (name + ".txt")).write_text(file.dump(), encoding="utf-8", newline="\n")
    for name, data in INVALID.items():
        (folder / "invalid" / (name + ".lmq")).write_bytes(data)


main()
