#!/usr/bin/env bash
# The C library for aarch64: cross-built into .sdk-aarch64, then what a C program on such a machine relies on, under
# qemu: the exported names, the libraries it needs, the programs of Tests/CApi and examples/c against
# liblimequat.so and liblimequat.a; and that whole models give the same bits there as on this machine.
#
#   Tests/sdk-aarch64.sh     LIMEQUAT_SDK=PREFIX, LIMEQUAT=FILE reuse a library and a command line that are built
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
fail() { echo "sdk-aarch64: $*" >&2; exit 1; }
examples/install-packages.sh python3 gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user >&2

prefix=$root/.sdk-aarch64
work=$prefix/test
rm -rf "$prefix"
mkdir -p "$work"
examples/build-sdk.sh "$prefix" --target aarch64
protobuf=$root/${LIMEQUAT_EMBEDDED_SCRATCH:-.build-embedded}-aarch64/root/lib
case ${LIMEQUAT_EMBEDDED_SCRATCH:-} in /*) protobuf=$LIMEQUAT_EMBEDDED_SCRATCH-aarch64/root/lib ;; esac

library=$prefix/lib/liblimequat.so.0
readelf -h "$library" | grep -q 'Machine: *AArch64' || fail "not a library for aarch64"
readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$work/needed"
grep -v -x -E 'libc\.so\.6|libm\.so\.6|libprotobuf-c\.so\.1|ld-linux-aarch64\.so\.1' "$work/needed" &&
  fail "needs more than libc, libm and libprotobuf-c"
readelf -d "$library" | grep -q TEXTREL && fail "has relocations in its code"
Sources/LimequatABI/sdk/exports.sh >"$work/wanted"
aarch64-linux-gnu-nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort >"$work/so"
aarch64-linux-gnu-nm -g --defined-only "$prefix/lib/liblimequat.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort >"$work/a"
diff "$work/wanted" "$work/so" || fail "liblimequat.so does not export what limequat.h declares"
diff "$work/wanted" "$work/a" || fail "liblimequat.a does not export what limequat.h declares"
size=$(wc -c <"$library")
echo "liblimequat.so for aarch64: $size bytes"
[ "$size" -le $((512 * 1024)) ] || fail "liblimequat.so has $size bytes, at most 512 KiB are allowed"

# Programs for aarch64 against both libraries, and for this machine.
sdk=${LIMEQUAT_SDK:-$root/.sdk}
[ -e "$sdk/lib/liblimequat.so.0" ] || examples/build-sdk.sh "$sdk"
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --product limequat
flags=(-std=c99 -O1 -Wall -Wextra -Wpedantic -Werror)
for source in Tests/CApi/*.c Tests/CApi/sdk/*.c examples/c/*.c Tests/SDKAArch64/*.c; do
  name=$work/$(basename "$source" .c)
  aarch64-linux-gnu-gcc "${flags[@]}" "$source" -o "$name-so" -I"$prefix/include" -L"$prefix/lib" -llimequat \
    -Wl,-rpath-link,"$protobuf" -lm -lpthread
  aarch64-linux-gnu-gcc "${flags[@]}" "$source" -o "$name-a" -I"$prefix/include" "$prefix/lib/liblimequat.a" \
    "$protobuf/libprotobuf-c.a" -lm -lpthread
  cc "${flags[@]}" "$source" -o "$name-here" -I"$sdk/include" -L"$sdk/lib" -llimequat -Wl,-rpath,"$sdk/lib" -lm -lpthread
done

# emulated CPU PROGRAM ARGUMENTS...: a program for aarch64 on a processor that qemu knows.
emulated() {
  local cpu=$1
  shift
  qemu-aarch64 -cpu "$cpu" -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$prefix/lib:$protobuf" "$@"
}

# Whole models: all fixtures, and the digits model as each of f32, f16 and int8.
models=$work/models
mkdir "$models"
for folder in Tests/Fixtures/checkpoints/*/ examples/digits/checkpoint/; do
  name=$(basename "$folder")
  "$limequat" convert "$folder" -o "$models/${name/checkpoint/digits}.lmq" >/dev/null
done
for name in digits limoe-small vmoe-capacity; do
  "$limequat" quantize "$models/$name.lmq" -o "$models/$name-int8.lmq" >/dev/null
  "$limequat" quantize "$models/$name.lmq" -o "$models/$name-dense-int8.lmq" --dense int8 >/dev/null
  "$limequat" quantize "$models/$name.lmq" -o "$models/$name-dense-f16.lmq" --dense f16 >/dev/null
done
"$work/vectors-here" "$models"/*.lmq >"$work/vectors.here" 2>"$work/kernels"
for cpu in max neoverse-n1 cortex-a72; do # i8mm; dot products; neither
  for kind in so a; do
    emulated $cpu "$work/vectors-$kind" "$models"/*.lmq >"$work/vectors.there" 2>>"$work/kernels"
    cmp "$work/vectors.here" "$work/vectors.there" || fail "aarch64 ($cpu) gives other bits than this machine"
  done
done
results=$(wc -l <"$work/vectors.here")
tables=$(uniq "$work/kernels" | paste -s -d ' ')
echo "$results results of $(find "$models" -name '*.lmq' | wc -l) models have the same bits: $tables"
[ "$results" -ge 50 ] || fail "too few results to compare"
[[ "$tables" == *"neon-i8mm neon-dotprod neon" ]] || fail "not all kernel tables of aarch64 were used"

# The C tests, and the examples on the digits, with the two libraries side by side.
mkdir "$work/images"
python3 Tests/Command/png_to_pgm.py "$work/images" examples/digits/test/00[0-3]*.png
labels=zero,one,two,three,four,five,six,seven,eight,nine
# Without fork.c: qemu's emulation of processes does not survive a child of a process with threads that starts some.
programs() { # KIND COMMAND...: with KIND's programs, run by COMMAND
  local kind=$1 model=$models/digits.lmq test
  shift
  [ "$kind" = here ] || for test in Tests/CApi/*.c Tests/CApi/sdk/*.c; do
    [ "$test" = Tests/CApi/fork.c ] || "$@" "$work/$(basename "$test" .c)-$kind" "$model" >&2 || return
  done
  "$@" "$work/embed-$kind" "$model" "$work/images/0002-label8.pgm" ${labels//,/ } &&
    "$@" "$work/classify-$kind" "$model" $labels -t "a photo of the digit {}" "$work"/images/*.pgm &&
    echo "a photo of the digit seven" | "$@" "$work/search-$kind" "$model" "$work/images"
}
pids=()
for kind in so a; do
  programs $kind emulated max >"$work/programs.$kind" 2>"$work/tests.$kind" &
  pids+=($!)
done
programs here env >"$work/programs.here"
for pid in "${pids[@]}"; do wait "$pid" || { cat "$work"/tests.*; fail "a program fails"; }; done
cat "$work/tests.so"
for kind in so a; do cmp "$work/programs.here" "$work/programs.$kind" || fail "an example prints something else"; done
echo "the examples print the same: $(wc -l <"$work/programs.so") lines"
echo "sdk-aarch64: all is well"
