#include "handle.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/headeronly/version.h>

#include <dlfcn.h>

using namespace shearling;

namespace {

/// The same input gives the same bits: on from the start. Filling fresh memory, which that mode would add, is left out:
/// nothing here reads memory it did not write. Denormals stay: that switch is per thread, and the threads of a pool
/// would then round differently.
const bool prepared = [] {
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
    return true;
}();

/// libtorch_cuda.so lies beside the libtorch_cpu.so that is loaded.
std::string library_folder() {
    Dl_info info;
    if (dladdr(reinterpret_cast<void *>(&at::get_num_threads), &info) == 0 || info.dli_fname == nullptr) return "";
    const std::string path = info.dli_fname;
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

}  // namespace

const char *ct_header_version(void) { return TORCH_VERSION; }

const char *ct_library_version(void) {
    // The loaded library says it in its configuration text only: "... TORCH_VERSION=2.11.0, ...".
    static const std::string version = [] {
        const std::string text = at::show_config(), key = "TORCH_VERSION=";
        const size_t start = text.find(key);
        if (start == std::string::npos) return std::string("unknown");
        const size_t first = start + key.size();
        return text.substr(first, text.find_first_of(", \n", first) - first);
    }();
    return version.c_str();
}

const char *ct_cpu_capability(void) {
    static const std::string capability = at::get_cpu_capability();
    return capability.c_str();
}

int32_t ct_threads(void) { return at::get_num_threads(); }

ct_status ct_set_threads(int32_t count) {
    return perform([&] {
        require(count >= 1, "at least one thread is needed, not " + std::to_string(count));
        at::set_num_threads(count);
    });
}

bool ct_deterministic(void) { return prepared && at::globalContext().deterministicAlgorithms(); }
void ct_set_deterministic(bool on) { at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true); }

ct_status ct_open_cuda(int32_t *device_count) {
    return perform([&] {
        static const std::string failure = []() -> std::string {
            const std::string path = library_folder() + "libtorch_cuda.so";
            return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) ? "" : dlerror();
        }();
        if (!failure.empty())
            throw Fault(CT_UNSUPPORTED,
                        "libtorch's CUDA part cannot be loaded (" + failure +
                            "): install the CUDA wheels that torch 2.11 names, link such a PyTorch with scripts/setup --libtorch DIR (a portable build: SHEARLING_LIBTORCH), or use the CPU");
        *device_count = static_cast<int32_t>(c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount());
        if (*device_count == 0)
            throw Fault(CT_UNSUPPORTED, "no CUDA device is visible to this process: check the driver (nvidia-smi), or use the CPU");
    });
}

ct_status ct_synchronize(int32_t index) {
    return perform([&] {
        const at::Device where = device(index);
        if (where.is_cuda()) c10::impl::VirtualGuardImpl(at::kCUDA).synchronizeDevice(where.index());
    });
}
