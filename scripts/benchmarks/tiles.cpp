// How fast one core multiplies bfloat16 by Sources/CTorch/kernels/tile_blocks.hpp, with words that are pairs and with words
// that are floats, at the shapes of SmolLM2-135M with 1,024 tokens, beside the most that its two instructions give:
//   clang++ -std=c++20 -O2 scripts/benchmarks/tiles.cpp -o .build/tiles && taskset -c 0 .build/tiles
// Wants a processor with AVX512-BF16. Each figure is the best of five.
#include "../../Sources/CTorch/kernels/tile_blocks.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace shearling::tile;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Twelve sums that do not wait for each other.
template <class Word>
CT_TILE double most() {
    constexpr long rounds = 20'000'000;
    __m512 sums[12];
    for (auto &sum : sums) sum = _mm512_setzero_ps();
    __m512i left = _mm512_set1_epi32(0x30003000), right = _mm512_set1_epi32(0x3f803f80);
    const auto start = Clock::now();
    for (long i = 0; i < rounds; ++i) {
#pragma clang loop unroll(full)
        for (auto &sum : sums) sum = Word::multiply(sum, left, right);
        asm volatile("" : "+v"(left), "+v"(right));
    }
    const double seconds = seconds_since(start);
    for (auto &sum : sums) asm volatile("" : "+v"(sum));
    return rounds * 12 * 32.0 * Word::elements / seconds / 1e9;
}

struct Shape {
    const char *name;
    int64_t rows, columns, depth;
    bool left_turned, right_turned;
};

float widened(uint16_t value) {
    const uint32_t bits = static_cast<uint32_t>(value) << 16;
    float result;
    std::memcpy(&result, &bits, 4);
    return result;
}

std::vector<uint16_t> numbers(int64_t count) {
    std::vector<uint16_t> result(static_cast<size_t>(count));
    for (auto &value : result) {
        const float number = static_cast<float>(drand48() - 0.5);
        uint32_t bits;
        std::memcpy(&bits, &number, 4);
        value = static_cast<uint16_t>(bits >> 16);
    }
    return result;
}

/// GFLOP/s, and the largest error of some elements.
template <class Word>
CT_TILE std::pair<double, double> measure(const Shape &s) {
    const auto left = numbers(s.rows * s.depth), right = numbers(s.depth * s.columns);
    const Matrix a = s.left_turned ? Matrix{left.data(), 1, s.rows} : Matrix{left.data(), s.depth, 1};
    const Matrix b = s.right_turned ? Matrix{right.data(), 1, s.depth} : Matrix{right.data(), s.columns, 1};
    Room room = Room::of<Word>();
    double best = INFINITY, error = 0;
    for (int run = 0; run < 5; ++run) {
        const auto start = Clock::now();
        for (int64_t column = 0; column < s.columns; column += block_columns)
            for (int64_t row = 0; row < s.rows; row += block_rows)
                multiply_block<Word>(a, b, s.depth, row, std::min(block_rows, s.rows - row), column, std::min(block_columns, s.columns - column), room);
        best = std::min(best, seconds_since(start));
    }
    const int64_t row = (s.rows - 1) / block_rows * block_rows, column = (s.columns - 1) / block_columns * block_columns;
    for (int64_t c = column; c < s.columns; ++c) {
        double sum = 0;
        for (int64_t k = 0; k < s.depth; ++k)
            sum += static_cast<double>(widened(left[row * a.row_stride + k * a.column_stride])) * widened(right[k * b.row_stride + c * b.column_stride]);
        error = std::max(error, std::fabs(sum - room.sums[c - column]));
    }
    return {2.0 * s.rows * s.columns * s.depth / best / 1e9, error};
}

}  // namespace

int main() {
    std::printf("%-34s%10s%10s\n", "GFLOP/s of one core", "pairs", "floats");
    std::printf("%-34s%10.0f%10.0f\n", "the instruction alone", most<Pairs>(), most<Floats>());
    for (const Shape &s : {Shape{"forward, 576 to 576", 1024, 576, 576, false, true}, Shape{"forward, 576 to 1536", 1024, 1536, 576, false, true},
                           Shape{"input gradient, 1536 to 576", 1024, 576, 1536, false, false}, Shape{"weight gradient, 576 x 1536", 576, 1536, 1024, true, false},
                           Shape{"head", 1024, 49152, 576, false, true}}) {
        const auto [pairs, error] = measure<Pairs>(s);
        const auto [floats, other] = measure<Floats>(s);
        std::printf("%-34s%10.0f%10.0f   errors at most %.1e and %.1e\n", s.name, pairs, floats, error, other);
    }
}
