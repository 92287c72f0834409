// Which tables this processor runs, and the floating-point state they need.

#include "walk.h"

/// What a table's file is compiled for. A table runs where every one of its features is there and the
/// operating system keeps the registers.
enum feature {
  BASELINE = 0,
  AVX2 = 1 << 0,         // avx2, fma, f16c; ymm state
  AVX_VNNI = 1 << 1,     // avxvnni
  AVX512 = 1 << 2,       // avx512f, avx512bw, avx512dq, avx512vl; zmm state
  AVX512_VNNI = 1 << 3,  // avx512vnni
  NEON_DOTPROD = 1 << 4,
  NEON_I8MM = 1 << 5,
};

_Atomic bool lmq_fetches_on_request;

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t enabled_state(void) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static unsigned features(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return BASELINE;
  lmq_fetches_on_request = b == signature_INTEL_ebx;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return BASELINE;
  const unsigned osxsave = 1u << 27, avx = 1u << 28, fma = 1u << 12, f16c = 1u << 29;
  const unsigned wanted = osxsave | avx | fma | f16c;
  if ((c & wanted) != wanted) return BASELINE;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return BASELINE;
  const uint64_t state = enabled_state(), ymm = 0x06, zmm = 0xE6;  // bits of XCR0
  const unsigned avx2 = 1u << 5;
  const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // f, dq, bw, vl
  unsigned found = BASELINE;
  if ((state & ymm) == ymm && (b & avx2)) {
    found |= AVX2;
    if ((state & zmm) == zmm && (b & avx512) == avx512) {
      found |= AVX512;
      if (c & 1u << 11) found |= AVX512_VNNI;
    }
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4)) found |= AVX_VNNI;
  }
  return found;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static unsigned features(void) {
  const unsigned long dotprod = 1ul << 20, i8mm = 1ul << 13;  // HWCAP_ASIMDDP, HWCAP2_I8MM
  unsigned found = BASELINE;
  if (getauxval(AT_HWCAP) & dotprod) found |= NEON_DOTPROD;
  if (getauxval(AT_HWCAP2) & i8mm) found |= NEON_I8MM;
  return found;
}
#else
static unsigned features(void) { return BASELINE; }
#endif

/// Fastest first.
static const struct {
  const lmq_kernels *table;
  unsigned needs;
} tables[] = {
#if defined(__x86_64__)
  {&lmq_avx512_vnni, AVX2 | AVX512 | AVX512_VNNI},
  {&lmq_avx512, AVX2 | AVX512},
  {&lmq_avx_vnni, AVX2 | AVX_VNNI},
  {&lmq_avx2, AVX2},
#elif defined(__aarch64__)
  {&lmq_neon_i8mm, NEON_DOTPROD | NEON_I8MM},
  {&lmq_neon_dotprod, NEON_DOTPROD},
  {&lmq_neon, BASELINE},
#endif
  {&lmq_generic, BASELINE},
};

enum { TABLES = sizeof tables / sizeof *tables };

/// The table at `index` of those that run here, or NULL.
static const lmq_kernels *table_at(size_t index) {
  unsigned found = features();
  for (size_t i = 0; i < TABLES; i++)
    if ((tables[i].needs & ~found) == 0 && index-- == 0) return tables[i].table;
  return NULL;
}

const lmq_kernels *lmq_kernels_find(const char *name) {
  const lmq_kernels *table;
  for (size_t i = 0; (table = table_at(i)); i++)
    if (name == NULL || strcmp(table->name, name) == 0) return table;
  return NULL;
}

const char *lmq_kernels_name(size_t index) {
  const lmq_kernels *table = table_at(index);
  return table ? table->name : NULL;
}

#if defined(__x86_64__)
#include <xmmintrin.h>

uint64_t lmq_kernels_enter(void) {
  unsigned state = _mm_getcsr();
  _mm_setcsr(0x1F80);  // to nearest, denormals kept, no exception traps
  return state;
}
void lmq_kernels_leave(uint64_t state) { _mm_setcsr((unsigned)state); }

#elif defined(__aarch64__)

uint64_t lmq_kernels_enter(void) {
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)0));  // to nearest, denormals kept, no exception traps
  return state;
}
void lmq_kernels_leave(uint64_t state) { __asm__ volatile("msr fpcr, %0" ::"r"(state)); }

#else

uint64_t lmq_kernels_enter(void) { return 0; }
void lmq_kernels_leave(uint64_t state) { (void)state; }

#endif
