// SPDX-License-Identifier: MIT
/// \file
/// The machine: runs the driver's code on tasks of its own, and is a program under the checker.
///
/// A task runs until its next point of choice, where it says what it is about to do and the machine goes back to the
/// checker. All that decides how the run goes on is in World, in the driver's variables and on the tasks' stacks, at
/// fixed addresses: to save a state is to copy them, and two states are the same if their bytes are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/program.hpp"
#include "conformance/driver/fault.hpp"
#include "conformance/driver/fiber.hpp"
#include "conformance/driver/plugin.hpp"
#include "conformance/driver/setup.hpp"
#include "conformance/driver/world.hpp"
#include "model/event.hpp"

namespace vmemcheck::conformance {

/// Something that the recorder of a guest would have seen, with what it would have read there.
struct DriverEvent {
    bbm::EventKind kind{};
    int task = 0;    ///< driver_actor::Id
    int block = -1;  ///< big block or memory block of the device
    std::int64_t value = 0;
    std::int64_t other = 0;
};

/// Sees the events of a run, when they happen. Only while a run is recorded.
class DriverObserver {
 public:
    DriverObserver() = default;
    DriverObserver(const DriverObserver&) = delete;
    DriverObserver& operator=(const DriverObserver&) = delete;
    virtual ~DriverObserver() = default;
    virtual void event(const DriverEvent& event) = 0;
    /// What the host does shows in the recording's marks only.
    virtual void resized(std::uint64_t bytes) = 0;
    /// A user of pages does something with the last page of a memory block. \param action PageAction
    virtual void page_used(int block, unsigned action) = 0;
    /// The kernel's log.
    virtual void printed(std::string_view text) = 0;
};

/// The actor with this name.
[[nodiscard]] std::optional<std::uint16_t> driver_actor_named(std::string_view name);

class Machine final : public checker::Program, public FaultHandler {
 public:
    /// \param plugin the driver; must outlive the machine, and belongs to it alone
    Machine(Plugin& plugin, const DriverSetup& setup);
    ~Machine() override;

    // --- checker::Program ---
    void restart() override;
    [[nodiscard]] std::span<const checker::Alternative> alternatives() const override { return alternatives_; }
    void take(std::size_t index) override;
    [[nodiscard]] const checker::ProgramEnd& end() const override { return end_; }
    [[nodiscard]] std::span<const checker::Touched> touched() const override { return touched_; }
    [[nodiscard]] std::uint64_t fingerprint() const override;
    [[nodiscard]] std::unique_ptr<checker::ProgramState> save() const override;
    void restore(const checker::ProgramState& state) override;
    [[nodiscard]] std::string describe(const checker::Alternative& alternative) const override;
    [[nodiscard]] std::string actor_name(std::uint16_t actor) const override;

    // --- for those who look on ---
    [[nodiscard]] const DriverSetup& setup() const { return setup_; }
    [[nodiscard]] const World& world() const { return *world_; }
    [[nodiscard]] const Plugin& plugin() const { return plugin_; }
    /// The driver's own state, or nothing while there is none. Reading it is no access of the driver's.
    [[nodiscard]] bool observe(shim_observed& seen) const;
    /// \param observer null: nobody. Takes effect with the next run. Where a run is saved and come back to, what the
    /// observer knows must be, too.
    void record(DriverObserver* observer) { observer_ = observer; }

    /// Where the driver calls the machine from, for messages. \param site an address in its code
    void called_from(const void* site) {
        site_ = site;
        count_work();
    }

    // --- called from the driver, by way of the table of shim/abi.h, and from core MM ---
    using Answer = unsigned;
    /// A point of choice: this task is about to do `op`. \return what the environment answers, below `answers`
    Answer point(Op op, std::uintptr_t object = 0, unsigned answers = 1, int block = -1);
    [[noreturn]] void violation(std::string_view property, const std::string& message);
    [[noreturn]] void give_up(const std::string& message);
    /// Notes what a step touches. (Not inline: less of it is left on the stack of a task, which is hashed.)
    void touch(std::uint64_t object, bool write);
    void touch(const void* object, bool write);
    void show(bbm::EventKind kind, int block = -1, std::int64_t value = 0, std::int64_t other = 0);

    /// A WARN or BUG of the driver.
    void warn(const char* condition, const char* function, int line);
    [[noreturn]] void bug(const char* condition, const char* function, int line);
    void print(const char* text);
    void access(const void* address, std::size_t size, bool write);
    void enter(void* function, const unsigned long* registers, void** return_address);
    void* leave(unsigned long result);

    void lock(shim_mutex* mutex);
    bool try_lock(shim_mutex* mutex);
    void unlock(shim_mutex* mutex);
    void spin_lock(shim_mutex* lock);
    void spin_unlock(shim_mutex* lock);
    bool queue_work(shim_work* work);
    bool cancel_work(shim_work* work);
    void flush_work(shim_work* work);
    void start_timer(shim_hrtimer* timer);
    bool cancel_timer(shim_hrtimer* timer);
    void wait(shim_waitqueue* queue, std::uint32_t seen);
    void wake_up(shim_waitqueue* queue);
    void plain_point(shim_point what, const void* object);
    void synchronize_rcu();
    void sleep();

