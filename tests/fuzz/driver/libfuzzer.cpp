// SPDX-License-Identifier: MIT
// What libFuzzer calls. VMEMCHECK_FUZZ_TARGET is one of the functions of targets.hpp; what it throws ends the fuzzer,
// which then saves the input.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmemcheck::fuzz::VMEMCHECK_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
    return 0;
}
