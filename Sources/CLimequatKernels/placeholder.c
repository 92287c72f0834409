#include "limequat_kernels.h"
