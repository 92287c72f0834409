#!/usr/bin/env bash
# The installed C library where nobody knows Swift: a Debian root with gcc, libc6-dev, libprotobuf-c1 and nothing else
# compiles and runs README's program and examples/c/embed.c; with Python and NumPy added it runs the Python package.
#
#   Tests/chroot.sh     LIMEQUAT_SDK=PREFIX, LIMEQUAT=FILE reuse a library and a command line that are built
#
# debootstrap makes the root, which needs root and the network, and the folder LIMEQUAT_CHROOT (without it
# ~/.cache/limequat) keeps it for the next time. Where that fails, the C part runs outside of a chroot with nothing
# but the system's own folders on PATH. The last line says which way was taken.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${LIMEQUAT_CHROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/limequat}
suite=bookworm # glibc 2.36, the oldest that the library runs on
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "chroot: $*" >&2; exit 1; }

# root NAME HOW: unpacks the kept root NAME into $work/NAME, or makes it there with the function HOW and keeps it.
root() {
  mkdir "$work/$1"
  if [ -e "$cache/$suite-$1.tar" ]; then
    tar -xf "$cache/$suite-$1.tar" -C "$work/$1"
  elif "$2" "$work/$1" >"$work/log" 2>&1; then
    rm -rf "$work/$1"/var/cache/apt/* "$work/$1"/var/lib/apt/lists/* "$work/$1"/usr/share/{doc,man,locale}/*
    mkdir -p "$cache"
    tar -cf "$cache/$suite-$1.tar.$$" -C "$work/$1" . && mv "$cache/$suite-$1.tar.$$" "$cache/$suite-$1.tar"
  else
    tail -n 5 "$work/log" >&2
    rm -rf "${work:?}/$1"
    return 1
  fi
}
with_gcc() {
  examples/install-packages.sh debootstrap && debootstrap --variant=minbase --include=gcc,libc6-dev,libprotobuf-c1 $suite "$1"
}
with_python() { # two packages more than $work/gcc
  cp -a "$work/gcc/." "$1" && cp /etc/resolv.conf "$1/etc/" && chroot "$1" sh -c 'export DEBIAN_FRONTEND=noninteractive
    apt-get update && apt-get install -y --no-install-recommends python3-numpy python3-pil'
}

# What a user has: the library, two programs, a model and an image.
sdk=${LIMEQUAT_SDK:-$PWD/.sdk}
[ -e "$sdk/lib/liblimequat.so.0" ] || examples/build-sdk.sh "$sdk"
limequat=${LIMEQUAT:-$(swift build --show-bin-path)/limequat}
[ -x "$limequat" ] || swift build --product limequat
user=$work/user
mkdir -p "$user/sdk"
cp -R "$sdk/include" "$sdk/lib" "$user/sdk/"
cp examples/c/embed.c examples/c/pnm.h "$user/"
awk '/^```$/ { inside = 0 } inside; /^```c$/ { inside = 1 }' README.md >"$user/readme.c"
"$limequat" convert examples/digits/checkpoint -o "$user/digits.lmq" >/dev/null
python3 Tests/Command/png_to_pgm.py "$user" examples/digits/test/0002-label8.png
cat >"$user/programs" <<'P'
set -eu
if command -v swift || command -v swiftc; then echo "there is a Swift here"; exit 1; fi
for program in embed readme; do
  cc -std=c99 -Wall -Wextra -Werror $program.c -o $program -Isdk/include -Lsdk/lib -llimequat -Wl,-rpath,"$PWD/sdk/lib"
  cc -std=c99 $program.c -o $program-static -Isdk/include sdk/lib/liblimequat.a -l:libprotobuf-c.so.1 -lm -lpthread
done
for kind in "" -static; do
  ./embed$kind digits.lmq 0002-label8.pgm zero one two three four five six seven eight nine
  ./readme$kind
done
P

if [ "$(id -u)" -eq 0 ] && root gcc with_gcc; then
  way="in a clean Debian root"
  [ -z "$(find "$work/gcc" -name '*swift*' -print -quit)" ] || fail "there is something of Swift in the clean root"
  cp -R "$user" "$work/gcc/user"
  chroot "$work/gcc" sh -c 'cd /user && exec env -i PATH=/usr/bin:/bin sh programs' >"$work/out"
  rm -rf "$work/gcc/user"
else
  way="outside of a chroot, without the toolchain on PATH: no root could be made"
  (cd "$user" && exec env -i PATH=/usr/bin:/bin sh programs) >"$work/out"
fi
cat "$work/out"
[ "$(grep -cx eight "$work/out")" -eq 2 ] || fail "embed.c does not print the label"
[ "$(grep -cE '^-?0[.][0-9]+ -?0[.][0-9]+ [.]{3}$' "$work/out")" -eq 2 ] || fail "README's program prints no vector"
echo "chroot: C programs run $way"

if [ ! -d "$work/gcc" ]; then
  echo "chroot: the Python package was not tried"
elif root python with_python; then
  examples/install-packages.sh python3-venv >&2
  /usr/bin/python3 -m venv "$work/venv"
  LIMEQUAT_SDK=$sdk "$work/venv/bin/pip" --quiet --disable-pip-version-check wheel --no-deps -w "$work" examples/python
  packages=$work/python/user/site-packages
  mkdir -p "$packages"
  python3 -m zipfile -e "$work"/limequat-*-py3-none-linux_*.whl "$packages"
  cp -R Tests/Python/test_limequat.py examples/digits "$user/digits.lmq" "$work/python/user/"
  # Mounts in a name space of their own end with it, so that removing the root can meet none.
  unshare --mount sh -c 'mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" &&
    exec chroot "$1" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 PYTHONPATH=/user/site-packages \
      python3 /user/test_limequat.py /user/digits.lmq /user/digits' - "$work/python"
  echo "chroot: the Python package runs in a clean Debian root"
else
  echo "chroot: the Python package was not tried: no root with Python could be made"
fi
