#pragma once
#include "../parallel.hpp"

#include <sched.h>

namespace shearling {

/// Where the threads of one call meet between its phases: cheaper than a parallel loop for each, of which a token would need
/// hundreds. A thread that waits looks a while without pause, then lets others have its processor.
class Meeting {
public:
    /// Returns once all `threads` threads have come; what any of them wrote before, all see after.
    void wait(int32_t threads) noexcept {
        const uint32_t mine = round.load(std::memory_order_acquire);
        if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
            arrived.store(0, std::memory_order_relaxed);
            round.store(mine + 1, std::memory_order_release);
            return;
        }
        for (int32_t looks = 0; round.load(std::memory_order_acquire) == mine; ++looks) {
            if (looks < 4096)
                pause();
            else
                sched_yield();
        }
    }

private:
    alignas(64) std::atomic<int32_t> arrived{0};
    alignas(64) std::atomic<uint32_t> round{0};

    static void pause() noexcept {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
};

/// A contiguous part of a count, of which there are several.
struct Share {
    int64_t first, last;

    /// Part `index` of `parts` parts of `count` that differ little; they begin at multiples of 16, as packed channels do.
    static Share of(int64_t count, int64_t index, int64_t parts) {
        const auto border = [&](int64_t i) { return i == parts ? count : std::min(count, (count * i / parts + 8) / 16 * 16); };
        return {border(index), border(index + 1)};
    }
    int64_t count() const { return last - first; }
};

}  // namespace shearling
