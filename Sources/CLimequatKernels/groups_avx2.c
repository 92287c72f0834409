// How codes are copied for the int8 tile of AVX2 (int8_avx2.c), and which units are added in groups.
//
// A sum of 16 bits has, of each unit of a group, the products of two inputs. It is at most the norm of these
// codes times that of their weights (Cauchy and Schwarz). So those groups fit whose codes have sums of squares
// up to a limit, made from the largest sum of squares that the group's weights have in any output.
#if defined(__x86_64__)

#include <immintrin.h>

#include "walk.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum { UNIT = LMQ_PANEL * 4 };  // bytes of one of a panel

LMQ_INLINE __m256i load(const char *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
LMQ_INLINE void store(void *p, __m256i a) { _mm256_storeu_si256(p, a); }
LMQ_INLINE __m128i load_pair(const int32_t *p) { return _mm_loadl_epi64((const __m128i *)(const void *)p); }

/// Of 8 units the sums of the squares of their first two bytes and of their last two, without sign.
LMQ_INLINE void store_squares(int32_t *to, __m256i bytes) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i low = _mm256_unpacklo_epi8(bytes, zero), high = _mm256_unpackhi_epi8(bytes, zero);
  const __m256i a = _mm256_madd_epi16(low, low), b = _mm256_madd_epi16(high, high);
  store(to, _mm256_permute2x128_si256(a, b, 0x20));
  store(to + 8, _mm256_permute2x128_si256(a, b, 0x31));
}

typedef struct { __m256i magnitudes, negative, below; } split_codes;

/// Of 32 codes less an offset.
LMQ_INLINE split_codes split(__m256i codes, __m256i offset) {
  const __m256i above = _mm256_subs_epu8(codes, offset), below = _mm256_subs_epu8(offset, codes);
  const __m256i rest = _mm256_cmpeq_epi8(below, _mm256_setzero_si256());
  return (split_codes){_mm256_or_si256(above, below), _mm256_xor_si256(rest, _mm256_set1_epi8(-1)), below};
}

/// 32 codes from code j on; behind the last, as many as there is room for are `rest`.
LMQ_INLINE __m256i codes_at(const char *codes, size_t count, size_t j, __m256i rest) {
  if (j + 32 <= count) return load(codes + j);
  char whole[32];
  store(whole, rest);
  memcpy(whole, codes + j, count - j);
  return load(whole);
}

/// Takes a unit out of a row: whole, or in halves, of which each product fits. Seldom.
__attribute__((noinline)) static size_t take_out(size_t unit, char *x, lmq_strays *strays, size_t to) {
  const uint32_t all = (uint32_t)load_i32(x + unit * 4), even = all & 0x00FF00FF, odd = all & 0xFF00FF00;
  // Weights are up to 128: two magnitudes may be 255 together.
  const bool whole = ((even + (odd >> 8)) & 0xFF00FF00) == 0;
  memset(x + unit * 4, 0, 4);
  strays->magnitudes[to] = whole ? all : even, strays->unit[to++] = (uint8_t)unit;
  if (!whole) strays->magnitudes[to] = odd, strays->unit[to++] = (uint8_t)unit;
  return to;
}

/// Whether the squares of units fit that are added in 16 bits.
LMQ_INLINE bool fits(__m128i squares, int32_t limit) {
  return (_mm_movemask_epi8(_mm_cmpgt_epi32(squares, _mm_set1_epi32(limit))) & 0xFF) == 0;
}

/// Finds groups that do not fit, and takes out of each a unit without which the others do, or all.
LMQ_INLINE size_t find_strays(
    size_t group, const int32_t *squares, size_t units, const int32_t *limits, char *x, lmq_strays *strays,
    size_t to) {
  LMQ_ROLLED for (size_t j = 0; j < units; j += group, limits++, squares += group * 2) {
    __m128i sum = _mm_add_epi32(load_pair(squares), load_pair(squares + 2));
    if (group > 2) sum = _mm_add_epi32(sum, load_pair(squares + 4));
    if (__builtin_expect(fits(sum, *limits), 1)) continue;
    size_t one = group;
    LMQ_ROLLED for (size_t i = 0; i < group; i++)
      if (fits(_mm_sub_epi32(sum, load_pair(squares + i * 2)), *limits)) one = i;
    LMQ_ROLLED for (size_t i = 0; i < group && j + i < units; i++)
      if (one == group || one == i) to = take_out(j + i, x, strays, to);
  }
  return to;
}

