/* host LIBRARY ARGUMENT...: loads the driver, and with it liblimequat, while the program runs, as Python does: then
 * the library's thread-local memory is not part of what a thread begins with. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  void *symbol = library ? dlsym(library, "driver_main") : NULL;
  if (!symbol) {
    fprintf(stderr, "host: %s\n", argc > 1 ? dlerror() : "no library is given");
    return 2;
  }
  int (*driver)(int, char **);
  memcpy(&driver, &symbol, sizeof driver);
  return driver(argc - 1, argv + 1);
}
