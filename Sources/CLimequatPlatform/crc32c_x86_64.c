// CRC-32C by the crc32 instruction of SSE4.2, and beside it by carry-less products of AVX registers, which keep
// other parts of the processor busy: together they are as fast as memory.
//
// A sum goes past n bits more when it is multiplied by x^n modulo the polynomial. Sums and constants have their
// bits in reverse, so that a product lies one bit lower than it should, and the reduction of a product (crc32 of it)
// multiplies by x^32: hence the constant of n bits is x^(n - 32), one bit higher.

#include "crc32c.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define SUMS __attribute__((target("sse4.2,pclmul")))
#define FOLDS __attribute__((target("sse4.2,pclmul,avx2,vpclmulqdq")))
#define INLINE static inline __attribute__((always_inline))

enum {
  LANES = 3,    // crc32 has a latency of three and a throughput of one: three independent sums fill it
  LANE = 1024,  // bytes that each takes before they are joined
  BLOCK = LANES * LANE,
  REGISTERS = 3,                // of 32 bytes, folded over as many bytes as lie between their own
  STRIDE = REGISTERS * 32,
  // Bytes from what is summed to what is fetched. Lanes are too short for the processor to see where they lead;
  // without this a third of the speed is left.
  SUM_AHEAD = 2 * BLOCK,
  FOLD_AHEAD = 8192,
};
_Static_assert(BLOCK % STRIDE == 0 && LANE % (BLOCK / STRIDE * 8) == 0, "both are done with a block together");

// For 1024, 2048 and 3072 bytes, and for the halves of 128 bits folded over STRIDE bytes.
static const int64_t past_lane = 0x170076fa, past_two_lanes = 0x1a0f717c4, past_block = 0x1307a0206;
static const int64_t low_past_stride = 0x1c1733996, high_past_stride = 0x102f9b8a2;

INLINE uint64_t word_at(const unsigned char *p) {
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

SUMS INLINE uint64_t moved(uint64_t crc, int64_t past) {
  __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc), _mm_cvtsi64_si128(past), 0);
  return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/// Adds `count` bytes of each lane.
SUMS INLINE void add_lanes(uint64_t sums[LANES], const unsigned char *p, size_t count) {
  for (size_t i = 0; i < count; i += 8)
    for (size_t s = 0; s < LANES; s++) sums[s] = _mm_crc32_u64(sums[s], word_at(p + s * LANE + i));
}

SUMS INLINE uint64_t joined(const uint64_t sums[LANES]) {
  return moved(sums[0], past_two_lanes) ^ moved(sums[1], past_lane) ^ sums[2];
}

SUMS static uint32_t crc_by_sums(uint32_t start, const unsigned char *p, size_t size) {
  uint64_t crc = start;
  for (; size >= BLOCK; p += BLOCK, size -= BLOCK) {
    uint64_t sums[LANES] = {crc};
    for (size_t i = 0; i < LANE; i += 64) {
      for (size_t s = 0; s < LANES; s++) __builtin_prefetch(p + SUM_AHEAD + LANES * i + s * 64);
      add_lanes(sums, p + i, 64);
    }
    crc = joined(sums);
  }
  for (; size >= 8; p += 8, size -= 8) crc = _mm_crc32_u64(crc, word_at(p));
  for (; size; p++, size--) crc = _mm_crc32_u8((uint32_t)crc, *p);
  return (uint32_t)crc;
}

FOLDS INLINE __m256i load(const unsigned char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }

/// `a` past STRIDE bytes, not reduced.
FOLDS INLINE __m256i folded(__m256i a) {
  const __m256i past = _mm256_set_epi64x(high_past_stride, low_past_stride, high_past_stride, low_past_stride);
  return _mm256_xor_si256(_mm256_clmulepi64_epi128(a, past, 0x00), _mm256_clmulepi64_epi128(a, past, 0x11));
}

/// Folds a block, while the lanes of the next are summed.
FOLDS static uint32_t crc_by_folds(uint32_t crc, const unsigned char *p, size_t size) {
  enum { STEPS = BLOCK / STRIDE, LANE_STEP = LANE / STEPS };
  for (; size >= 2 * BLOCK; p += 2 * BLOCK, size -= 2 * BLOCK) {
    uint64_t sums[LANES] = {0}, fold = 0;
    __m256i a[REGISTERS] = {_mm256_set_epi64x(0, 0, 0, crc)};
    for (size_t i = 0; i < STEPS; i++) {
      const unsigned char *ahead = p + FOLD_AHEAD + i * 2 * STRIDE;
      for (size_t line = 0; line < 2 * STRIDE; line += 64) __builtin_prefetch(ahead + line);
      for (size_t r = 0; r < REGISTERS; r++) {
        // What is first has yet to be folded over nothing.
        if (i > 0) a[r] = folded(a[r]);
        a[r] = _mm256_xor_si256(a[r], load(p + i * STRIDE + r * 32));
      }
      add_lanes(sums, p + BLOCK + i * LANE_STEP, LANE_STEP);
    }
    for (size_t r = 0; r < REGISTERS; r++)
      for (size_t w = 0; w < 4; w++) fold = _mm_crc32_u64(fold, (uint64_t)a[r][w]);
    crc = (uint32_t)(moved(fold, past_block) ^ joined(sums));
  }
  return crc_by_sums(crc, p, size);
}

/// Whether the system keeps registers of AVX, where the processor has the instruction that tells.
__attribute__((target("xsave"))) static bool keeps_ymm(void) { return (_xgetbv(0) & 0x06) == 0x06; }

// __builtin_cpu_supports would link a list of all processors, a hundredth of the library.
lmq_crc32c_function *lmq_crc32c_by_instructions(void) {
  const unsigned pclmul = 1u << 1, sse42 = 1u << 20, avx = 1u << 28 | 1u << 27;  // leaf 1, ecx; with osxsave
  const unsigned avx2 = 1u << 5, vpclmulqdq = 1u << 10;                            // leaf 7, ebx and ecx
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & pclmul) || !(c & sse42)) return NULL;
  const bool folds = (c & avx) == avx && keeps_ymm() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & avx2) &&
                     (c & vpclmulqdq);
  return folds ? crc_by_folds : crc_by_sums;
}
#endif
