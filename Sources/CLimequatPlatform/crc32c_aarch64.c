// CRC-32C by the instruction of aarch64.

#include "crc32c.h"

#if defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>

enum {
  LANES = 3,    // independent sums, which do not wait for each other
  LANE = 8192,  // bytes that each takes before they are joined by two products of 32 steps
  BLOCK = LANES * LANE,
};

/// x^(8 LANE) modulo the polynomial, bits reversed.
static const uint32_t past_lane = 0x28461564;

__attribute__((target("crc"))) static uint32_t crc_by_sums(uint32_t crc, const unsigned char *p, size_t size) {
  uint64_t word;
  for (; size >= BLOCK; p += BLOCK, size -= BLOCK) {
    uint32_t sums[LANES] = {crc};
    for (size_t i = 0; i < LANE; i += 8)
      for (size_t s = 0; s < LANES; s++) {
        memcpy(&word, p + s * LANE + i, 8);
        sums[s] = __crc32cd(sums[s], word);
      }
    crc = lmq_crc32c_product(lmq_crc32c_product(sums[0], past_lane) ^ sums[1], past_lane) ^ sums[2];
  }
  for (; size >= 8; p += 8, size -= 8) {
    memcpy(&word, p, 8);
    crc = __crc32cd(crc, word);
  }
  for (; size; p++, size--) crc = __crc32cb(crc, *p);
  return crc;
}

lmq_crc32c_function *lmq_crc32c_by_instructions(void) {
  const unsigned long crc32 = 1ul << 7;  // HWCAP_CRC32
  return getauxval(AT_HWCAP) & crc32 ? crc_by_sums : NULL;
}
#endif
