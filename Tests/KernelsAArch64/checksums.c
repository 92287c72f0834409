// Compares lmq_crc32c with the definition of CRC-32C, bit after bit, at the ends of all its blocks.

#include "checksums.h"

#include <stdio.h>

#include "limequat_platform.h"

enum { SIZE = 60000 };

static uint32_t by_definition(uint32_t crc, const unsigned char *p, size_t size) {
  while (size--) {
    crc ^= *p++;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
  }
  return crc;
}

bool checksums_are_right(void) {
  static const size_t sizes[] = {0, 1, 7, 8, 9, 3071, 3072, 6143, 6144, 6145, 24575, 24576, 24577, 49152, SIZE - 1};
  static unsigned char bytes[SIZE];
  for (size_t i = 0; i < SIZE; i++) bytes[i] = (unsigned char)(i * 2654435761u >> 13);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t start = 0; start < 2; start++) {
      const uint32_t state = 0x12345678;
      if (lmq_crc32c(state, bytes + start, sizes[i]) == by_definition(state, bytes + start, sizes[i])) continue;
      printf("CRC-32C of %zu bytes from byte %zu differs\n", sizes[i], start);
      return false;
    }
  return true;
}
