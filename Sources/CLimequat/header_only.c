/* SwiftPM wants a source; this target is its header. */
#include "limequat.h"