    void* allocate(std::size_t size, bool zeroed, bool may_sleep);
    void release(const void* memory);

    int register_notifier(shim_notifier* nb);
    void unregister_notifier(shim_notifier* nb);
    int set_online_page_callback(void (*callback)(page*, unsigned));
    int restore_online_page_callback(void (*callback)(page*, unsigned));

    int add_memory(std::uint64_t start, std::uint64_t size);
    int remove_memory(std::uint64_t start, std::uint64_t size);
    int offline_and_remove_memory(std::uint64_t start, std::uint64_t size);
    int alloc_contig_range(unsigned long start, unsigned long end);
    void free_contig_range(unsigned long pfn, unsigned long count);
    void generic_online_page(page* first, unsigned order);
    void adjust_managed(page* page, long count);
    page* pfn_to_page(unsigned long pfn);
    page* pfn_to_online_page(unsigned long pfn);
    unsigned long page_to_pfn(const page* page);
    int page_ref_add(page* page, int delta);
    void set_page_offline(page* page, bool offline);
    void set_page_dirty(page* page, bool dirty);
    void set_page_reserved(page* page, bool reserved);

    shim_resource* request_region(std::uint64_t start, std::uint64_t size, const char* name, unsigned long flags);
    int release_resource(shim_resource* resource);
    bool has_system_ram(std::uint64_t start, std::uint64_t end);

    shim_virtqueue* find_vq(shim_virtio_device* vdev, void (*callback)(shim_virtqueue*));
    int add_request(shim_virtqueue* vq, const void* request, void* response, void* token);
    bool kick(shim_virtqueue* vq);
    void* get_response(shim_virtqueue* vq, unsigned* length);
    void read_config(unsigned offset, void* buffer, unsigned length);
    void delete_queues();
    void device_ready();
    void reset_device();

    /// A task runs this, from its beginning to its end.
    void task_body(int task);
    /// The driver has dereferenced something bad, or loops without end.
    [[noreturn]] void oops(const char* what, const void* address);

 private:
    struct Saved;
    /// A function of the driver that runs, and whose return is observed.
    struct Frame {
        void* return_address;
        bbm::EventKind returns;
    };

    // robust.cpp: a driver that does what none should
    void* landing_stack(std::uintptr_t code, bool late) override;
    [[noreturn]] void landed(int signal, std::uintptr_t code, std::uintptr_t address) override;
    /// A loop that never gives way does endlessly much between two points.
    void count_work() {
        constexpr std::uint64_t endless = 2'000'000;
        if (++accesses_ > endless) endless_loop();
    }
    [[noreturn]] void endless_loop();
    /// What sleeps must not be called in an interrupt, with a spinlock held, or in an RCU read side section.
    void require_may_sleep(const char* what);
    void check_nothing_left();
    void check_foreign_access(const void* address, bool write);

    // machine.cpp: runs and points
    void run(int task);
    void collect();
    void finish_run(checker::ProgramEnd::Kind kind, std::string_view property, const std::string& message);
    void look_for_cycle(std::uint64_t now);
    void report_deadlock();
    [[nodiscard]] std::string held_locks() const;
    [[nodiscard]] bool fault_allowed(int task, unsigned answer) const;
    void begin_task(int task, unsigned answer);

    // waits.cpp
    [[nodiscard]] bool enabled(int id) const;
    [[nodiscard]] unsigned answers_now(int id) const;
    [[nodiscard]] unsigned begin_answers(int id) const;
    void touch_running(int task);
    /// What decides whether a task can go on from the point it has come to.
    void touch_awaited(int id);
    /// What decides whether a task that has ended can begin again.
    void touch_beginning(int id);
    /// What decides whether nothing is going on any more: the default then is what the surroundings do next.
    void touch_idleness();
    /// What users of pages and user space look at.
    void touch_memory();
    void spend_fault();

    // surroundings.cpp: what is not a task
    [[nodiscard]] unsigned host_answers() const;
    [[nodiscard]] bool host_may(unsigned size) const;
    [[nodiscard]] int host_default() const;
    void host(unsigned answer);
    [[nodiscard]] unsigned page_answers() const;
    [[nodiscard]] bool page_action_possible(unsigned answer) const;
    [[nodiscard]] int page_default() const;
    void pages(unsigned answer);
    [[nodiscard]] int user_default() const;
    [[nodiscard]] bool user_action_possible(unsigned answer) const;
    [[nodiscard]] std::string surroundings_text(int actor, unsigned answer) const;
    [[nodiscard]] bool target_missed() const;
    void check_at_rest();
    void check_always();

    // tasks.cpp
    void run_worker();
    void run_config_interrupt();
    void run_vq_interrupt(unsigned answer);
    void run_timer();
    void run_user(unsigned answer);
    void run_admin(unsigned answer);

