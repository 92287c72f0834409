/* What one core can do at most, measured: loops of independent multiply-adds on registers. */
#ifndef BENCH_BOUNDS_H
#define BENCH_BOUNDS_H

#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { ROUNDS = 20000, CHAINS = 12 };

typedef struct {
  const char *name, *table; /* the kernels that may be measured against it have names that begin so */
  void (*loop)(void);
  double macs; /* of one step of the loop */
} bound;

#if defined(__x86_64__)
#include <immintrin.h>

/* CHAINS accumulators hide the latency; the empty asm keeps the compiler from folding the loop. */
#define LOOP(name, features, type, zero, update) \
  __attribute__((target(features), noinline)) static void name(void) { \
    type sums[CHAINS], a = zero, b = zero; \
    for (int i = 0; i < CHAINS; i++) sums[i] = zero; \
    for (int round = 0; round < ROUNDS; round++) { \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) { \
        __asm__ volatile("" : "+v"(a), "+v"(b), "+v"(sums[i])); \
        sums[i] = update; \
      } \
    } \
    for (int i = 0; i < CHAINS; i++) __asm__ volatile("" : "+v"(sums[i])); \
  }

LOOP(fma_256, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, b, sums[i]))
LOOP(fma_512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, b, sums[i]))
LOOP(maddubs_256, "avx2", __m256i, _mm256_setzero_si256(),
     _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), a)))
LOOP(vpdpbusd_256, "avxvnni", __m256i, _mm256_setzero_si256(), _mm256_dpbusd_avx_epi32(sums[i], a, b))
LOOP(vpdpbusd_512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(sums[i], a, b))

/* Products that maddubs makes may share madd and add, two by two or three by three, if they are small: then up to a
 * fifth more is possible than maddubs_256. */

/* For each kind the bound of a table is the first whose `table` its name begins with. */
static const bound f32_bounds[] = {{"fma 512", "avx512", fma_512, 16}, {"fma 256", "avx", fma_256, 8}, {0}};
static const bound int8_bounds[] = {
    {"vpdpbusd 512", "avx512-vnni", vpdpbusd_512, 64}, {"vpdpbusd 256", "avx-vnni", vpdpbusd_256, 32},
    {"maddubs 256", "avx", maddubs_256, 32}, {0}};
#else
static const bound f32_bounds[] = {{0}}, int8_bounds[] = {{0}};
#endif

static inline const bound *bound_of(const bound *bounds, const char *table) {
  for (; bounds->name; bounds++)
    if (strncmp(table, bounds->table, strlen(bounds->table)) == 0) return bounds;
  return NULL;
}

/* GMAC/s: the best of several runs; 0 without a bound. */
static double bound_rate(const bound *b) {
  double best = 0;
  for (int run = 0; b && run < 30; run++) {
    double start = now();
    b->loop();
    double rate = b->macs * ROUNDS * CHAINS / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  return best;
}

#endif
