// SPDX-License-Identifier: MIT
// Locks, work, timers, waiting, memory, and the pages themselves: the kernel around the driver.
#include <cstring>

#include "conformance/driver/address_sanitizer.hpp"
#include "conformance/driver/machine.hpp"
#include "conformance/driver/objects.hpp"

#if VMEMCHECK_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(begin, size) ((void)(begin), (void)(size))
#endif

namespace vmemcheck::conformance {

using bbm::EventKind;

namespace {
/// The driver asks for arrays in pages; a page of this machine is many MiB.
constexpr std::size_t largest_allocation = 512;
constexpr unsigned char poison = 0x6b;
}  // namespace

// --- locks ---

bool Machine::is_hotplug_mutex(const shim_mutex* mutex) const {
    shim_observed seen{};
    return observe(seen) && seen.hotplug_mutex == mutex;
}

void Machine::lock(shim_mutex* mutex) {
    check_live(mutex, "a freed mutex is locked");
    if (mutex->initialised == 0) violation("lock-discipline", "a mutex is locked that was never initialised");
    require_may_sleep("mutex_lock()");
    if (mutex->owner == static_cast<unsigned>(current_) + 1)
        violation("lock-discipline", "a task locks a mutex that it holds already: deadlock");
    const bool shown = observer_ != nullptr && is_hotplug_mutex(mutex);
    if (shown) show(EventKind::mtxtry);
    point(Op::lock, reinterpret_cast<std::uintptr_t>(mutex));
    check_live(mutex, "a mutex is freed while a task waits for it");
    touch(mutex, true);
    mutex->owner = static_cast<unsigned>(current_) + 1;
    self().mutexes++;
    if (shown) show(EventKind::mtxgot);
}

bool Machine::try_lock(shim_mutex* mutex) {
    check_live(mutex, "a freed mutex is locked");
    point(Op::atomic_write, reinterpret_cast<std::uintptr_t>(mutex));
    touch(mutex, true);
    check_live(mutex, "a mutex is freed while a task tries to lock it");
    if (mutex->owner != 0) return false;
    mutex->owner = static_cast<unsigned>(current_) + 1;
    self().mutexes++;
    return true;
}

void Machine::unlock(shim_mutex* mutex) {
    check_live(mutex, "a freed mutex is unlocked");
    if (mutex->owner != static_cast<unsigned>(current_) + 1) {
        violation("lock-discipline", mutex->owner == 0 ? "a mutex is unlocked that nobody holds"
                                                       : "a mutex is unlocked by a task that does not hold it");
    }
    point(Op::unlock, reinterpret_cast<std::uintptr_t>(mutex));
    if (observer_ != nullptr && is_hotplug_mutex(mutex)) show(EventKind::mtxunlock);
    touch(mutex, true);
    mutex->owner = 0;
    self().mutexes--;
}

void Machine::spin_lock(shim_mutex* lock) {
    check_live(lock, "a freed spinlock is locked");
    if (lock->initialised == 0) violation("lock-discipline", "a spinlock is locked that was never initialised");
    if (lock->owner == static_cast<unsigned>(current_) + 1)
        violation("lock-discipline", "a task locks a spinlock that it holds already: deadlock");
    point(Op::spin_lock, reinterpret_cast<std::uintptr_t>(lock));
    check_live(lock, "a spinlock is freed while a task waits for it");
    touch(lock, true);
    lock->owner = static_cast<unsigned>(current_) + 1;
    if (current_ >= 0) self().spin_locks++;
}

void Machine::spin_unlock(shim_mutex* lock) {
    check_live(lock, "a freed spinlock is unlocked");
    if (lock->owner != static_cast<unsigned>(current_) + 1)
        violation("lock-discipline", "a spinlock is unlocked by a task that does not hold it");
    touch(lock, true);
    lock->owner = 0;
    if (current_ >= 0) self().spin_locks--;
}

void Machine::forbid_hotplug_mutex(const char* what) {
    shim_observed seen{};
    if (observe(seen) && seen.hotplug_mutex->owner == static_cast<unsigned>(current_) + 1) {
        violation("lock-discipline", text_ = std::string(what) + " with hotplug_mutex held: the notifier waits for it");
    }
    require_may_sleep(what);
}

void Machine::plain_point(shim_point what, const void* object) {
    if (current_ < 0) return;
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    switch (what) {
        case SHIM_ATOMIC_READ:
            check_live(object, "an atomic of a freed object is read");
            point(Op::atomic_read, address);
            check_live(object, "an atomic of a freed object is read");
            return touch(object, false);
        case SHIM_ATOMIC_WRITE:
            check_live(object, "an atomic of a freed object is written");
            point(Op::atomic_write, address);
            check_live(object, "an atomic of a freed object is written");
            return touch(object, true);
        case SHIM_COND_RESCHED:
            require_may_sleep("cond_resched()");
            self().yielding = 1;
            point(Op::cond_resched);
            return;
        case SHIM_RCU_READ_LOCK:
            point(Op::rcu);
            touch(rcu_object, true);
            self().rcu++;
            return;
        case SHIM_RCU_READ_UNLOCK:
            if (self().rcu == 0) violation("lock-discipline", "rcu_read_unlock() without rcu_read_lock()");
            touch(rcu_object, true);
            self().rcu--;
            return;
        default:
            require_may_sleep("page_offline_begin()");  // it did, until 425bec0032f5
            point(Op::page_offline);
            return;
    }
}

void Machine::synchronize_rcu() {
    require_may_sleep("synchronize_rcu()");
    point(Op::synchronize_rcu);
}

void Machine::sleep() {
    require_may_sleep("msleep()");
    self().yielding = 1;
    point(Op::sleep);
}

// --- work and timer ---

bool Machine::queue_work(shim_work* work) {
    check_live(work, "freed work is queued", sizeof(*work));
    point(Op::queue_work, reinterpret_cast<std::uintptr_t>(work));
    check_live(work, "freed work is queued", sizeof(*work));
    touch(work_object, true);
    if (work->pending != 0) return false;
    work->pending = 1;
    world_->work = work;
    return true;
}

/// cancel_work_sync(): takes the work from the queue, lets nobody queue it meanwhile, and waits for its function.
bool Machine::cancel_work(shim_work* work) {
    require_may_sleep("cancel_work_sync()");
    check_live(work, "freed work is cancelled", sizeof(*work));
    point(Op::grab_work, reinterpret_cast<std::uintptr_t>(work));
    check_live(work, "freed work is cancelled", sizeof(*work));
    touch(work_object, true);
    const bool pending = work->pending != 0;
    work->pending = 1;  // mark_work_canceling(), WORK_CANCEL_DISABLE: queue_work() finds it pending
    if (world_->work == work) world_->work = nullptr;
    point(Op::cancel_work, reinterpret_cast<std::uintptr_t>(work));
    check_live(work, "work is freed while it is cancelled", sizeof(*work));
    touch(work_object, true);
    work->pending = 0;
    return pending;
}

/// flush_work(): waits for the work's function, which is still called if it is queued.
void Machine::flush_work(shim_work* work) {
    require_may_sleep("flush_work()");
    check_live(work, "freed work is flushed", sizeof(*work));
    point(Op::flush_work, reinterpret_cast<std::uintptr_t>(work));
    touch(work_object, false);
}

void Machine::start_timer(shim_hrtimer* timer) {
    check_live(timer, "a freed timer is started", sizeof(*timer));
    touch(timer_object, true);
    timer->armed = 1;
    world_->armed = timer;
}

bool Machine::cancel_timer(shim_hrtimer* timer) {
    check_live(timer, "a freed timer is cancelled", sizeof(*timer));
    point(Op::cancel_timer, reinterpret_cast<std::uintptr_t>(timer));
    check_live(timer, "a timer is freed while it is cancelled", sizeof(*timer));
    touch(timer_object, true);
    const bool armed = timer->armed != 0;
    timer->armed = 0;
    if (world_->armed == timer) world_->armed = nullptr;
    return armed;
}

void Machine::wait(shim_waitqueue* queue, std::uint32_t seen) {
    require_may_sleep("wait_event()");
    check_live(queue, "a freed wait queue is waited on");
    self().seen = seen;
    point(Op::wait_response, reinterpret_cast<std::uintptr_t>(queue));
    check_live(queue, "a wait queue is freed while a task waits on it");
    touch(queue, true);
}

void Machine::wake_up(shim_waitqueue* queue) {
    check_live(queue, "a freed wait queue is woken");
    touch(queue, true);
    queue->wakeups = (queue->wakeups + 1) % 4;  // a counter would make every state a new one
}

// --- memory ---

void Machine::forget_memory(bool poisoned) {
    ASAN_UNPOISON_MEMORY_REGION(world_.get(), sizeof(World));
    std::memset(static_cast<void*>(world_.get()), 0, sizeof(World));
    if (poisoned) ASAN_POISON_MEMORY_REGION(world_->heap.data(), heap_bytes);
}

void* Machine::allocate(std::size_t size, bool zeroed, bool may_sleep) {
    if (may_sleep) require_may_sleep("an allocation with GFP_KERNEL");
    const Answer failed = fault_point(Op::allocate, setup_.kinds.allocation, 2);
    if (failed != 0) return nullptr;
    World& w = *world_;
    const std::size_t bytes = size <= heap_bytes / 4 ? size : largest_allocation;
    const std::size_t room = (bytes + 15) / 16 * 16 + 16;  // what follows is nobody's
    if (w.heap_used + room > heap_bytes || w.allocations == max_allocations) give_up("the machine's memory is used up");
    Allocation& made = w.allocation[w.allocations++];
    made.offset = w.heap_used;
    made.size = static_cast<std::uint32_t>(bytes);
    made.live = true;
    w.heap_used += static_cast<std::uint32_t>(room);
    ASAN_UNPOISON_MEMORY_REGION(w.heap.data() + made.offset, bytes);
    std::memset(w.heap.data() + made.offset, zeroed ? 0 : poison, bytes);
    return w.heap.data() + made.offset;
}

int Machine::allocation_of(const void* address) const {
    const auto* const at = static_cast<const unsigned char*>(address);
    const World& w = *world_;
    if (at < w.heap.data() || at >= w.heap.data() + heap_bytes) return -1;
    const auto offset = static_cast<std::uint32_t>(at - w.heap.data());
    for (std::uint32_t i = 0; i < w.allocations; ++i) {
        if (offset >= w.allocation[i].offset && offset < w.allocation[i].offset + w.allocation[i].size)
            return static_cast<int>(i);
    }
    return -1;
}

void Machine::release(const void* memory) {
    if (memory == nullptr) return;
    const int i = allocation_of(memory);
    World& w = *world_;
    if (i < 0 || w.heap.data() + w.allocation[static_cast<std::size_t>(i)].offset != memory) {
        if (plugin_.contains(memory)) return;  // kfree_const() of a constant
        violation("no-use-after-free", "kfree() of what was never allocated");
    }
    Allocation& freed = w.allocation[static_cast<std::size_t>(i)];
    if (!freed.live) violation("no-use-after-free", "an object is freed twice");
    freed.live = false;
    touch(memory, true);
    if (memory == w.vdev.priv) w.observable = 0;
    std::memset(w.heap.data() + freed.offset, poison, freed.size);
    ASAN_POISON_MEMORY_REGION(w.heap.data() + freed.offset, freed.size);
}

void Machine::check_live(const void* object, const char* what, std::size_t size) {
    const int i = allocation_of(object);
    if (i >= 0) {
        const Allocation& found = world_->allocation[static_cast<std::size_t>(i)];
        if (!found.live) violation("no-use-after-free", what);
        const auto* const end = world_->heap.data() + found.offset + found.size;
        if (static_cast<const unsigned char*>(object) + size > end)
            violation("no-oops", "an object that the driver gives to the kernel goes beyond its allocation");
        return;
    }
    const auto* const at = static_cast<const unsigned char*>(object);
    const auto* const queue = reinterpret_cast<const unsigned char*>(&world_->vq);
    if (plugin_.is_variable(object) || on_other_stack(object) || (at >= queue && at < queue + sizeof(world_->vq)))
        return;
    oops("the driver gives the kernel a pointer to what is no object", object);
}

void Machine::access(const void* address, std::size_t size, bool write) {
    if (current_ >= 0 && fibers_.on_stack(current_, address)) return;
    const auto* const at = static_cast<const unsigned char*>(address);
    const auto* const world = reinterpret_cast<const unsigned char*>(world_.get());
    if (at >= world && at < world + sizeof(World)) {
        if (at < world_->heap.data()) {
            check_foreign_access(address, write);
        } else {
            const int i = allocation_of(address);
            if (i < 0) violation("no-oops", "an access beyond the end of an object");
            const Allocation& object = world_->allocation[static_cast<std::size_t>(i)];
            if (!object.live)
                violation("no-use-after-free", write ? "a freed object is written" : "a freed object is read");
            if (at + size > world_->heap.data() + object.offset + object.size)
                violation("no-oops", "an access beyond the end of an object");
            if (write && observer_ != nullptr) watch_states();
        }
        const auto word = reinterpret_cast<std::uintptr_t>(address) >> 3U;
        for (std::uintptr_t w = word; w <= (reinterpret_cast<std::uintptr_t>(address) + size - 1) >> 3U; ++w)
            touch(w << 3U, write);
        return;
    }
    if (plugin_.contains(address)) {
        if (plugin_.is_counter(address)) return;
        if (write && !plugin_.is_variable(address)) violation("no-oops", "a constant of the driver is written");
        touch(reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{7}, write);
        return;
    }
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&host_);
    if (at >= bytes && at < bytes + sizeof(host_) && !write) return;
    if (at >= reinterpret_cast<const unsigned char*>(this) && at < reinterpret_cast<const unsigned char*>(this + 1) &&
        !write)
        return;
    if (on_other_stack(address)) return;
    oops("an access to memory that is not the driver's", address);
}

