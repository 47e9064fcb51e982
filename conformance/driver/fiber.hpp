// SPDX-License-Identifier: MIT
/// \file
/// Tasks on stacks of their own (Boost.Context), at fixed addresses, so that they can be copied away and back.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>

namespace vmemcheck::conformance {

inline constexpr int max_fibers = 6;

/// A fixed number of fibers. One at most runs at a time, and gives way only by its own will.
class Fibers {
 public:
    static constexpr std::size_t stack_bytes = std::size_t{128} * 1024;

    /// \param body what a fiber runs. When it returns, the fiber is over.
    explicit Fibers(std::function<void(int fiber)> body);
    Fibers(const Fibers&) = delete;
    Fibers& operator=(const Fibers&) = delete;
    ~Fibers();

    /// Makes a fiber that begins with the next resume(). One that is not over is forgotten.
    void begin(int fiber);
    /// Runs a fiber until it yields or is over. Not from within a fiber.
    void resume(int fiber);
    /// Back to who resumed this fiber.
    void yield(int fiber);
    /// It has begun, and is not over.
    [[nodiscard]] bool alive(int fiber) const { return context_[static_cast<std::size_t>(fiber)] != nullptr; }
    void forget(int fiber) { context_[static_cast<std::size_t>(fiber)] = nullptr; }

    /// The part of a fiber's stack that it uses, while it does not run; empty if it is over.
    [[nodiscard]] std::span<const std::byte> used(int fiber) const;
    /// Puts a fiber back where it was. \param stack what used() was
    void put_back(int fiber, std::span<const std::byte> stack);
    /// Whether an address is on the stack of this fiber.
    [[nodiscard]] bool on_stack(int fiber, const void* address) const;
    /// How many bytes are left on a fiber's stack below an address of it; 0 if it is beyond the stack's end.
    [[nodiscard]] std::size_t room_below(int fiber, const void* address) const;
    /// Whether an address is in the guard below a fiber's stack.
    [[nodiscard]] bool near_stack(int fiber, const void* address) const {
        const auto* at = static_cast<const std::byte*>(address);
        return at < bottom(fiber) && at >= bottom(fiber) - guard_bytes;
    }
    /// Where a fiber that is never resumed again may go on: the upper end of its stack, whatever was there.
    [[nodiscard]] void* landing_stack(int fiber) const { return top(fiber); }

    /// Whether used() is all that a fiber is: not under AddressSanitizer, which has a shadow of each stack.
    [[nodiscard]] static bool can_be_copied();

 private:
    static constexpr std::size_t guard_bytes = std::size_t{64} * 1024;  ///< below each stack: nothing may touch it
    [[nodiscard]] std::byte* bottom(int fiber) const {
        return stacks_ + static_cast<std::size_t>(fiber) * (guard_bytes + stack_bytes) + guard_bytes;
    }
    [[nodiscard]] std::byte* top(int fiber) const { return bottom(fiber) + stack_bytes; }
    void run(int fiber);

    std::function<void(int)> body_;
    std::byte* stacks_ = nullptr;
    std::array<void*, max_fibers> context_{};
    void* back_ = nullptr;
    void* fake_stack_ = nullptr;  ///< AddressSanitizer's, of who resumed
    const void* outer_bottom_ = nullptr;
    std::size_t outer_size_ = 0;
    friend struct FiberEntry;
};

}  // namespace vmemcheck::conformance
