#!/bin/sh
# Compares under emulation the tables of aarch64 with the generic one, bit for bit, and checksums with their
# definition: Tests/kernels-aarch64.sh [rounds]
# Needs a C library for aarch64 (Debian: gcc-aarch64-linux-gnu) and qemu-aarch64 (qemu-user); as root it installs them.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if ! command -v aarch64-linux-gnu-gcc >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
  if [ "$(id -u)" != 0 ]; then
    echo "gcc-aarch64-linux-gnu and qemu-user are not installed" >&2
    exit 1
  fi
  apt-get update -qq >/dev/null && apt-get install -qq -y gcc-aarch64-linux-gnu qemu-user >/dev/null 2>&1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# clang, as in every build of the package; the system's compiler brings headers, libraries and the linker.
${CC:-clang} --target=aarch64-linux-gnu --gcc-toolchain=/usr -fuse-ld=/usr/bin/aarch64-linux-gnu-ld \
  -std=gnu11 -O2 -static -isystem /usr/aarch64-linux-gnu/include \
  -I"$root/Sources/CLimequatKernels/include" -I"$root/Sources/CLimequatPlatform/include" \
  -I"$root/Tests/CKernelComparison/include" \
  "$root"/Sources/CLimequatKernels/*.c "$root"/Sources/CLimequatPlatform/crc32c*.c \
  "$root"/Tests/CKernelComparison/*.c "$root"/Tests/KernelsAArch64/*.c -lm -lpthread -o "$work/compare"
qemu-aarch64 -cpu max "$work/compare" "${1:-300}"
