// Makes calls of the system fail, one after the other, and counts what is held: see faults.h. Loaded by LD_PRELOAD
// before glibc, whose malloc is reached by its other names.
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int is_lasting, is_paused;
static _Atomic fault_kind armed_kind;
static atomic_long wanted, calls, failed;
static atomic_long blocks, mappings, files;

void fault_begin(fault_kind kind, long number, int lasting) {
  wanted = number;
  is_lasting = lasting;
  calls = failed = 0;
  is_paused = 0;
  armed_kind = kind;
}

long fault_end(void) {
  armed_kind = FAULT_NONE;
  return calls;
}

void fault_pause(int paused) { is_paused = paused; }
long fault_count(void) { return failed; }
fault_live fault_held(void) { return (fault_live){blocks, mappings, files}; }

// Whether this call of one of the kinds fails.
static int fails(fault_kind kind) {
  if (armed_kind != kind || is_paused) return 0;
  long number = ++calls;
  if (number < wanted || (number > wanted && !is_lasting)) return 0;
  failed++;
  return 1;
}

// ---- Memory

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void *counted(void *block) {
  if (block) blocks++;
  return block;
}

static int refuses(void) {
  if (!fails(FAULT_MEMORY)) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) { return refuses() ? NULL : counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return refuses() ? NULL : counted(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) {
  return refuses() ? NULL : counted(__libc_memalign(alignment, size));
}
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **out, size_t alignment, size_t size) {
  if (fails(FAULT_MEMORY)) return ENOMEM;
  void *block = counted(__libc_memalign(alignment, size));
  if (!block) return ENOMEM;
  *out = block;
  return 0;
}

void *realloc(void *block, size_t size) {
  if (refuses()) return NULL;
  void *moved = __libc_realloc(block, size);
  if (block && !moved && size == 0) blocks--;
  return block ? moved : counted(moved);
}

void free(void *block) {
  if (!block) return;
  blocks--;
  __libc_free(block);
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
  if (refuses()) return MAP_FAILED;
  if (descriptor >= 0 && fails(FAULT_READ)) {
    errno = EIO;
    return MAP_FAILED;
  }
  void *place = (void *)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset);
  if (place != MAP_FAILED) mappings++;
  return place;
}
void *mmap64(void *address, size_t size, int protection, int flags, int descriptor, off_t offset) {
  return mmap(address, size, protection, flags, descriptor, offset);
}

int munmap(void *address, size_t size) {
  int result = (int)syscall(SYS_munmap, address, size);
  if (result == 0) mappings--;
  return result;
}

// ---- Files

static int breaks(void) {
  if (!fails(FAULT_READ)) return 0;
  errno = EIO;
  return 1;
}

static int opened(long descriptor) {
  if (descriptor >= 0) files++;
  return (int)descriptor;
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;
  va_end(arguments);
  return breaks() ? -1 : opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int open64(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, int) : 0;
  va_end(arguments);
  return open(path, flags | O_LARGEFILE, mode);
}

int fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (command != F_DUPFD && command != F_DUPFD_CLOEXEC)
    return (int)syscall(SYS_fcntl, descriptor, command, argument);
  return breaks() ? -1 : opened(syscall(SYS_fcntl, descriptor, command, argument));
}
int fcntl64(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  return fcntl(descriptor, command, argument);
}

int close(int descriptor) {
  int result = (int)syscall(SYS_close, descriptor);
  if (result == 0) files--;
  return result;
}

int fstat(int descriptor, struct stat *out) {
  return breaks() ? -1 : (int)syscall(SYS_fstat, descriptor, out);
}

// Whether a read of `size` bytes is dealt with here; then `result` is its answer, or `size` what is left to read.
static int spoilt(size_t *size, ssize_t *result) {
  *result = -1;
  if (breaks()) return 1;
  if (fails(FAULT_INTERRUPTED)) {
    errno = EINTR;
    return 1;
  }
  if (fails(FAULT_END)) {
    *result = 0;
    return 1;
  }
  if (fails(FAULT_SHORT) && *size > 1) *size /= 2;
  return 0;
}

ssize_t read(int descriptor, void *out, size_t size) {
  ssize_t result;
  return spoilt(&size, &result) ? result : syscall(SYS_read, descriptor, out, size);
}

ssize_t pread(int descriptor, void *out, size_t size, off_t offset) {
  ssize_t result;
  return spoilt(&size, &result) ? result : syscall(SYS_pread64, descriptor, out, size, offset);
}
ssize_t pread64(int descriptor, void *out, size_t size, off_t offset) {
  return pread(descriptor, out, size, offset);
}

// ---- Threads

static int (*real_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

__attribute__((constructor)) static void find(void) { *(void **)&real_create = dlsym(RTLD_NEXT, "pthread_create"); }

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  return fails(FAULT_THREAD) ? EAGAIN : real_create(thread, attributes, body, argument);
}
