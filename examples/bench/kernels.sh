#!/bin/sh
# Compiles the kernels at -O2 and measures them: examples/bench/kernels.sh [table [type]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kernels=$here/../../Sources/CLimequatKernels
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-clang} -std=gnu11 -O2 -I"$kernels/include" "$kernels"/*.c "$here/kernels.c" -lm -o "$work/kernels"
"$work/kernels" "$@"
