#include "ctorch.h"
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
ct_status ct_probe(int *threads) { *threads = at::get_num_threads(); return CT_OK; }
