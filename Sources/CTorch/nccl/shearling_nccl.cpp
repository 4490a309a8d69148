// libshearling_nccl.so: compiled by scripts/build-nccl, not by SwiftPM.
#include "shearling_nccl.hpp"

#include <c10/util/env.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdio>

namespace {

#define SHEARLING_EXPORT __attribute__((visibility("default")))

c10d::Backend *fail(char *message, size_t room, const char *text) noexcept {
    std::snprintf(message, room, "%s", text);
    return nullptr;
}

}  // namespace

extern "C" {

SHEARLING_EXPORT shearling_nccl_form_function shearling_nccl_form;
SHEARLING_EXPORT shearling_nccl_make_function shearling_nccl_make;

const char *shearling_nccl_form() noexcept { return SHEARLING_NCCL_FORM; }

c10d::Backend *shearling_nccl_make(c10d::Store *store, int32_t rank, int32_t size, int32_t device, int64_t milliseconds,
                                   char *message, size_t room) noexcept {
    try {
        // The one setting under which c10d starts no watchdog: that one ends the process without naming a rank, and throws
        // on its own thread when the process ends before it. Waiting with a limit of its own is what we never do.
        c10::utils::set_env("TORCH_NCCL_BLOCKING_WAIT", "1");
        auto options = c10d::ProcessGroupNCCL::Options::create();
        options->timeout = std::chrono::milliseconds(milliseconds);
        options->group_name = "shearling";
        auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(
            c10::intrusive_ptr<c10d::Store>::unsafe_reclaim_from_nonowning(store), rank, size, options);
        backend->setBoundDeviceId(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device)));
        return backend.release();
    } catch (const c10::Error &error) {
        return fail(message, room, error.what_without_backtrace());
    } catch (const std::exception &error) {
        return fail(message, room, error.what());
    } catch (...) {
        return fail(message, room, "an exception that is no std::exception");
    }
}
}
