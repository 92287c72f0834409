#!/bin/sh
# Compiles the public header as C99, C11, C++11 and C++20, with every compiler that is here.
set -eu
cd "$(dirname "$0")"
flags="-Wall -Wextra -Wpedantic -Werror -Wconversion -fsyntax-only -I../../Sources/CLimequat/include"
probe() { # compiler, language, standard
  command -v "$1" > /dev/null || return 0
  "$1" -x "$2" -std="$3" $flags probe.c
  echo "limequat.h: $1 $3"
}
for standard in c99 c11; do
  for compiler in cc gcc clang; do probe $compiler c $standard; done
done
for standard in c++11 c++20; do
  for compiler in c++ g++ clang++; do probe $compiler c++ $standard; done
done
