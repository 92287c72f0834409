/// POSIX for Swift, in ordinary and Embedded mode alike: what Swift cannot call (variadic functions,
/// macros, errno) is wrapped here, each with the reason; the rest comes from the system headers.
#ifndef LIMEQUAT_PLATFORM_H
#define LIMEQUAT_PLATFORM_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Limequat reads and writes little-endian files in place: big-endian hosts are not supported"
#endif

#pragma GCC visibility push(hidden)

/// memory.c: allocations that may be refused, and the mark of a refused Swift allocation.
void *lmq_memory_allocate(size_t alignment, size_t size);
void lmq_memory_free(void *p);
void lmq_memory_mark(bool value);
bool lmq_memory_is_short(void);

/// writeback.c: the disk may begin to write this range of the file.
void lmq_start_writeback(int fd, int64_t offset, int64_t size);

/// unique.c: a number for names of temporary files.
uint64_t lmq_platform_unique(void);

/// crc32c.c: goes on from a state that begins as 0xFFFFFFFF and is inverted at the end.
uint32_t lmq_crc32c(uint32_t state, const void *bytes, size_t size);
/// A state as it is past so many bytes that are all zero. States are added by exclusive or: that of a whole is the
/// sum of where it began and of what each part makes of 0, all past what follows them.
uint32_t lmq_crc32c_past(uint32_t state, size_t bytes);

/// unnamed_file.c: a file without a name in `folder`, of which nothing remains when the process dies; -1 where
/// the file system has none. Then its name.
int lmq_open_unnamed(const char *folder);
int lmq_link_unnamed(int fd, const char *path);

/// pages.c: asks for large pages, which not every system has.
void lmq_prefer_large_pages(void *start, size_t size);
/// Locks what is touched and what will be. Answers whether the system allowed it.
bool lmq_lock_as_touched(void *start, size_t size);

/// error_text.c: the system's words for an error number, in `buffer` or in a static text.
const char *lmq_error_text(int number, char *buffer, size_t size);

/// handles.c: the handles of the C API. All but lock and unlock are called between those two. `kind` tells
/// models from sessions; find and remove answer NULL for whatever is no living handle of that kind.
void lmq_handles_lock(void);
void lmq_handles_unlock(void);
void *lmq_handles_add(void *object, int kind);
void *lmq_handles_find(const void *handle, int kind);
void *lmq_handles_remove(const void *handle, int kind);

/// thread.c: starts a thread that gets none of the host's signals; 0 or an error number.
int lmq_thread_start(pthread_t *thread, void *(*body)(void *), void *argument);
/// The processors that this process may use, at least 1.
int lmq_processor_count(void);

/// peak_memory.c: the most memory that this process ever held, in bytes.
size_t lmq_peak_memory(void);

#pragma GCC visibility pop

/// A hint to the processor that this thread waits for another one.
static inline void lmq_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// `errno` is a macro.
static inline int lmq_errno(void) { return errno; }
static inline void lmq_set_errno(int value) { errno = value; }

/// `open` is variadic. Interrupted calls are repeated.
static inline int lmq_open(const char *path, int flags, unsigned mode) {
  int fd;
  do { fd = open(path, flags, (mode_t)mode); } while (fd < 0 && errno == EINTR);
  return fd;
}

/// `fcntl` is variadic. A second descriptor of the same open file.
static inline int lmq_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

/// `MAP_FAILED` is a cast; NULL stands for it here.
static inline void *lmq_map_read_only(int fd, size_t size) {
  void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

/// The same for pages that are zero and take no memory until they are touched.
static inline void *lmq_map_pages(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}

/// In bytes.
static inline size_t lmq_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/// Nanoseconds of a clock that never goes back.
static inline int64_t lmq_monotonic_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// `stat` is both a struct and a function. Gives size and kind of an open file, or -1.
static inline int lmq_file_status(int fd, int64_t *size, bool *is_regular) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  *size = (int64_t)status.st_size;
  *is_regular = S_ISREG(status.st_mode);
  return 0;
}

static inline bool lmq_is_directory(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/// Whether something is there that is neither a file nor a folder: a device, a pipe, a socket.
static inline bool lmq_is_special(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/// Gives an open file the permissions of the one that it is to replace, if there is one and the file system can.
static inline void lmq_copy_permissions(const char *path, int fd) {
  struct stat status;
  if (stat(path, &status) == 0) (void)fchmod(fd, status.st_mode & 0777);
}

/// Whether both paths lead to one file.
static inline bool lmq_is_same_file(const char *a, const char *b) {
  struct stat one, other;
  return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// Where a symbolic link leads in the end, to be freed; NULL when `path` is none, or one that leads nowhere.
char *lmq_link_target(const char *path);

/// From now on SIGINT, SIGTERM and SIGHUP only make lmq_is_interrupted() true, so that a writer can clean up; a
/// second one ends the process. For programs, never for the library.
void lmq_interruption_catch(void);
bool lmq_is_interrupted(void);
/// SIGQUIT ends the process at once, as it would without the Swift runtime. For programs, too.
void lmq_quit_at_once(void);
/// Ends the process as the signal that interrupted it would have.
void lmq_interruption_end(void);

/// The flags are macros with casts in some libcs.
static inline int lmq_open_read_flags(void) { return O_RDONLY | O_CLOEXEC | O_NONBLOCK; }
static inline int lmq_open_new_flags(void) { return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC; }

#endif
