#pragma once
/* The statuses of every function of ours that crosses from C++ to C. */
#define CT_CHECKED __attribute__((warn_unused_result))
typedef enum ct_status : int { CT_OK = 0, CT_INVALID_ARGUMENT, CT_INDEX, CT_OUT_OF_MEMORY, CT_IO, CT_UNSUPPORTED, CT_INTERNAL } ct_status;
