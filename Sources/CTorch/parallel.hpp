#pragma once
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>

namespace shearling {

/// What each thread of a pool does: `thread` counts from 0 to `threads` - 1. It throws nothing.
using ThreadBody = void (*)(void *context, int32_t thread, int32_t threads) noexcept;

/// Calls `body` on every thread of libtorch's pool at once, the caller's among them, and returns when all are done; on the
/// caller's alone inside such a call.
void on_all_threads(ThreadBody body, void *context) noexcept;

/// Calls `body(first, last)` for contiguous pieces of `begin ..< end`, each of at least `grain` where there are several, on
/// libtorch's threads. The first exception that a piece throws comes out once all are done. No tensor operations inside.
///
/// In place of `at::parallel_for`, which is a plain loop on one thread in code that is compiled without OpenMP, as this is.
template <class Body>
void parallel_for(int64_t begin, int64_t end, int64_t grain, const Body &body) {
    if (begin >= end) return;
    const int64_t count = end - begin;
    if (count == 1 || count <= grain || at::get_num_threads() == 1 || at::in_parallel_region()) {
        const c10::ParallelGuard guard(true);
        return body(begin, end);
    }
    struct Loop {
        int64_t begin, end, grain;
        const Body &body;
        std::atomic_flag failed = ATOMIC_FLAG_INIT;
        std::exception_ptr failure;
    } loop{begin, end, grain, body};
    on_all_threads(
        [](void *context, int32_t thread, int32_t threads) noexcept {
            Loop &loop = *static_cast<Loop *>(context);
            const int64_t count = loop.end - loop.begin;
            const int64_t pieces = loop.grain > 0 ? std::min<int64_t>(threads, at::divup(count, loop.grain)) : threads;
            const int64_t size = at::divup(count, pieces), first = loop.begin + thread * size;
            if (first >= loop.end) return;
            try {
                const c10::ParallelGuard guard(true);
                loop.body(first, std::min(loop.end, first + size));
            } catch (...) {
                if (!loop.failed.test_and_set()) loop.failure = std::current_exception();
            }
        },
        &loop);
    if (loop.failure) std::rethrow_exception(loop.failure);
}

}  // namespace shearling
