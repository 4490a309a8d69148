#pragma once
/* One more exchange between the processes of a group; ctorch.h says what holds for all of them. */
#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Part r of `input`, of `size` equal ones, goes to rank r; `output` becomes what all ranks sent here, in their order. */
CT_CHECKED ct_status ct_group_all_to_all(ct_group *_Nonnull group, const ct_tensor *_Nonnull input, ct_tensor *_Nonnull output,
                                         ct_work *_Nullable *_Nonnull out);

#ifdef __cplusplus
}
#endif
