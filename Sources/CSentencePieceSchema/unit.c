// Compiles the codec that protoc-c generated from formats/sentencepiece.proto, with hidden symbols.
// Tests/schema.sh generates it anew and compares.

#include <assert.h>
#include <protobuf-c/protobuf-c.h>

#pragma GCC visibility push(hidden)
#include "generated/sentencepiece.pb-c.c"
#pragma GCC visibility pop
