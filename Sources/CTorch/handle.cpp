#include "handle.hpp"

#include <atomic>
#include <cstring>
#include <sstream>

using namespace shearling;

namespace {
std::atomic<intptr_t> live{0};
thread_local intptr_t balance = 0;
}  // namespace

ct_tensor::ct_tensor(at::Tensor tensor) noexcept : value(std::move(tensor)) {
    live.fetch_add(1, std::memory_order_relaxed);
    ++balance;
}
ct_tensor::~ct_tensor() {
    live.fetch_sub(1, std::memory_order_relaxed);
    --balance;
}

void ct_tensor_free(ct_tensor *tensor) { delete tensor; }
intptr_t ct_live_tensors(void) { return live.load(std::memory_order_relaxed); }
intptr_t ct_thread_balance(void) { return balance; }

ct_status TorchFaults::classify() noexcept {
    try {
        throw;
    } catch (const c10::OutOfMemoryError &error) {
        return fail(CT_OUT_OF_MEMORY, error.what_without_backtrace());
    } catch (const c10::IndexError &error) {
        return fail(CT_INDEX, error.what_without_backtrace());
    } catch (const c10::NotImplementedError &error) {
        return fail(CT_UNSUPPORTED, error.what_without_backtrace());
    } catch (const c10::Error &error) {  // every TORCH_CHECK; the CPU allocator has no class of its own
        const char *text = error.what_without_backtrace();
        const bool memory = std::strstr(text, "DefaultCPUAllocator") || std::strstr(text, "not enough memory");
        return fail(memory ? CT_OUT_OF_MEMORY : CT_INVALID_ARGUMENT, text);
    } catch (...) {
        return StandardFaults::classify();
    }
}

at::ScalarType shearling::scalar_type(ct_dtype dtype) {
    switch (dtype) {
        case CT_FLOAT32: return at::kFloat;
        case CT_BFLOAT16: return at::kBFloat16;
        case CT_FLOAT16: return at::kHalf;
        case CT_INT64: return at::kLong;
        case CT_INT32: return at::kInt;
        case CT_UINT8: return at::kByte;
        case CT_BOOL: return at::kBool;
        case CT_FLOAT64: return at::kDouble;
        case CT_INT8: return at::kChar;
    }
    throw Fault(CT_INVALID_ARGUMENT, "no such dtype: " + std::to_string(static_cast<int>(dtype)));
}

at::Device shearling::device(int32_t index) {
    if (index == CT_CPU) return at::Device(at::kCPU);
    require(index >= 0, "no such device: " + std::to_string(index));
    int32_t count = 0;
    if (const ct_status status = ct_open_cuda(&count); status != CT_OK) throw Fault(status, ct_last_message());
    if (index >= count)
        throw Fault(CT_UNSUPPORTED, "CUDA device " + std::to_string(index) + " does not exist: " + std::to_string(count) +
                                        " found; name one of them or use the CPU");
    return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

at::TensorOptions shearling::options(ct_dtype dtype, int32_t index) {
    return at::TensorOptions().dtype(scalar_type(dtype)).device(device(index));
}

std::vector<at::Tensor> shearling::list(const ct_tensor *const *tensors, intptr_t count) {
    require(count >= 0, "a list has a negative length");
    std::vector<at::Tensor> values;
    values.reserve(static_cast<size_t>(count));
    for (intptr_t i = 0; i < count; ++i) values.push_back(tensors[i]->value);
    return values;
}

std::string shearling::describe(const at::Tensor &tensor) {
    std::ostringstream text;
    text << tensor.sizes() << ' ' << c10::toString(tensor.scalar_type());
    return text.str();
}
