#!/bin/sh
# sdk.sh [MODEL.lmq]: builds and installs the C library into .sdk, then checks what a C program would rely on:
# the header in both languages, the exported names, the libraries it needs, its size, and the programs of
# Tests/CApi and examples/c against liblimequat.so, liblimequat.a and the ordinary Swift build.
# Needs python3. Without MODEL the digits model is converted with the command line of the ordinary debug build.
set -eu
cd "$(dirname "$0")/.."
prefix=$PWD/.sdk
work=$prefix/test
fail() { echo "sdk: $*" >&2; exit 1; }
flags="-std=c99 -O1 -g -Wall -Wextra -Wpedantic -Werror"

Tests/CHeaderProbe/run.sh
rm -rf "$prefix"
mkdir -p "$work"
examples/build-sdk.sh "$prefix"

# Needs no other library, above all none of Swift.
ldd "$prefix/lib/liblimequat.so.0" | awk '{ print $1 }' | grep -v -E \
  '^(linux-vdso\.so|libc\.so|libm\.so|libprotobuf-c\.so|/lib.*/ld-linux|ld-linux)' > "$work/libraries" || true
[ ! -s "$work/libraries" ] || fail "needs more than libc, libm and libprotobuf-c: $(cat "$work/libraries")"

# Exports the functions of limequat.h and nothing else.
Sources/LimequatABI/sdk/exports.sh > "$work/wanted"
nm -D --defined-only "$prefix/lib/liblimequat.so.0" | awk '{ print $3 }' | LC_ALL=C sort > "$work/so"
nm -g --defined-only "$prefix/lib/liblimequat.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort > "$work/a"
diff "$work/wanted" "$work/so" || fail "liblimequat.so does not export what limequat.h declares"
diff "$work/wanted" "$work/a" || fail "liblimequat.a does not export what limequat.h declares"

size=$(wc -c < "$prefix/lib/liblimequat.so.0")
echo "liblimequat.so: $size bytes"
[ "$size" -lt $((512 * 1024)) ] || fail "liblimequat.so has $size bytes, at most 512 KiB are allowed"

# The package files of CMake and pkg-config name the version of the header.
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
version=$(sed -n 's/^#define LMQ_VERSION "\(.*\)"/\1/p' Sources/CLimequat/include/limequat.h)
[ "$(pkg-config --modversion limequat)" = "$version" ] || fail "limequat.pc has another version than limequat.h"

model=${1:-}
if [ -z "$model" ]; then
  swift build --product limequat
  model=$work/digits.lmq
  .build/debug/limequat convert examples/digits/checkpoint -o "$model"
fi

# Every program three ways. What they print must be the same.
swift build --target LimequatABI
objects=$(Sources/LimequatABI/sdk/objects.sh .build/debug)
programs=""
for source in Tests/CApi/*.c examples/c/*.c; do
  name=$(basename "$source" .c)
  programs="$programs $name"
  # shellcheck disable=SC2046,SC2086
  {
    cc $flags "$source" -o "$work/$name-so" $(pkg-config --cflags --libs limequat) -lm -lpthread
    cc $flags "$source" -o "$work/$name-a" -I"$prefix/include" "$prefix/lib/liblimequat.a" \
      $(pkg-config --static --libs-only-l libprotobuf-c) -lm -lpthread
    cc $flags -c "$source" -o "$work/$name.o" -I"$prefix/include"
    swiftc -static-stdlib "$work/$name.o" $objects -o "$work/$name-swift" -lprotobuf-c -lm
  }
done

# A dark seven-like stroke on light ground: any image does.
{ printf 'P5\n# a test image\n8 8\n255\n'; printf '\000\100\377\377\377\377\100\000%.0s' 1 2 3 4 5 6 7 8; } \
  > "$work/image.pgm"
LD_LIBRARY_PATH=$prefix/lib
export LD_LIBRARY_PATH
for kind in so a swift; do
  echo "C programs against the $kind:"
  for test in Tests/CApi/*.c; do "$work/$(basename "$test" .c)-$kind" "$model"; done
  "$work/embed-$kind" "$model" "$work/image.pgm" zero one two > "$work/embed.$kind"
  "$work/classify-$kind" "$model" zero,one,two -t "a photo of a {}" -t "the number {}" "$work/image.pgm" \
    "$work/image.pgm" > "$work/classify.$kind"
  cmp "$work/embed.so" "$work/embed.$kind"
  cmp "$work/classify.so" "$work/classify.$kind"
done
cat "$work/embed.so" "$work/classify.so"
# shellcheck disable=SC2046,SC2086
cc $flags Tests/CApi/sdk/stack.c -o "$work/stack" $(pkg-config --cflags --libs limequat) -lpthread
"$work/stack" "$model"

# From process start to the vector of a text: at most 8 MiB.
if [ -z "${1:-}" ]; then
  for kind in so a; do
    peak=$("$work/startup-$kind" "$model" | sed -n 's/^startup: peak \([0-9]*\) KiB$/\1/p')
    [ "$peak" -le 8192 ] || fail "a program that embeds one text takes $peak KiB, at most 8192 are allowed ($kind)"
  done
fi

# Every test image of the digits, labelled from C as PyTorch does: examples/digits/reference/accuracy.json.
if [ -z "${1:-}" ]; then
  mkdir -p "$work/pgm"
  python3 Tests/Command/png_to_pgm.py "$work/pgm" examples/digits/test/*.png
  for kind in so a swift; do
    right=$("$work/classify-$kind" "$model" zero,one,two,three,four,five,six,seven,eight,nine \
      -t "a photo of the digit {}" "$work"/pgm/*.pgm | awk -F'\t' '
        NR == FNR { truth[$1] = $2; next }
        { sub(/.*\//, "", $3); sub(/pgm$/, "png", $3); right += truth[$3] == $1 }
        END { print right }' examples/digits/test/labels.tsv -)
    echo "digits from C, $kind: $right of 360"
    [ "$right" -eq 357 ] || fail "$right digits of 360 are right, expected 357"
  done
fi
echo "sdk: all is well"
