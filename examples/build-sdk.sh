#!/bin/sh
# build-sdk.sh PREFIX: builds the C library and installs it under PREFIX: include/limequat.h,
# lib/liblimequat.so and .a, lib/pkgconfig/limequat.pc, lib/cmake/Limequat.
# Needs Swift to build; a program that uses the result needs libc, libm and libprotobuf-c.
set -eu
[ $# -eq 1 ] || { echo "usage: build-sdk.sh PREFIX" >&2; exit 2; }
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
sdk=Sources/LimequatABI/sdk
header=Sources/CLimequat/include/limequat.h
version=$(sed -n 's/^#define LMQ_VERSION "\(.*\)"/\1/p' "$header")

echo "Building liblimequat $version ..."
scratch=${LIMEQUAT_EMBEDDED_SCRATCH:-.build-embedded}
# Size matters more than speed outside the kernels, which are C. Sections of their own let the linker drop the
# copies that each Swift object carries of what it uses; the passes that are left out make further copies.
swift build -c release --traits Embedded --target LimequatABI --scratch-path "$scratch" \
  -Xswiftc -Osize -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections \
  -Xswiftc -Xllvm -Xswiftc -enable-machine-outliner=always \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=closure-specialize \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=capture-prop \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=function-signature-opts

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Limequat"
$sdk/link.sh "$scratch/release" "$prefix/lib"
strip --strip-unneeded -R .swift_modhash "$prefix/lib/liblimequat.so.0"
strip --strip-debug "$prefix/lib/liblimequat.a"
cp "$header" "$prefix/include/"
sed "s/@version@/$version/" $sdk/limequat.pc.in > "$prefix/lib/pkgconfig/limequat.pc"
sed "s/@version@/$version/" $sdk/LimequatConfigVersion.cmake.in \
  > "$prefix/lib/cmake/Limequat/LimequatConfigVersion.cmake"
cp $sdk/LimequatConfig.cmake "$prefix/lib/cmake/Limequat/"
echo "Installed in $prefix:"
ls -l "$prefix/lib" | awk 'NR > 1 { print "  " $5, $9 }'
