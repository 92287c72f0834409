// strerror_r comes in two variants under one name; this file asks for the one that ISO and POSIX mean.
#undef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L
#include <string.h>

#pragma GCC visibility push(hidden)
const char *lmq_error_text(int number, char *buffer, size_t size);
#pragma GCC visibility pop

const char *lmq_error_text(int number, char *buffer, size_t size) {
  return strerror_r(number, buffer, size) == 0 ? buffer : NULL;
}
