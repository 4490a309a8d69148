#pragma once
/* The statuses of every function of ours that crosses from C++ to C, and the message that goes with the last failure. */

#ifdef __cplusplus
extern "C" {
#endif

/* Every function that returns a status carries this: a dropped status does not compile. */
#define CT_CHECKED __attribute__((warn_unused_result))

typedef enum ct_status : int {
    CT_OK = 0,
    CT_INVALID_ARGUMENT, /* shapes, dtypes, devices or values that do not fit the operation */
    CT_INDEX,            /* an axis or an index outside its range */
    CT_OUT_OF_MEMORY,    /* the host's or the device's allocator refused */
    CT_IO,               /* a file could not be read or written */
    CT_UNSUPPORTED,      /* a combination that is not implemented, or a device that is absent */
    CT_INTERNAL          /* anything else: a fault of ours or of a library */
} ct_status;

/* The message of the calling thread's last failure: UTF-8, without a backtrace, "" before the first one.
   Valid until the next failing call on the same thread; read it right after the failure. */
const char *_Nonnull ct_last_message(void);

#ifdef __cplusplus
}
#endif
