/* What one core can do at most, measured: loops of independent multiply-adds on registers. */
#ifndef BENCH_BOUNDS_H
#define BENCH_BOUNDS_H

#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { ROUNDS = 20000, CHAINS = 12 };

#if defined(__x86_64__)
#include <immintrin.h>

/* `CHAINS` accumulators hide the latency; the empty asm keeps the compiler from folding the loop. */
#define BOUND(name, features, type, zero, update) \
  __attribute__((target(features), noinline)) static void name(void) { \
    type sums[CHAINS], a = zero, b = zero; \
    for (int i = 0; i < CHAINS; i++) sums[i] = zero; \
    __asm__ volatile("" : "+v"(a), "+v"(b)); \
    for (int round = 0; round < ROUNDS; round++) { \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) { \
        update; \
        __asm__ volatile("" : "+v"(sums[i])); \
      } \
    } \
  }

BOUND(fma_256, "avx2,fma", __m256, _mm256_setzero_ps(), sums[i] = _mm256_fmadd_ps(a, b, sums[i]))
BOUND(fma_512, "avx512f", __m512, _mm512_setzero_ps(), sums[i] = _mm512_fmadd_ps(a, b, sums[i]))
#endif

/* GMAC/s of a bound whose loop step is `macs` multiply-adds: the best of several runs. */
static double bound(void (*loop)(void), double macs) {
  double best = 0;
  for (int run = 0; run < 30; run++) {
    double start = now();
    loop();
    double rate = macs * ROUNDS * CHAINS / (now() - start) * 1e-9;
    if (rate > best) best = rate;
  }
  return best;
}

#endif
