#!/bin/sh
# link.sh BUILD OUT: liblimequat.so.0 and liblimequat.a in OUT, from the objects of an Embedded build.
# BUILD is <scratch path>/release. TARGET holds clang's options for another machine, LIBS the libraries of that one;
# CC replaces the compiler and all its options, LD the linker.
set -eu
build=$1 out=$2 here=$(cd "$(dirname "$0")" && pwd)
toolchain=$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin|p')
objcopy=$toolchain/llvm-objcopy

work=$out/work
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
"$here/exports.sh" > "$work/exports"

# What the Swift runtime allocates goes through memory.c, which never lets it fail without a word. Objects of
# different targets may have the same name.
#
# Each object has copies of the functions that it uses, of which the linker keeps one. The constant arrays of a
# function (...Tv_r, ...Tv0_r) are numbered as each copy happened to be optimised: they must not be exchanged between
# objects, or a function reads another one's array. Local to their object, each copy keeps its own.
number=0
for object in $("$here/objects.sh" "$build" swift); do
  number=$((number + 1))
  "$objcopy" --wildcard --localize-symbol='*Tv*_r' --redefine-sym posix_memalign=lmq_swift_posix_memalign --redefine-sym free=lmq_swift_free \
    --redefine-sym arc4random_buf=lmq_swift_arc4random_buf "$object" "$work/$number.o"
done
for object in $("$here/objects.sh" "$build" c); do
  number=$((number + 1))
  cp "$object" "$work/$number.o"
done

{ echo '{ global:'; sed 's/$/;/' "$work/exports"; echo 'local: *; };'; } > "$work/limequat.map"
# Equal functions become one, and relocations are packed (glibc 2.36; musl 1.2.4): a tenth of the size.
${CC:-$toolchain/clang ${TARGET:-} -fuse-ld=lld -Wl,--icf=all -Wl,-z,pack-relative-relocs} -shared "$work"/*.o -o "$out/liblimequat.so.0" \
  -Wl,-soname,liblimequat.so.0 -Wl,--version-script="$work/limequat.map" -Wl,--gc-sections -Wl,-O2 \
  ${NO_UNDEFINED--Wl,-z,defs} -Wl,-z,relro -Wl,-z,now -Wl,--build-id -Wl,--as-needed ${LIBS:--lprotobuf-c} -lm
ln -sf liblimequat.so.0 "$out/liblimequat.so"

# Copies that nothing uses may name arrays that are local elsewhere now, so they go here, too.
# shellcheck disable=SC2046
${LD:-$toolchain/ld.lld} -r --gc-sections $(sed 's/^/-u /' "$work/exports") "$work"/*.o -o "$work/all.o"
"$objcopy" --keep-global-symbols="$work/exports" "$work/all.o" "$work/limequat.o"
rm -f "$out/liblimequat.a"
"$toolchain/llvm-ar" rcs "$out/liblimequat.a" "$work/limequat.o"
