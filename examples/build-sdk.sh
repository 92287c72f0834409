#!/bin/sh
# build-sdk.sh PREFIX [--target aarch64]: builds the C library and installs it under PREFIX: include/limequat.h,
# lib/liblimequat.so and .a, lib/pkgconfig/limequat.pc, lib/cmake/Limequat.
# Needs Swift to build; a program that uses the result needs libc, libm and libprotobuf-c.
# --target aarch64 builds for 64-bit ARM Linux on another machine, and also needs Debian's gcc-aarch64-linux-gnu.
set -eu
usage() { echo "usage: build-sdk.sh PREFIX [--target aarch64]" >&2; exit 2; }
machine=$(uname -m) target=
case $#,${2:-},${3:-} in
  1,,) target=$machine ;;
  3,--target,aarch64 | 3,--target,"$machine") target=$3 ;;
  *) usage ;;
esac
case $1 in -*) usage ;; esac
command -v swift > /dev/null || { echo "build-sdk.sh: there is no swift on the PATH; Swift 6.3 is needed" >&2; exit 1; }
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
examples/install-packages.sh
sdk=Sources/LimequatABI/sdk
header=Sources/CLimequat/include/limequat.h
version=$(sed -n 's/^#define LMQ_VERSION "\(.*\)"/\1/p' "$header")

echo "Building liblimequat $version for $target ..."
scratch=${LIMEQUAT_EMBEDDED_SCRATCH:-.build-embedded}
strip=strip
set --
if [ "$target" != "$machine" ]; then
  scratch=$scratch-$target strip=$target-linux-gnu-strip
  command -v "$strip" > /dev/null || { echo "build-sdk.sh: $target-linux-gnu-gcc is missing (Debian: gcc-aarch64-linux-gnu)" >&2; exit 1; }
  $sdk/aarch64.sh "$scratch/root"
  root=$(cd "$scratch/root" && pwd)
  # The toolchain has Embedded Swift for bare aarch64, whose calling convention is that of Linux. The C sources
  # are told that it is Linux, and get its headers.
  set -- --triple aarch64-none-none-elf -Xcc -D__linux__=1 -Xcc -fPIC \
    -Xcc -isystem -Xcc "$root/include" -Xcc -isystem -Xcc /usr/aarch64-linux-gnu/include
  TARGET="--target=aarch64-linux-gnu --gcc-toolchain=/usr" LIBS="-L$root/lib -lprotobuf-c"
  export TARGET LIBS
fi
# Size matters more than speed outside the kernels, which are C. Sections of their own let the linker drop the
# copies that each Swift object carries of what it uses; the passes that are left out make further copies. Loops of
# the kernels keep their alignment where functions of C have none.
swift build "$@" -c release --traits Embedded --target LimequatABI --scratch-path "$scratch" \
  -Xswiftc -Osize -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections \
  -Xcc -fno-asynchronous-unwind-tables -Xcc -falign-functions=1 \
  -Xswiftc -Xllvm -Xswiftc -enable-machine-outliner=always \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=closure-specialize \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=capture-prop \
  -Xswiftc -Xllvm -Xswiftc -sil-disable-pass=function-signature-opts

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Limequat"
$sdk/link.sh "$scratch/release" "$prefix/lib"
"$strip" --strip-unneeded -R .swift_modhash -R .comment "$prefix/lib/liblimequat.so.0"
"$strip" --strip-debug "$prefix/lib/liblimequat.a"
cp "$header" "$prefix/include/"
sed "s/@version@/$version/" $sdk/limequat.pc.in > "$prefix/lib/pkgconfig/limequat.pc"
sed "s/@version@/$version/" $sdk/LimequatConfigVersion.cmake.in \
  > "$prefix/lib/cmake/Limequat/LimequatConfigVersion.cmake"
cp $sdk/LimequatConfig.cmake "$prefix/lib/cmake/Limequat/"
echo "Installed in $prefix:"
ls -l "$prefix/lib" | awk 'NR > 1 { print "  " $5, $9 }'
