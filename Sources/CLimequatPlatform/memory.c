// Memory that may be refused, and what happens when the Swift runtime itself is refused.
//
// The Swift runtime traps when an allocation fails, which would kill the host program. In the SDK
// library its posix_memalign and free are renamed to the two lmq_swift_ functions below: they fall
// back on a reserve in BSS (touched only then) and set a mark, which checkpoints turn into an error.

#include "limequat_platform.h"

enum { reserve_size = 256 << 10 };
static _Alignas(64) unsigned char reserve[reserve_size];
static size_t reserve_used, reserve_live;
static pthread_mutex_t reserve_lock = PTHREAD_MUTEX_INITIALIZER;
// In a library that is loaded while a program runs, as Python does, a thread's copy would be allocated when the thread
// first looks at it, and glibc ends the process when that is refused. The other way is a few bytes that glibc keeps
// ready for such libraries (musl does not).
#ifdef __GLIBC__
__attribute__((tls_model("initial-exec")))
#endif
static _Thread_local bool is_short;

// Not static inline, or the calls would be renamed too.
void *lmq_memory_allocate(size_t alignment, size_t size) {
  void *p = NULL;
  return posix_memalign(&p, alignment, size ? size : 1) == 0 ? p : NULL;
}

void lmq_memory_free(void *p) { free(p); }

void lmq_memory_mark(bool value) { is_short = value; }

bool lmq_memory_is_short(void) { return is_short; }

#pragma GCC visibility push(hidden)
int lmq_swift_posix_memalign(void **out, size_t alignment, size_t size);
void lmq_swift_free(void *p);
void lmq_swift_arc4random_buf(void *p, size_t n);
#pragma GCC visibility pop

int lmq_swift_posix_memalign(void **out, size_t alignment, size_t size) {
  if (posix_memalign(out, alignment, size) == 0) return 0;
  is_short = true;
  int rc = ENOMEM;
  pthread_mutex_lock(&reserve_lock);
  size_t start = (reserve_used + alignment - 1) & ~(alignment - 1);
  if (alignment <= 64 && start <= reserve_size && size <= reserve_size - start) {
    *out = reserve + start;
    reserve_used = start + size;
    reserve_live++;
    rc = 0;
  }
  pthread_mutex_unlock(&reserve_lock);
  return rc;
}

void lmq_swift_free(void *p) {
  uintptr_t address = (uintptr_t)p, begin = (uintptr_t)reserve;
  if (address < begin || address >= begin + reserve_size) {
    free(p);
    return;
  }
  pthread_mutex_lock(&reserve_lock);
  if (--reserve_live == 0) reserve_used = 0;
  pthread_mutex_unlock(&reserve_lock);
}

// Only hashing asks, and nothing in the library depends on its order.
void lmq_swift_arc4random_buf(void *p, size_t n) { memset(p, 0x5a, n); }
