#include "parallel.hpp"

#include "ctorch.h"

#include <dlfcn.h>

using namespace shearling;

namespace {

/// GNU OpenMP, which libtorch_cpu brings along and runs its own loops on. Its functions are looked up in what is loaded:
/// clang's OpenMP would call another library, with a second pool of threads beside this one.
struct Pool {
    void (*parallel)(void (*body)(void *), void *context, unsigned threads, unsigned flags);
    int (*thread)();
    int (*threads)();

    Pool()
        : parallel(find<decltype(parallel)>("GOMP_parallel")),
          thread(find<decltype(thread)>("omp_get_thread_num")),
          threads(find<decltype(threads)>("omp_get_num_threads")) {}
    bool is_whole() const { return parallel != nullptr && thread != nullptr && threads != nullptr; }

    template <class Function>
    static Function find(const char *name) {
        return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
    }
};

const Pool &pool() {
    static const Pool found;
    return found;
}

}  // namespace

void shearling::on_all_threads(ThreadBody body, void *context) noexcept {
    if (!pool().is_whole() || at::get_num_threads() == 1 || at::in_parallel_region()) return body(context, 0, 1);
    struct Call {
        ThreadBody body;
        void *context;
    } call{body, context};
    pool().parallel(
        [](void *given) {
            const Call &call = *static_cast<const Call *>(given);
            call.body(call.context, pool().thread(), pool().threads());
        },
        &call, 0, 0);
}

int32_t ct_loop_threads(void) {
    std::atomic<int32_t> count{0};
    on_all_threads([](void *context, int32_t, int32_t) noexcept { ++*static_cast<std::atomic<int32_t> *>(context); }, &count);
    return count;
}
