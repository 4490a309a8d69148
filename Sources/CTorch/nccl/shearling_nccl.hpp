#pragma once
// What libshearling_nccl.so gives to process_group.cpp, which loads it when ranks on GPUs meet. It is a library of its own
// because c10d's NCCL needs CUDA's headers and symbols of libtorch_cuda; `scripts/build-nccl` makes it.

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <torch/headeronly/version.h>

/// The form of `shearling_nccl_make` and the libtorch behind it: objects of both sides' headers pass through.
#define SHEARLING_NCCL_FORM "1 with libtorch " TORCH_VERSION

extern "C" {

/// `SHEARLING_NCCL_FORM` as the library was built with it: asked before anything else of it is called.
typedef const char *shearling_nccl_form_function() noexcept;

/// Makes the backend of rank `rank` among `size` ranks that meet under `store`, for tensors of one CUDA device. It meets
/// nobody yet: that happens in its first operation, which holds its caller until all ranks have come. It starts no thread
/// that watches operations or ends the process: who waits looks at `isCompleted()` and `exception()` of the work.
/// @param store stays the caller's; the backend keeps a reference.
/// @param milliseconds the limit that the backend knows of.
/// @param message receives why it failed, at most `room` bytes with the closing zero.
/// @return an owned reference, or null.
typedef c10d::Backend *shearling_nccl_make_function(c10d::Store *store, int32_t rank, int32_t size, int32_t device,
                                                    int64_t milliseconds, char *message, size_t room) noexcept;
}