/// Answers the magnitudes of all codes that are negative. Rows have room for whole registers, and for two units.
int32_t lmq_copy_avx2(
    const lmq_copying *how, const char *codes, size_t count, int32_t offset, char *x, size_t row) {
  const bool splits = is_split(how->codes), in_groups = group_of(how->codes) > 1;
  const size_t plane = how->plane;
  const __m256i zero = _mm256_setzero_si256();
  const __m256i offsets = _mm256_set1_epi8((char)(how->codes == LMQ_SPLIT ? 128 : splits ? offset : 0));
  int32_t squares[(LMQ_GROUPED_UNITS + 8) * 2];
  __m256i sum = zero;
  LMQ_ROLLED for (size_t j = 0; j < count; j += 32) {
    __m256i magnitudes = codes_at(codes, count, j, offsets);
    if (splits) {
      const split_codes s = split(magnitudes, offsets);
      store(x + plane + j, s.negative);
      sum = _mm256_add_epi64(sum, _mm256_sad_epu8(s.below, zero));
      magnitudes = s.magnitudes;
    }
    store(x + j, magnitudes);
    if (in_groups) store_squares(squares + j / 2, magnitudes);
  }
  if (in_groups) {
    memset(x + count, 0, 8);
    memset(squares + count / 2, 0, 16);
    lmq_strays *const strays = how->strays;
    const size_t first = strays->first[row], units = count / 4;
    const size_t end = splits ? find_strays(3, squares, units, how->limits, x, strays, first)
                              : find_strays(2, squares, units, how->limits, x, strays, first);
    strays->first[row + 1] = (uint16_t)end;
  }
  const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  return _mm_cvtsi128_si32(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

LMQ_INLINE int32_t largest_of(__m256i sums) {
  __m128i half = _mm_max_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  return _mm_cvtsi128_si32(_mm_max_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

/// The largest sum of squares of weights that some units of a panel have. All count as 1 larger, as inverted
/// ones may be.
LMQ_INLINE int32_t largest_squares(size_t units, const char *w) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i largest = zero;
  LMQ_ROLLED for (size_t r = 0; r < UNIT; r += 32) {
    __m256i a = zero, b = zero;
    LMQ_ROLLED for (size_t i = 0; i < units; i++) {
      const __m256i bytes = _mm256_add_epi8(_mm256_abs_epi8(load(w + i * UNIT + r)), _mm256_set1_epi8(1));
      const __m256i low = _mm256_unpacklo_epi8(bytes, zero), high = _mm256_unpackhi_epi8(bytes, zero);
      a = _mm256_add_epi32(a, _mm256_madd_epi16(low, low));
      b = _mm256_add_epi32(b, _mm256_madd_epi16(high, high));
    }
    largest = _mm256_max_epi32(largest, _mm256_max_epi32(a, b));
  }
  return largest_of(largest);
}

/// Those of all pairs, then those of all triples.
LMQ_SMALL void lmq_limit_avx2(const void *panels, size_t k, size_t n, int32_t *limits) {
  const size_t units = (k + 3) / 4;
  memset(limits, 0, lmq_limit_count(k) * sizeof *limits);
  for (size_t group = 2; group <= 3; group++) {
    const size_t count = (units + group - 1) / group;
    const char *w = panels;
    for (size_t p = 0; p < n; p += LMQ_PANEL)
      LMQ_ROLLED for (size_t i = 0; i < count; i++) {
        const size_t of_group = lmq_min(group, units - i * group);
        const int32_t squares = largest_squares(of_group, w);
        if (squares > limits[i]) limits[i] = squares;
        w += of_group * UNIT;
      }
    LMQ_SHORT for (size_t i = 0; i < count; i++) limits[i] = INT16_MAX * INT16_MAX / limits[i];
    limits += count;
  }
}

/// How a product is fastest, judged by some of its rows.
LMQ_SMALL lmq_codes lmq_codes_avx2(const lmq_matmul_int8 *job) {
  enum { SAMPLES = 4, SMALL_OFFSET = 48 };
  if (!job->limits || job->m < LMQ_LIMITED_ROWS || job->k == 0) return LMQ_SPLIT;
  int32_t largest = 0;
  int64_t squares = 0, count = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    const size_t at = job->m * i / SAMPLES, row = job->x_rows ? job->x_rows[at] : at;
    const int32_t offset = job->x_offsets ? job->x_offsets[row] : 0;
    const uint8_t *codes = job->x + row * job->x_stride;
    if (offset > largest) largest = offset;
    LMQ_SHORT for (size_t j = 0; j < job->k; j += 8, count++) {
      const int32_t code = codes[j] - offset;
      squares += code * code;
    }
  }
  const size_t units = (job->k + 3) / 4, pairs = (units + 1) / 2;
  const lmq_codes codes = largest <= SMALL_OFFSET ? LMQ_UNSIGNED_PAIRS : LMQ_SPLIT_TRIPLES;
  const int64_t limit = job->limits[codes == LMQ_UNSIGNED_PAIRS ? units / 4 : pairs + units / 6];
  // A sum has two codes of each unit. Those that are nearly all large would nearly all be strays.
  return squares * (int64_t)group_of(codes) * 2 < limit * count ? codes : LMQ_SPLIT;
}

#pragma clang attribute pop
#endif