void Machine::oops(const char* what, const void* address) {
    char text[200];
    if (address != nullptr) {
        std::snprintf(text, sizeof(text), "%s, at %p", what, address);
    } else {
        std::snprintf(text, sizeof(text), "%s", what);
    }
    violation("no-oops", text);
}

// --- pages ---

unsigned long Machine::first_pfn() const { return first_address() >> host_.page_shift; }

std::uint64_t Machine::first_address() const {
    // A device far up in memory, at a multiple of any big block.
    constexpr std::uint64_t gib = 1ULL << 30U;
    return setup_.threshold_bites ? 64 * gib : 5 * gib;
}

int Machine::block_of_address(std::uint64_t address) const {
    if (address < first_address()) return -1;
    const std::uint64_t block = (address - first_address()) / setup_.memory_block_bytes();
    return block < static_cast<unsigned>(setup_.total_memory_blocks()) ? static_cast<int>(block) : -1;
}

int Machine::page_index(const page* p) const {
    const auto offset = reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(world_->memmap.data());
    const std::uintptr_t index = offset / sizeof(page);
    if (offset % sizeof(page) != 0 || index >= static_cast<unsigned>(setup_.total_pages())) return -1;
    return static_cast<int>(index);
}

page* Machine::pfn_to_page(unsigned long pfn) {
    const unsigned long first = first_pfn();
    if (pfn < first || pfn >= first + static_cast<unsigned long>(setup_.total_pages())) {
        violation("no-oops", "pfn_to_page() of memory that is not the device's");
    }
    return &world_->memmap[pfn - first];
}

