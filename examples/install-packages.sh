#!/usr/bin/env bash
# Installs the Debian packages that Limequat builds with, unless they are there already: quietly, and only then
# with a need for the network and for root.
#
#   examples/install-packages.sh [more packages ...]
set -euo pipefail

packages=(libprotobuf-c-dev protobuf-c-compiler libpng-dev libjpeg-dev zlib1g-dev libjansson-dev pkg-config "$@")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! { "${as_root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" "${install[@]}"; } \
  >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
