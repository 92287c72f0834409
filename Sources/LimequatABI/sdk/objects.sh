#!/bin/sh
# objects.sh BUILD [swift|c]: the object files behind the C API in a build folder (<scratch path>/<configuration>):
# those of Swift, those of C, or both. The targets are those under the C API in Package.swift, except CLimequat,
# which is a header. An object whose source is gone stays in a build folder, and is left out here.
set -eu
build=$1
sources=$(cd "$(dirname "$0")/../.." && pwd)
swift="LimequatBytes LimequatTensor LimequatProtobuf LimequatContainer LimequatGraph LimequatText LimequatVision
  LimequatRuntime Limequat LimequatABI"
c="CLimequatSchema CLimequatKernels CLimequatPlatform"
case ${2:-both} in
  swift) targets=$swift ;;
  c) targets=$c ;;
  *) targets="$swift $c" ;;
esac
for target in $targets; do
  [ -d "$build/$target.build" ] || { echo "objects.sh: $target is not built in $build" >&2; exit 1; }
  find "$build/$target.build" -name '*.o' | LC_ALL=C sort | while read -r object; do
    source=$(basename "$object" .o)
    if [ -n "$(find "$sources/$target" -name "$source" -print -quit)" ]; then echo "$object"; fi
  done
done