page* Machine::pfn_to_online_page(unsigned long pfn) {
    const unsigned long first = first_pfn();
    if (pfn < first || pfn >= first + static_cast<unsigned long>(setup_.total_pages())) return nullptr;
    const auto block = static_cast<std::size_t>(block_of_page(static_cast<int>(pfn - first)));
    point(Op::read_block, 0, 1, static_cast<int>(block));
    touch(block_object + block, false);
    return world_->block[block].online != 0 ? &world_->memmap[pfn - first] : nullptr;
}

unsigned long Machine::page_to_pfn(const page* p) {
    const int i = page_index(p);
    if (i < 0) oops("page_to_pfn() of what is no page", p);
    return first_pfn() + static_cast<unsigned long>(i);
}

void Machine::require_memmap(int page, const char* what) {
    if (page < 0 || page >= setup_.total_pages())
        violation("no-oops", text_ = std::string(what) + " of a page that is not the device's");
    if (world_->block[static_cast<std::size_t>(block_of_page(page))].state == BlockState::absent) {
        violation("no-oops",
                  text_ = std::string(what) + " of a page whose memory block is not added: it has no memmap");
    }
}

int Machine::page_ref_add(page* p, int delta) {
    const int i = page_index(p);
    require_memmap(i, "page_ref_add()");
    touch(page_object + static_cast<unsigned>(i), true);
    const int count = p->refcount + delta;
    if (count < 0) violation("refcount-released-on-offline", "a page's reference count drops below 0");
    p->refcount = count;
    return count;
}

