/// POSIX for Swift, in ordinary and Embedded mode alike: what Swift cannot call (variadic functions,
/// macros, errno) is wrapped here, each with the reason; the rest comes from the system headers.
#ifndef LIMEQUAT_PLATFORM_H
#define LIMEQUAT_PLATFORM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
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
void lmq_memory_begin(void);
bool lmq_memory_is_short(void);

/// unique.c: a number for names of temporary files.
uint64_t lmq_platform_unique(void);

/// crc32c.c: goes on from a state that begins as 0xFFFFFFFF and is inverted at the end.
uint32_t lmq_crc32c(uint32_t state, const void *bytes, size_t size);

#pragma GCC visibility pop

/// `errno` is a macro.
static inline int lmq_errno(void) { return errno; }
static inline void lmq_set_errno(int value) { errno = value; }

/// `open` is variadic. Interrupted calls are repeated.
static inline int lmq_open(const char *path, int flags, unsigned mode) {
  int fd;
  do { fd = open(path, flags, (mode_t)mode); } while (fd < 0 && errno == EINTR);
  return fd;
}

/// `MAP_FAILED` is a cast; NULL stands for it here.
static inline void *lmq_map_read_only(int fd, size_t size) {
  void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  return p == MAP_FAILED ? NULL : p;
}

/// `stat` is both a struct and a function. Gives size and kind of an open file, or -1.
static inline int lmq_file_status(int fd, int64_t *size, bool *is_regular) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  *size = (int64_t)status.st_size;
  *is_regular = S_ISREG(status.st_mode);
  return 0;
}

/// A file without a name in `folder`: nothing of it remains when the process dies. -1 where the file system
/// has no such files. O_TMPFILE is a GNU macro.
static inline int lmq_open_unnamed(const char *folder) {
#ifdef O_TMPFILE
  return lmq_open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
#else
  (void)folder;
  return -1;
#endif
}

/// Gives an unnamed file a name. AT_SYMLINK_FOLLOW with /proc needs no privilege, unlike AT_EMPTY_PATH.
static inline int lmq_link_unnamed(int fd, const char *path) {
  char source[40];
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static inline bool lmq_is_directory(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/// `strerror_r` comes in two variants; this one is GNU's, which may answer with a static text.
static inline const char *lmq_error_text(int number, char *buffer, size_t size) {
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  return strerror_r(number, buffer, size);
#else
  return strerror_r(number, buffer, size) == 0 ? buffer : NULL;
#endif
}

/// The flags are macros with casts in some libcs.
static inline int lmq_open_read_flags(void) { return O_RDONLY | O_CLOEXEC | O_NONBLOCK; }
static inline int lmq_open_new_flags(void) { return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC; }

#endif
