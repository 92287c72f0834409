// The ways to a CRC-32C.
#ifndef LMQ_CRC32C_H
#define LMQ_CRC32C_H

#include "limequat_platform.h"

enum { LMQ_CRC32C_POLYNOMIAL = 0x82F63B78u };  // 0x1EDC6F41, bits reversed

typedef uint32_t lmq_crc32c_function(uint32_t state, const unsigned char *bytes, size_t size);

#pragma GCC visibility push(hidden)
/// The fastest that this processor has instructions for, or NULL.
lmq_crc32c_function *lmq_crc32c_by_instructions(void);
/// The product of two polynomials modulo that of the checksum, bits reversed.
uint32_t lmq_crc32c_product(uint32_t a, uint32_t b);
#pragma GCC visibility pop

#endif
