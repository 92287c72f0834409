// fuzz: gives files to the fuzz targets. With -DLIMEQUAT_LIBFUZZER libFuzzer makes the inputs, and the target is
// LIMEQUAT_FUZZ_TARGET; else `fuzz TARGET FILE...` replays files, and ends with `N passed, 0 failed` unless one
// of them ends the process.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// FuzzTargets: the number of the target of that name, negative when there is none; and one input for it.
int32_t fuzz_target(const char *name);
void fuzz_run(int32_t target, const uint8_t *bytes, size_t size);

static int32_t target;

static void choose(const char *name) {
  target = name ? fuzz_target(name) : -1;
  if (target >= 0) return;
  fprintf(stderr, "fuzz: no target %s\n", name ? name : "is given");
  exit(2);
}

#ifdef LIMEQUAT_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  choose(getenv("LIMEQUAT_FUZZ_TARGET"));
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_run(target, bytes, size);
  return 0;
}

#else

enum { seconds_for_a_file = 60 };
static const char *current = "";

static void tell(int signal) {
  static const char words[] = "fuzz: this file ends the process: ";
  if (write(2, words, sizeof words - 1) && write(2, current, strlen(current)) && write(2, "\n", 1)) {}
  _exit(128 + signal);
}

static int replay(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) return -1;
  size_t size = 0, room = 1 << 16;
  // Exactly as large as the file: what reads beyond it is seen by a sanitizer.
  uint8_t *bytes = malloc(room);
  for (size_t got; bytes && (got = fread(bytes + size, 1, room - size, file)) > 0;) {
    size += got;
    if (size == room) bytes = realloc(bytes, room *= 2);
  }
  fclose(file);
  if (bytes) bytes = realloc(bytes, size ? size : 1);
  if (!bytes) return -1;
  current = path;
  alarm(seconds_for_a_file);
  fuzz_run(target, bytes, size);
  alarm(0);
  free(bytes);
  return 0;
}

int main(int argc, char **argv) {
  choose(argc > 1 ? argv[1] : NULL);
  const int signals[] = {SIGILL, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGTRAP, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], tell);
  for (int i = 2; i < argc; i++) {
    if (replay(argv[i]) == 0) continue;
    fprintf(stderr, "fuzz: %s cannot be read\n", argv[i]);
    return 1;
  }
  printf("%d passed, 0 failed\n", argc - 2);
  return 0;
}

#endif
