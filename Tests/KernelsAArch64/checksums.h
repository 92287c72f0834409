#include <stdbool.h>

bool checksums_are_right(void);
