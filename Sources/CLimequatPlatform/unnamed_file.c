// O_TMPFILE is behind _GNU_SOURCE, which must not be set in a header that Swift imports beside others.
#define _GNU_SOURCE
#include "limequat_platform.h"

int lmq_open_unnamed(const char *folder) {
#ifdef O_TMPFILE
  return lmq_open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
#else
  (void)folder;
  return -1;
#endif
}

// AT_SYMLINK_FOLLOW with /proc needs no privilege, unlike AT_EMPTY_PATH.
int lmq_link_unnamed(int fd, const char *path) {
  char source[40];
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}
