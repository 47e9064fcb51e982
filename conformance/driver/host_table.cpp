// SPDX-License-Identifier: MIT
#include "conformance/driver/host_table.hpp"

#include "conformance/driver/fault.hpp"
#include "conformance/driver/machine.hpp"

namespace vmemcheck::conformance {

namespace {

thread_local Machine* active = nullptr;

/// The machine, told where in the driver the call comes from.
#define VMEMCHECK_MACHINE (active->called_from(__builtin_return_address(0)), *active)

// As abi.h declares it: to Clang this, other than [[noreturn]], is part of a function's type.
__attribute__((noreturn)) void bug(const char* condition, const char* function, int line) {
    VMEMCHECK_MACHINE.bug(condition, function, line);
}

unsigned log2_of(std::uint64_t power_of_two) { return static_cast<unsigned>(__builtin_ctzll(power_of_two)); }

}  // namespace

void set_active_machine(Machine* machine) {
    active = machine;
    set_fault_handler(machine);
}
Machine* active_machine() { return active; }

shim_config_ops host_config_ops() {
    shim_config_ops ops{};
    ops.get = [](shim_virtio_device*, unsigned offset, void* buffer, unsigned length) {
        VMEMCHECK_MACHINE.read_config(offset, buffer, length);
    };
    ops.del_vqs = [](shim_virtio_device*) { VMEMCHECK_MACHINE.delete_queues(); };
    return ops;
}

void fill_host_table(shim_host& table, const Machine& machine) {
    const DriverSetup& setup = machine.setup();
    table.page_shift = log2_of(setup.page_bytes());
    table.pages_per_section = static_cast<unsigned long>(setup.pages);
    table.pageblock_order = log2_of(static_cast<unsigned>(setup.pages / setup.page_blocks));
    table.max_order = log2_of(static_cast<unsigned>(setup.pages));
    table.memory_block_size = setup.memory_block_bytes();

    table.point = [](shim_point what, const void* object, const void* site) {
        active->called_from(site != nullptr ? site : __builtin_return_address(0));
        active->plain_point(what, object);
    };
    table.warn = [](const char* c, const char* f, int line) { VMEMCHECK_MACHINE.warn(c, f, line); };
    table.bug = bug;
    table.print = [](const char* text) { VMEMCHECK_MACHINE.print(text); };

    table.mutex_lock = [](shim_mutex* m) { VMEMCHECK_MACHINE.lock(m); };
    table.mutex_trylock = [](shim_mutex* m) { return VMEMCHECK_MACHINE.try_lock(m) ? 1 : 0; };
    table.mutex_unlock = [](shim_mutex* m) { VMEMCHECK_MACHINE.unlock(m); };
    table.spin_lock = [](shim_mutex* m) { VMEMCHECK_MACHINE.spin_lock(m); };
    table.spin_unlock = [](shim_mutex* m) { VMEMCHECK_MACHINE.spin_unlock(m); };

    table.queue_work = [](shim_work* work) { return VMEMCHECK_MACHINE.queue_work(work) ? 1 : 0; };
    table.cancel_work_sync = [](shim_work* work) { return VMEMCHECK_MACHINE.cancel_work(work) ? 1 : 0; };
    table.flush_work = [](shim_work* work) { VMEMCHECK_MACHINE.flush_work(work); };
    table.hrtimer_start = [](shim_hrtimer* timer) { VMEMCHECK_MACHINE.start_timer(timer); };
    table.hrtimer_cancel = [](shim_hrtimer* timer) { return VMEMCHECK_MACHINE.cancel_timer(timer) ? 1 : 0; };
    table.wait = [](shim_waitqueue* queue, std::uint32_t seen) { VMEMCHECK_MACHINE.wait(queue, seen); };
    table.wake_up = [](shim_waitqueue* queue) { VMEMCHECK_MACHINE.wake_up(queue); };
    table.synchronize_rcu = [] { VMEMCHECK_MACHINE.synchronize_rcu(); };
    table.msleep = [] { VMEMCHECK_MACHINE.sleep(); };

    table.allocate = [](std::size_t size, int zeroed, int may_sleep) {
        return VMEMCHECK_MACHINE.allocate(size, zeroed != 0, may_sleep != 0);
    };
    table.release = [](const void* memory) { VMEMCHECK_MACHINE.release(memory); };

    table.register_memory_notifier = [](shim_notifier* nb) { return VMEMCHECK_MACHINE.register_notifier(nb); };
    table.unregister_memory_notifier = [](shim_notifier* nb) { VMEMCHECK_MACHINE.unregister_notifier(nb); };
    table.set_online_page_callback = [](void (*f)(page*, unsigned)) {
        return VMEMCHECK_MACHINE.set_online_page_callback(f);
    };
    table.restore_online_page_callback = [](void (*f)(page*, unsigned)) {
        return VMEMCHECK_MACHINE.restore_online_page_callback(f);
    };

    table.add_memory = [](std::uint64_t start, std::uint64_t size) {
        return VMEMCHECK_MACHINE.add_memory(start, size);
    };
    table.remove_memory = [](std::uint64_t start, std::uint64_t size) {
        return VMEMCHECK_MACHINE.remove_memory(start, size);
    };
    table.offline_and_remove_memory = [](std::uint64_t start, std::uint64_t size) {
        return VMEMCHECK_MACHINE.offline_and_remove_memory(start, size);
    };
    table.alloc_contig_range = [](unsigned long start, unsigned long end) {
        return VMEMCHECK_MACHINE.alloc_contig_range(start, end);
    };
    table.free_contig_range = [](unsigned long pfn, unsigned long n) { VMEMCHECK_MACHINE.free_contig_range(pfn, n); };
    table.generic_online_page = [](page* p, unsigned order) { VMEMCHECK_MACHINE.generic_online_page(p, order); };
    table.adjust_managed_page_count = [](page* p, long n) { VMEMCHECK_MACHINE.adjust_managed(p, n); };
    table.pfn_to_page = [](unsigned long pfn) { return VMEMCHECK_MACHINE.pfn_to_page(pfn); };
    table.pfn_to_online_page = [](unsigned long pfn) { return VMEMCHECK_MACHINE.pfn_to_online_page(pfn); };
    table.page_to_pfn = [](const page* p) { return VMEMCHECK_MACHINE.page_to_pfn(p); };
    table.page_ref_add = [](page* p, int delta) { return VMEMCHECK_MACHINE.page_ref_add(p, delta); };
    table.set_page_offline = [](page* p, int offline) { VMEMCHECK_MACHINE.set_page_offline(p, offline != 0); };
    table.set_page_dirty = [](page* p, int dirty) { VMEMCHECK_MACHINE.set_page_dirty(p, dirty != 0); };
    table.set_page_reserved = [](page* p, int reserved) { VMEMCHECK_MACHINE.set_page_reserved(p, reserved != 0); };

    table.request_region = [](std::uint64_t start, std::uint64_t size, const char* name, unsigned long flags) {
        return VMEMCHECK_MACHINE.request_region(start, size, name, flags);
    };
    table.release_resource = [](shim_resource* r) { return VMEMCHECK_MACHINE.release_resource(r); };
    table.has_system_ram = [](std::uint64_t start, std::uint64_t end) {
        return VMEMCHECK_MACHINE.has_system_ram(start, end) ? 1 : 0;
    };

    table.find_vq = [](shim_virtio_device* vdev, void (*f)(shim_virtqueue*)) {
        return VMEMCHECK_MACHINE.find_vq(vdev, f);
    };
    table.add_request = [](shim_virtqueue* vq, const void* request, void* response, void* token) {
        return VMEMCHECK_MACHINE.add_request(vq, request, response, token);
    };
    table.kick = [](shim_virtqueue* vq) { return VMEMCHECK_MACHINE.kick(vq) ? 1 : 0; };
    table.get_response = [](shim_virtqueue* vq, unsigned* length) {
        return VMEMCHECK_MACHINE.get_response(vq, length);
    };
    table.has_feature = [](unsigned bit) { return bit == 1 ? 1 : 0; };  // VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE
    table.device_ready = [](shim_virtio_device*) { VMEMCHECK_MACHINE.device_ready(); };
    table.reset_device = [](shim_virtio_device*) { VMEMCHECK_MACHINE.reset_device(); };

    table.access = [](const void* address, std::size_t size, int write, const void* site) {
        active->called_from(site);
        active->access(address, size, write != 0);
    };
    table.enter = [](void* function, const unsigned long* registers, void** back) {
        active->called_from(function);
        active->enter(function, registers, back);
    };
    table.leave = [](unsigned long result) { return active->leave(result); };
}

#undef VMEMCHECK_MACHINE

}  // namespace vmemcheck::conformance
