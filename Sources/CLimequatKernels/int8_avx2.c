// Int8 products for x86-64 with AVX2. maddubs multiplies unsigned with signed bytes and adds pairs in 16
// bits; it takes the magnitude of a signed code, up to 128, and the weight, inverted where the code is
// negative: sums from 2 * 128 * -128 to 2 * 128 * 127 fit and are exact. (vpsignb would spare the correction
// of LMQ_SPLIT, but it shares the multiplications' ports.)
//
// Most codes and weights are far smaller. Where many rows share a panel it pays to find the pairs of units
// whose products fit 16 bits together, in all rows and all outputs: these are widened to 32 bits only once.
#if defined(__x86_64__)

#include <immintrin.h>

#include "walk.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum {
  REGISTERS = 4,         // of a unit of a panel
  UNIT = LMQ_PANEL * 4,  // its bytes
  PAIRED_UNITS = 64,     // least, for pairs to be looked for: the largest of few numbers is little above others
};

LMQ_INLINE __m256i load(const char *p) { return _mm256_load_si256((const __m256i *)(const void *)p); }
LMQ_INLINE __m256i load_any(const char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
LMQ_INLINE void store_any(char *p, __m256i a) { _mm256_storeu_si256((__m256i *)(void *)p, a); }
LMQ_INLINE __m256i spread(const char *p) { return _mm256_set1_epi32(load_i32(p)); }

/// The pairs of units of a block, by number: first those that fit. One number more is read, and not used.
typedef struct { size_t fitting, all; uint8_t index[LMQ_BLOCK / 2 + 1]; } pairs;

/// The magnitudes of 16 sums of two products each, at most, but for the 1 that codes and weights may be larger.
LMQ_INLINE __m256i bounds_of(__m256i largest, const char *w) {
  return _mm256_maddubs_epi16(_mm256_abs_epi8(load(w)), largest);
}

_Static_assert(LMQ_BLOCK / 2 <= 256, "numbers of pairs are bytes");

static void find_pairs(const lmq_tile *t, pairs *p) {
  // (x + 1) (w + 1) is larger than x w by 127 + 128 + 1 or less; a sum of a pair has four of these.
  const __m256i limit = _mm256_set1_epi16(INT16_MAX - 4 * 256);
  const char *w = t->w, *largest = t->x + t->rows * t->x_bytes;
  uint8_t others[LMQ_BLOCK / 2];
  size_t other_count = 0;
  p->fitting = 0, p->all = t->k / 2;
  LMQ_ROLLED for (size_t j = 0; j < p->all; j++, w += 2 * UNIT, largest += 8) {
    const __m256i a = spread(largest), b = spread(largest + 4);
    __m256i most = _mm256_setzero_si256();
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) {
      __m256i sums = _mm256_adds_epi16(bounds_of(a, w + r * 32), bounds_of(b, w + UNIT + r * 32));
      most = _mm256_max_epi16(most, sums);
    }
    const bool fits = _mm256_movemask_epi8(_mm256_cmpgt_epi16(most, limit)) == 0;
    p->index[p->fitting] = others[other_count] = (uint8_t)j;
    p->fitting += fits, other_count += !fits;
  }
  memcpy(p->index + p->fitting, others, other_count);
}

typedef struct { __m256i of[3][REGISTERS]; } sums;

LMQ_INLINE __m256i product(__m256i magnitudes, __m256i negative, const char *w) {
  return _mm256_maddubs_epi16(magnitudes, _mm256_xor_si256(negative, load(w)));
}
LMQ_INLINE void add(sums *s, size_t i, size_t r, __m256i products) {
  s->of[i][r] = _mm256_add_epi32(s->of[i][r], _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
  KEEP_ORDER(s->of[i][r]);
}

/// Of one unit. Each row reads the weights anew, as an operand in the first cache: to the processor that is no
/// instruction more, and leaves the registers to a third row.
LMQ_INLINE void add_unit(sums *s, size_t rows, const char *x, size_t x_bytes, size_t plane, const char *w) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++, x += x_bytes) {
    const __m256i a = spread(x), negative = spread(x + plane);
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) add(s, i, r, product(a, negative, w + r * 32));
  }
}

/// Of two units that fit; two rows.
LMQ_INLINE void add_pair(sums *s, const char *x, size_t x_bytes, size_t plane, const char *w) {
  LMQ_UNROLL for (size_t i = 0; i < 2; i++, x += x_bytes) {
    __m256i first[REGISTERS], a = spread(x), negative = spread(x + plane);
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) {
      first[r] = product(a, negative, w + r * 32);
      KEEP_ORDER(first[r]);
    }
    a = spread(x + 4), negative = spread(x + 4 + plane);
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) {
      first[r] = _mm256_add_epi16(first[r], product(a, negative, w + UNIT + r * 32));
      KEEP_ORDER(first[r]);
    }
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) add(s, i, r, first[r]);
  }
}

LMQ_INLINE void load_totals(const lmq_tile *t, size_t rows, const char *totals, sums *s) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++)
      s->of[i][r] = t->is_first ? _mm256_setzero_si256() : load(totals + (i * REGISTERS + r) * 32);
}
LMQ_INLINE void store_totals(size_t rows, const sums *s, char *totals) {
  LMQ_UNROLL for (size_t i = 0; i < rows; i++)
    LMQ_UNROLL for (size_t r = 0; r < REGISTERS; r++) store_any(totals + (i * REGISTERS + r) * 32, s->of[i][r]);
}

