#!/bin/sh
# aarch64.sh ROOT: libprotobuf-c of aarch64 in ROOT/include and ROOT/lib, for building the library on another machine.
# Debian's packages are fetched and unpacked; nothing is installed. When both are there nothing is done.
set -eu
mkdir -p "$1"
root=$(cd "$1" && pwd)
[ -e "$root/lib/libprotobuf-c.so" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
# Lists of its own: those of the system stay without a second architecture.
apt() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$work" -o Dir::Cache="$work" \
    -o Dir::State::status=/dev/null -o APT::Sandbox::User= "$@"
}
cd "$work"
{ apt update && apt download libprotobuf-c1 libprotobuf-c-dev; } > log 2>&1 || { cat log >&2; exit 1; }
for package in *.deb; do dpkg -x "$package" unpacked; done
mkdir -p "$root/include" "$root/lib"
cp -R unpacked/usr/include/protobuf-c "$root/include/"
cp -P unpacked/usr/lib/aarch64-linux-gnu/libprotobuf-c.a unpacked/usr/lib/aarch64-linux-gnu/libprotobuf-c.so* "$root/lib/"
