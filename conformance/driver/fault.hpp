// SPDX-License-Identifier: MIT
/// \file
/// What the processor says of the driver's code: an access to memory that is not there, a division by zero, an
/// instruction that is none, a stack that overflows; and a watchdog for loops that do nothing at all.
#pragma once

#include <cstdint>

namespace vmemcheck::conformance {

/// Something whose fibers may fault.
class FaultHandler {
 public:
    FaultHandler() = default;
    FaultHandler(const FaultHandler&) = delete;
    FaultHandler& operator=(const FaultHandler&) = delete;
    virtual ~FaultHandler() = default;

    /// Called in a signal handler. \param code where the processor was. \param late it is not a fault, but the
    /// watchdog: the code has run for more than a second without giving way
    /// \return a stack to call landed() on, or null if the fault is nobody's: the program dies of it
    virtual void* landing_stack(std::uintptr_t code, bool late) = 0;
    /// Called after the handler, on that stack, in place of the code that faulted. Must not return.
    [[noreturn]] virtual void landed(int signal, std::uintptr_t code, std::uintptr_t address) = 0;
};

/// Makes faults of this thread the business of `handler`; nobody's if null. Installs the signal handlers and this
/// thread's watchdog when first called.
void set_fault_handler(FaultHandler* handler);
/// Tells the watchdog that something new begins.
void feed_watchdog();

}  // namespace vmemcheck::conformance