void Machine::set_page_offline(page* p, bool offline) {
    const int i = page_index(p);
    require_memmap(i, "SetPageOffline()");
    touch(page_object + static_cast<unsigned>(i), true);
    show(offline ? EventKind::set_fake_offline : EventKind::clear_fake_offline, block_of_page(i), 1);
    if (offline && world_->info[static_cast<std::size_t>(i)].use != PageUse::contig) {
        // (6.1 marks pages that are being onlined, too.)
        if (world_->info[static_cast<std::size_t>(i)].use != PageUse::init)
            violation("no-warn", "a page that somebody else uses is marked PageOffline");
    }
    if (offline && p->type == SHIM_PAGE_OFFLINE)
        violation("no-warn", "VM_BUG_ON: PageOffline is set of a page that has it already");
    if (!offline && p->type != SHIM_PAGE_OFFLINE)
        violation("no-warn", "VM_BUG_ON: PageOffline is cleared of a page that has it not");
    p->type = offline ? SHIM_PAGE_OFFLINE : SHIM_PAGE_PLAIN;
}

void Machine::set_page_dirty(page* p, bool dirty) {
    const int i = page_index(p);
    require_memmap(i, "SetPageDirty()");
    touch(page_object + static_cast<unsigned>(i), true);
    // Where a memmap starts PageOffline, this is all that the driver does to a page that is onlined.
    if (setup_.release.memmap_starts_offline)
        show(dirty ? EventKind::set_fake_offline : EventKind::clear_fake_offline, block_of_page(i), 1);
    p->dirty = dirty ? 1 : 0;
}

