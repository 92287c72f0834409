#!/usr/bin/env bash
# Every allocation, every read and every start of a thread made to fail in turn, under the whole C API: Tests/Faults.
# Needs the command line of the debug build for a model; builds and installs the C library into .sdk.
set -euo pipefail
cd "$(dirname "$0")/.."

sdk=$PWD/.sdk
examples/build-sdk.sh "$sdk" >/dev/null
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --product limequat
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=$work/model.lmq
"$limequat" convert Tests/Fixtures/checkpoints/limoe-sentencepiece -o "$model" >/dev/null

flags=(-O1 -g -Wall -Wextra -Werror -ITests/Faults -I"$sdk/include")
cc -std=gnu11 "${flags[@]}" -shared -fPIC Tests/Faults/shim.c -o "$work/libfaults.so" -ldl
cc -std=c99 "${flags[@]}" -shared -fPIC -Dmain=driver_main Tests/Faults/driver.c -o "$work/driver.so" \
  -L"$sdk/lib" -llimequat -L"$work" -lfaults -lpthread
cc -std=c99 "${flags[@]}" Tests/Faults/host.c -o "$work/host" -ldl
LD_PRELOAD=$work/libfaults.so LD_LIBRARY_PATH=$sdk/lib:$work "$work/host" "$work/driver.so" "$model"
