#pragma once
#include <CBoundary.h>
#ifdef __cplusplus
extern "C" {
#endif
CT_CHECKED ct_status ct_probe(int *threads);
#ifdef __cplusplus
}
#endif
