// SPDX-License-Identifier: MIT
// A driver that faults, loops, or calls from where it must not: each is a violation of a run, and the next run goes on.
#include <csignal>

#include "conformance/driver/machine.hpp"

namespace vmemcheck::conformance {

namespace {

/// An address that a signal tells.
const void* pointer_of(std::uintptr_t address) {
    return reinterpret_cast<const void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

void* Machine::landing_stack(std::uintptr_t code, bool late) {
    if (current_ < 0 || over_) return nullptr;
    // The watchdog may find us anywhere, in malloc() too. In the driver's own code nothing of ours is half done.
    if (late && !plugin_.contains(pointer_of(code))) return nullptr;
    return fibers_.landing_stack(current_);
}

void Machine::landed(int signal, std::uintptr_t code, std::uintptr_t address) {
    const void* const at = pointer_of(code);
    if (plugin_.contains(at)) site_ = static_cast<const char*>(at) + 1;  // not a return address
    const void* const wild = pointer_of(address);
    switch (signal) {
        case SIGFPE:
            oops("a division by zero", nullptr);
        case SIGILL:
            oops("an instruction that is none", nullptr);
        case SIGVTALRM:
            endless_loop();
        default:
            break;
    }
    if (address != 0 && fibers_.room_below(current_, wild) == 0 && fibers_.near_stack(current_, wild))
        oops("the stack overflows", nullptr);
    oops("an access to memory that is not there", wild);
}

void Machine::endless_loop() { oops("the driver goes round in a loop without end, and gives way to nobody", nullptr); }

void Machine::require_may_sleep(const char* what) {
    if (current_ < 0) return;
    const bool interrupt =
        current_ == driver_actor::config_irq || current_ == driver_actor::vq_irq || current_ == driver_actor::timer;
    const char* const why = interrupt                ? "in an interrupt"
                            : self().spin_locks != 0 ? "with a spinlock held"
                            : self().rcu != 0        ? "in an RCU read side section"
                                                     : nullptr;
    if (why == nullptr) return;
    violation("lock-discipline", text_ = std::string(what) + " sleeps, and is called " + why);
}

/// The driver reads pages and what the virtio core has given to it; it writes nothing but its own. Pages change by the
/// functions of the kernel.
void Machine::check_foreign_access(const void* address, bool write) {
    const auto* const at = static_cast<const unsigned char*>(address);
    const auto within = [at](const auto& object) {
        const auto* const begin = reinterpret_cast<const unsigned char*>(&object);
        return at >= begin && at < begin + sizeof(object);
    };
    if (within(world_->vdev) || (within(world_->vq) && !write)) return;
    if (within(world_->memmap) && !write) {
        const auto offset = static_cast<std::size_t>(at - reinterpret_cast<const unsigned char*>(&world_->memmap));
        return require_memmap(static_cast<int>(offset / sizeof(page)), "an access");
    }
    oops("an access to memory that is not the driver's", address);
}

/// virtio_mem_remove() keeps the resource and its name while memory is still added, and nothing else.
void Machine::check_nothing_left() {
    const World& w = *world_;
    if (w.work != nullptr) violation("no-use-after-free", "the driver is gone, and its work is still queued");
    if (w.armed != nullptr) violation("no-use-after-free", "the driver is gone, and its timer is still armed");
    for (const BlockInfo& block : w.block) {
        if (block.state != BlockState::absent) return;
    }
    for (std::uint32_t i = 0; i < w.allocations; ++i) {
        const Allocation& left = w.allocation[i];
        if (!left.live) continue;
        violation("no-leak",
                  text_ = "the driver is gone, and has not freed an object of " + std::to_string(left.size) + " bytes");
    }
}

}  // namespace vmemcheck::conformance
