// CRC-32C over a running state: by instructions where the processor has them (crc32c_*.c), else by table.
// Many GB/s matter: every expert is checked when it is first used.

#include "crc32c.h"

static uint32_t tables[8][256];

static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? LMQ_CRC32C_POLYNOMIAL : 0);
    tables[0][i] = crc;
  }
  for (int t = 1; t < 8; t++)
    for (int i = 0; i < 256; i++) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 255];
}

static uint32_t crc_by_table(uint32_t crc, const unsigned char *p, size_t size) {
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

#if !defined(__x86_64__) && !(defined(__aarch64__) && defined(__linux__))
lmq_crc32c_function *lmq_crc32c_by_instructions(void) { return NULL; }
#endif

static lmq_crc32c_function *chosen;
/// Of x, bits reversed: that of 2^i bytes each.
static uint32_t powers[8 * sizeof(size_t)];

uint32_t lmq_crc32c_product(uint32_t a, uint32_t b) {
  uint32_t sum = 0;
  for (; a; a <<= 1) {
    sum ^= a >> 31 ? b : 0;
    b = b >> 1 ^ (b & 1 ? LMQ_CRC32C_POLYNOMIAL : 0);
  }
  return sum;
}

/// Once: in a virtual machine it takes microseconds to ask a processor what it has.
static void choose(void) {
  powers[0] = 1u << (31 - 8);
  for (size_t i = 1; i < sizeof powers / sizeof *powers; i++)
    powers[i] = lmq_crc32c_product(powers[i - 1], powers[i - 1]);
  chosen = lmq_crc32c_by_instructions();
  if (chosen) return;
  make_tables();
  chosen = crc_by_table;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

uint32_t lmq_crc32c_past(uint32_t state, size_t bytes) {
  pthread_once(&once, choose);
  for (size_t i = 0; bytes; bytes >>= 1, i++)
    if (bytes & 1) state = lmq_crc32c_product(state, powers[i]);
  return state;
}

uint32_t lmq_crc32c(uint32_t state, const void *bytes, size_t size) {
  pthread_once(&once, choose);
  return chosen(state, bytes, size);
}