void Machine::set_page_reserved(page* p, bool reserved) {
    const int i = page_index(p);
    require_memmap(i, "SetPageReserved()");
    touch(page_object + static_cast<unsigned>(i), true);
    p->reserved = reserved ? 1 : 0;
}

void Machine::adjust_managed(page* p, long count) {
    const int i = page_index(p);
    require_memmap(i, "adjust_managed_page_count()");
    const std::size_t zone = zone_index(p->zone);
    touch(&world_->managed[zone], true);
    show(EventKind::adjust_managed, block_of_page(i), count);
    world_->managed[zone] += static_cast<std::int32_t>(count);
}

// --- registering ---

int Machine::register_notifier(shim_notifier* nb) {
    check_live(nb, "a freed notifier is registered", sizeof(*nb));
    if (world_->notifier != nullptr) violation("no-warn", "WARN: notifier callback already registered");
    touch(&world_->notifier, true);
    world_->notifier = nb;
    return 0;
}

void Machine::unregister_notifier(shim_notifier* nb) {
    require_may_sleep("unregister_memory_notifier()");
    point(Op::unregister);
    touch(&world_->notifier, true);
    touch(&world_->chain_readers, true);
    if (world_->notifier == nb) world_->notifier = nullptr;
}

int Machine::set_online_page_callback(void (*callback)(page*, unsigned)) {
    point(Op::mem_hotplug_lock);  // get_online_mems()
    touch(&world_->mem_hotplug_lock, false);
    if (world_->online_page_callback != nullptr) return -22;
    world_->online_page_callback = callback;
    return 0;
}

int Machine::restore_online_page_callback(void (*callback)(page*, unsigned)) {
    point(Op::mem_hotplug_lock);
    touch(&world_->mem_hotplug_lock, false);
    if (world_->online_page_callback != callback) return -22;
    world_->online_page_callback = nullptr;
    return 0;
}

shim_resource* Machine::request_region(std::uint64_t start, std::uint64_t size, const char* name, unsigned long flags) {
    auto* resource = static_cast<shim_resource*>(allocate(sizeof(shim_resource), true, true));
    if (resource == nullptr) return nullptr;
    resource->name = name;
    resource->start = start;
    resource->end = start + size - 1;
    resource->flags = flags;
    return resource;
}

int Machine::release_resource(shim_resource* resource) {
    check_live(resource, "a freed resource is released", sizeof(*resource));
    return 0;
}

bool Machine::has_system_ram(std::uint64_t start, std::uint64_t end) {
    for (int b = 0; b < setup_.total_memory_blocks(); ++b) {
        const std::uint64_t address = first_address() + static_cast<unsigned>(b) * setup_.memory_block_bytes();
        touch(block_object + static_cast<unsigned>(b), false);
        if (world_->block[static_cast<std::size_t>(b)].state != BlockState::absent && address >= start && address < end)
            return true;
    }
    return false;
}

}  // namespace vmemcheck::conformance
