#include "ccorpus.h"