/// Weights that are fetched meanwhile: so many bytes with each unit, up to two cache lines.
typedef struct { const char *next; size_t bytes; } fetching;

LMQ_INLINE void fetch(fetching *f) {
  if (__builtin_expect(!f->next, 0)) return;
  __builtin_prefetch(f->next, 0, 2);
  __builtin_prefetch(f->next + f->bytes / 2, 0, 2);
  f->next += f->bytes;
}
/// Memory has the time of the first two steps of a tile, which is enough.
LMQ_INLINE fetching half_of(const lmq_tile *t, size_t step) {
  const size_t bytes = t->next_bytes / 2;
  return (fetching){t->next && step < 2 ? t->next + step * t->k * bytes : NULL, bytes};
}

/// `rows` rows from row `first` on.
LMQ_INLINE void tile_of(size_t rows, size_t first, const lmq_tile *t, fetching f) {
  char *const totals = (char *)t->totals + first * LMQ_PANEL * 4;
  const char *x = t->x + first * t->x_bytes, *w = t->w;
  const size_t x_bytes = t->x_bytes, plane = t->plane, k = t->k;
  sums s;
  load_totals(t, rows, totals, &s);
  LMQ_ROLLED for (size_t j = 0; j < k; j++, x += 4, w += UNIT) {
    fetch(&f);
    add_unit(&s, rows, x, x_bytes, plane, w);
  }
  store_totals(rows, &s, totals);
}

/// Two rows by pairs. The numbers of pairs are read ahead, since all loads of a pair wait for its own.
static void paired_tile_of(size_t first, const lmq_tile *t, const pairs *p, fetching f) {
  char *const totals = (char *)t->totals + first * LMQ_PANEL * 4;
  const char *const x = t->x + first * t->x_bytes, *const w = t->w;
  const size_t x_bytes = t->x_bytes, plane = t->plane, fitting = p->fitting, all = p->all;
  size_t i = 0, following = p->index[0];
  f.bytes *= 2;
  sums s;
  load_totals(t, 2, totals, &s);
  LMQ_ROLLED for (; i < fitting; i++) {
    const size_t j = following;
    following = p->index[i + 1];
    fetch(&f);
    add_pair(&s, x + j * 8, x_bytes, plane, w + j * 2 * UNIT);
  }
  LMQ_ROLLED for (; i < all; i++) {
    const size_t j = following;
    following = p->index[i + 1];
    fetch(&f);
    add_unit(&s, 2, x + j * 8, x_bytes, plane, w + j * 2 * UNIT);
    add_unit(&s, 2, x + j * 8 + 4, x_bytes, plane, w + (j * 2 + 1) * UNIT);
  }
  if (t->k % 2) add_unit(&s, 2, x + all * 8, x_bytes, plane, w + all * 2 * UNIT);
  store_totals(2, &s, totals);
}

/// Takes all rows of a band.
void lmq_tile_avx2(const lmq_tile *t) {
  size_t i = 0;
  if (t->rows >= LMQ_PAIRED_ROWS && t->k >= PAIRED_UNITS) {
    pairs p;
    find_pairs(t, &p);
    for (; i + 2 <= t->rows; i += 2) paired_tile_of(i, t, &p, half_of(t, i / 2));
  }
  // What is left, three at a time, and rather twice two than one at last. After pairs all has been fetched.
  for (size_t step = i, rows; i < t->rows; i += rows, step++) {
    const fetching f = t->rows <= 3 ? (fetching){t->next, t->next_bytes} : half_of(t, step);
    rows = t->rows - i == 4 ? 2 : lmq_min(t->rows - i, 3);
    switch (rows) {
    case 1: tile_of(1, i, t, f); break;
    case 2: tile_of(2, i, t, f); break;
    case 3: tile_of(3, i, t, f); break;
    }
  }
}

/// 32 codes, less 128, as magnitudes and, a plane behind, -1 for those that are negative. Adds the magnitudes of
/// these to `sum`. To find the largest, these count as 1 less, so that 128 fits.
LMQ_INLINE __m256i split_codes(const char *codes, char *x, size_t plane, char *largest, __m256i sum) {
  const __m256i zero = _mm256_setzero_si256(), code = _mm256_xor_si256(load_any(codes), _mm256_set1_epi8(-128));
  const __m256i negative = _mm256_cmpgt_epi8(zero, code), magnitude = _mm256_abs_epi8(code);
  store_any(x, magnitude);
  store_any(x + plane, negative);
  store_any(largest, _mm256_max_epi8(load_any(largest), _mm256_xor_si256(code, negative)));
  return _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_and_si256(magnitude, negative), zero));
}

/// Answers the sum of the magnitudes of all that are negative. Rows have room for whole registers.
int32_t lmq_copy_split(const char *codes, size_t bytes, char *x, size_t plane, char *largest) {
  __m256i sum = _mm256_setzero_si256();
  size_t j = 0;
  for (; j + 32 <= bytes; j += 32) sum = split_codes(codes + j, x + j, plane, largest + j, sum);
  if (j < bytes) {
    char rest[32];
    memset(rest, -128, sizeof rest);
    memcpy(rest, codes + j, bytes - j);
    sum = split_codes(rest, x + j, plane, largest + j, sum);
  }
  __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  return _mm_cvtsi128_si32(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

#pragma clang attribute pop
#endif
