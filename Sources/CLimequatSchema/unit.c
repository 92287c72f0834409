// Compiles the codecs that protoc-c generated from formats/*.proto, with hidden symbols.
// Tests/schema.sh generates them anew and compares.

#include <assert.h>
#include <protobuf-c/protobuf-c.h>

#pragma GCC visibility push(hidden)
#include "generated/limequat.pb-c.c"
#include "generated/onnx.pb-c.c"
#pragma GCC visibility pop
