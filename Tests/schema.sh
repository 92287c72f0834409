#!/bin/sh
# Generates the codecs of formats/*.proto anew and compares them with those in Sources.
# Exit code 0: nothing changed; 1: something did; 2: protoc-c is missing or fails.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
command -v protoc-c > /dev/null || { echo "schema: protoc-c is missing (package protobuf-c-compiler)" >&2; exit 2; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
faults=0
for proto in "$root"/formats/*.proto; do
  name=$(basename "$proto" .proto)
  (cd "$root/formats" && protoc-c --c_out="$work" "$name.proto") || exit 2
  for codec in "include/$name.pb-c.h" "generated/$name.pb-c.c"; do
    diff -u "$root"/Sources/*/"$codec" "$work/$(basename "$codec")" || faults=1
  done
done
[ $faults -eq 0 ] || echo "schema: run protoc-c again and check the result in" >&2
exit $faults
