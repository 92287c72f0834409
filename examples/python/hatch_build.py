"""Puts the C library into the wheel. LIMEQUAT_SDK is the prefix that examples/build-sdk.sh was given."""

import os
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryLibrary(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        library = Path(os.environ.get("LIMEQUAT_SDK", ""), "lib", "liblimequat.so.0")
        if "LIMEQUAT_SDK" not in os.environ or not library.is_file():
            raise SystemExit("LIMEQUAT_SDK must be the PREFIX of examples/build-sdk.sh PREFIX")
        build_data["force_include"][str(library)] = "limequat/liblimequat.so.0"
        # Any Python 3 of this system: ctypes looks at no interpreter ABI.
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        build_data["pure_python"] = False