    // device.cpp
    [[nodiscard]] unsigned device_answers() const;
    [[nodiscard]] int answer_by_the_rules(unsigned type, std::uint64_t address, std::uint64_t blocks) const;
    void device_answers_request(unsigned answer);
    [[nodiscard]] std::uint64_t plugged_bytes() const;
    [[nodiscard]] bool device_has(int page) const;
    void resize(std::uint64_t bytes);

    // core_mm.cpp
    struct BlockRange {
        int first, count;
    };
    [[nodiscard]] std::optional<BlockRange> memory_blocks(std::uint64_t start, std::uint64_t size) const;
    void lock_device_hotplug();
    void unlock_device_hotplug();
    int device_online(int block, unsigned zone);
    int online_pages(int block, unsigned zone);
    int device_offline(int block);
    int offline_pages(int block);
    int try_remove_memory(int first, int count);
    /// \return the errno of the chain, 0 or negative
    int memory_notify(bbm::NotifierAction action, int block);
    int call_driver(bbm::NotifierAction action, int block);
    int notifier_number(bbm::NotifierAction action) const;

    // isolation.cpp
    int start_isolate(int first, int count, bool for_offlining, int block);
    void undo_isolate(int first, int count, int block);
    [[nodiscard]] bool all_isolated(int first, int count) const;
    void migrate(int first, int count);
    void drain_pcp_lists(unsigned zone);
    [[nodiscard]] bool may_take_for(const PageInfo& info, const page& page, PageUse other) const;
    [[nodiscard]] bool can_isolate(int page_block, bool for_offlining) const;

    /// A point at which the environment may answer with a fault. \param kind whether faults of that kind are on
    Answer fault_point(Op op, bool kind, unsigned answers, int block = -1);
    [[nodiscard]] int page_index(const page* page) const;
    [[nodiscard]] int first_page_of(int block) const { return block * setup_.pages; }
    [[nodiscard]] int block_of_page(int page) const { return page / setup_.pages; }
    [[nodiscard]] int pages_per_page_block() const { return setup_.pages / setup_.page_blocks; }
    /// The driver's rule: hotplug_mutex is not held around add, offline and remove, which take it in the notifier.
    void forbid_hotplug_mutex(const char* what);
    /// An object that the driver gives to the kernel must be one of its own, and not freed.
    void check_live(const void* object, const char* what, std::size_t size = 4);
    /// Whether the big block of a memory block is FAKE_OFFLINE.
    [[nodiscard]] bool kept_fake_offline(int block) const;
    [[nodiscard]] int big_block_of(int block) const { return block / setup_.memory_blocks; }
    [[nodiscard]] unsigned long first_pfn() const;
    [[nodiscard]] int block_of_address(std::uint64_t address) const;
    [[nodiscard]] std::uint64_t first_address() const;
    [[nodiscard]] std::size_t zone_index(unsigned zone) const { return zone == SHIM_ZONE_MOVABLE ? 1 : 0; }
    [[nodiscard]] bool is_hotplug_mutex(const shim_mutex* mutex) const;
    /// The world is as new; AddressSanitizer minds the heap if it is poisoned.
    void forget_memory(bool poisoned = true);
    [[nodiscard]] bool on_other_stack(const void* address) const;
    /// UNPLUG is about to be sent for this page.
    void check_unplug(int i);
    [[nodiscard]] int allocation_of(const void* address) const;
    void watch_states();
    void check_rolled_back(int big_block);
    void check_block_at_rest(const shim_observed& seen, int id);
    void check_locks_released();
    void require_memmap(int page, const char* what);
    [[nodiscard]] std::string where() const;
    [[nodiscard]] Task& self() { return world_->task[static_cast<std::size_t>(current_)]; }
    [[nodiscard]] std::string op_text(const Task& task, unsigned answer) const;

    Plugin& plugin_;
    DriverSetup setup_;
    shim_host host_{};
    shim_config_ops config_ops_{};
    shim_driver driver_{};
    std::unique_ptr<World> world_;
    Fibers fibers_;
    std::vector<checker::Alternative> alternatives_;
    std::vector<checker::Touched> touched_;
    checker::ProgramEnd end_;
    int current_ = -1;  ///< the task that runs, or -1
    bool over_ = false;
    bool binding_ = false;
    const void* site_ = nullptr;  ///< where the driver has called us from
    std::string text_;            ///< of a violation: a task that is given up frees nothing
    std::uint64_t accesses_ = 0;  ///< since the last point: a loop without one never ends

    /// The run so far, for cycles: fingerprint, who moved, who could have.
    struct Step {
        std::uint64_t fingerprint;
        std::uint16_t actor;
        std::uint16_t could;  ///< bits of actors
        std::uint16_t answer;
        std::uint16_t inside;  ///< tasks that are running, as bits
        Op op;
    };
    std::vector<Step> steps_;
    mutable std::uint64_t known_fingerprint_ = 0;
    mutable bool fingerprint_known_ = false;

    DriverObserver* observer_ = nullptr;
    std::array<std::vector<Frame>, driver_actor::tasks> frames_;
    bool flushing_ = false;
};

}  // namespace vmemcheck::conformance
