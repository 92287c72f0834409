// CRC-32C over a running state: with the processor's own instruction where it has one, else by table.
// Several GB/s matter: every expert that is read from disk is checked.

#include "limequat_platform.h"

enum { polynomial = 0x82F63B78u };  // 0x1EDC6F41, bits reversed

static uint32_t tables[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    tables[0][i] = crc;
  }
  for (int t = 1; t < 8; t++)
    for (int i = 0; i < 256; i++) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
}

static uint32_t crc_by_table(uint32_t crc, const unsigned char *p, size_t size) {
  pthread_once(&tables_once, make_tables);
  while (size >= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (int byte = 0; byte < 8; byte++) crc ^= tables[7 - byte][(word >> (8 * byte)) & 255];
    p += 8;
    size -= 8;
  }
  while (size--) crc = (crc >> 8) ^ tables[0][(crc ^ *p++) & 255];
  return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

enum {
  lane = 1024,         // bytes that each of three parallel sums takes before they are joined
  ahead = 2 * 3 * lane  // bytes from what is summed to what is fetched
};

/// `shift[k]` moves a CRC past `lane` zero bytes, by four tables of one byte each.
static uint32_t shift_one[4][256], shift_two[4][256];
static pthread_once_t shift_once = PTHREAD_ONCE_INIT;

static uint32_t past_zeros(uint32_t crc, size_t zeros) {
  pthread_once(&tables_once, make_tables);
  while (zeros--) crc = (crc >> 8) ^ tables[0][crc & 255];
  return crc;
}

static void make_shifts(void) {
  uint32_t bit_one[32], bit_two[32];
  for (int bit = 0; bit < 32; bit++) {
    bit_one[bit] = past_zeros(1u << bit, lane);
    bit_two[bit] = past_zeros(bit_one[bit], lane);
  }
  for (int byte = 0; byte < 4; byte++)
    for (int value = 0; value < 256; value++) {
      uint32_t one = 0, two = 0;
      for (int bit = 0; bit < 8; bit++)
        if (value >> bit & 1) one ^= bit_one[8 * byte + bit], two ^= bit_two[8 * byte + bit];
      shift_one[byte][value] = one;
      shift_two[byte][value] = two;
    }
}

static uint32_t shifted(uint32_t table[4][256], uint32_t crc) {
  return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

// The instruction has a latency of three and a throughput of one: three independent lanes fill it.
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(
    uint32_t start, const unsigned char *p, size_t size) {
  uint64_t crc = start;
  if (size >= 3 * lane) pthread_once(&shift_once, make_shifts);
  while (size >= 3 * lane) {
    uint64_t a = crc, b = 0, c = 0;
    for (size_t line = 0; line < lane; line += 64) {
      // Lanes are too short for the processor to see where they lead; without this a third of the speed is left.
      for (size_t i = 0; i < 3 * 64; i += 64) __builtin_prefetch(p + ahead + 3 * line + i);
      for (size_t i = line; i < line + 64; i += 8) {
        uint64_t x, y, z;
        memcpy(&x, p + i, 8);
        memcpy(&y, p + lane + i, 8);
        memcpy(&z, p + 2 * lane + i, 8);
        a = _mm_crc32_u64(a, x);
        b = _mm_crc32_u64(b, y);
        c = _mm_crc32_u64(c, z);
      }
    }
    crc = shifted(shift_two, (uint32_t)a) ^ shifted(shift_one, (uint32_t)b) ^ (uint32_t)c;
    p += 3 * lane;
    size -= 3 * lane;
  }
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t x;
    memcpy(&x, p, 8);
    crc = _mm_crc32_u64(crc, x);
  }
  for (; size; p++, size--) crc = _mm_crc32_u8((uint32_t)crc, *p);
  return (uint32_t)crc;
}

uint32_t lmq_crc32c(uint32_t state, const void *bytes, size_t size) {
  if (__builtin_cpu_supports("sse4.2")) return crc_by_instruction(state, bytes, size);
  return crc_by_table(state, bytes, size);
}
#else
uint32_t lmq_crc32c(uint32_t state, const void *bytes, size_t size) { return crc_by_table(state, bytes, size); }
#endif
