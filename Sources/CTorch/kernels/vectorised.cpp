#include "vectorised.hpp"

using namespace shearling;

InstructionSet shearling::instruction_set() noexcept {
    static const InstructionSet found = __builtin_cpu_supports("x86-64-v4")   ? InstructionSet::avx512
                                        : __builtin_cpu_supports("x86-64-v3") ? InstructionSet::avx2
                                                                              : InstructionSet::baseline;
    return found;
}
