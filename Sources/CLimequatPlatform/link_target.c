#include <stdlib.h>

#include "limequat_platform.h"

char *lmq_link_target(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) ? realpath(path, NULL) : NULL;
}
