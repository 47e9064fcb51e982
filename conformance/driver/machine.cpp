// SPDX-License-Identifier: MIT
// Runs and points of choice.
#include "conformance/driver/machine.hpp"

#include <algorithm>
#include <cstring>

#include "checker/hash.hpp"
#include "conformance/driver/host_table.hpp"
#include "conformance/driver/objects.hpp"

namespace vmemcheck::conformance {

using checker::Alternative;
using checker::ProgramEnd;

namespace {

constexpr std::size_t max_steps = 20'000;  ///< of a run, whoever asks for more

using Word [[gnu::may_alias]] = std::uint64_t;

/// Stacks are hashed as they are, AddressSanitizer's zones between variables included: it must not look on.
__attribute__((no_sanitize("address", "undefined"))) std::uint64_t hash_bytes(const void* data, std::size_t size,
                                                                              std::uint64_t seed) {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15ULL;
    const auto* words = static_cast<const Word*>(data);
    std::uint64_t hash = seed ^ (size * factor);
    std::size_t count = size / sizeof(Word);
    for (; count >= 2; count -= 2, words += 2)
        hash = checker::detail::fold_multiply(words[0] ^ factor, words[1] ^ hash);
    if (count == 1) hash = checker::detail::fold_multiply(*words++ ^ factor, hash);
    const auto* rest = reinterpret_cast<const unsigned char*>(words);
    for (std::size_t i = 0; i < size % sizeof(Word); ++i) hash = checker::detail::fold_multiply(rest[i] ^ factor, hash);
    return checker::detail::fold_multiply(hash ^ factor, hash ^ 0xa0761d6478bd642fULL);
}

constexpr std::array<const char*, driver_actor::count> actor_names{"worker", "config-irq", "device", "timer", "user",
                                                                   "admin",  "host",       "pages",  "rest"};

}  // namespace

std::optional<std::uint16_t> driver_actor_named(std::string_view name) {
    for (std::size_t actor = 0; actor < actor_names.size(); ++actor) {
        if (name == actor_names.at(actor)) return static_cast<std::uint16_t>(actor);
    }
    return std::nullopt;
}

/// What save() returns: the world, the driver's variables, the stacks, and the run so far.
struct Machine::Saved final : checker::ProgramState {
    World world;
    std::vector<std::byte> rest;  ///< variables, then stacks
    std::array<std::uint32_t, driver_actor::tasks> stack_size{};
    std::vector<Step> steps;
    std::vector<Alternative> alternatives;
    std::array<std::vector<Frame>, driver_actor::tasks> frames;
    std::uint64_t fingerprint = 0;
    ProgramEnd end;
    bool over = false;
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(Saved) + rest.capacity() + steps.capacity() * sizeof(Step) +
               alternatives.capacity() * sizeof(Alternative);
    }
};

Machine::Machine(Plugin& plugin, const DriverSetup& setup)
    : plugin_(plugin),
      setup_(setup),
      world_(std::make_unique<World>()),
      fibers_([this](int task) { task_body(task); }) {
    // Where it lies may be left on the stack of a task, which is hashed: it must not move.
    constexpr std::size_t plenty = std::size_t{1} << 16U;
    touched_.reserve(plenty);
    fill_host_table(host_, *this);
    config_ops_ = host_config_ops();
    *plugin_.functions().host = &host_;
    plugin_.functions().driver(&driver_);
}

Machine::~Machine() {
    forget_memory(false);
    if (active_machine() == this) set_active_machine(nullptr);
}

void Machine::restart() {
    set_active_machine(this);
    *plugin_.functions().host = &host_;
    plugin_.reset_data();
    plugin_.set_parameter("force_bbm", setup_.mode == DriverMode::bbm ? 1 : 0);
    if (setup_.mode == DriverMode::bbm) plugin_.set_parameter("bbm_block_size", setup_.big_block_bytes());
    plugin_.set_parameter("bbm_safe_unplug", setup_.safe_unplug ? 1 : 0);
    plugin_.set_parameter("unplug_online", setup_.unplug_online ? 1 : 0);

    // All of it is hashed, padding too.
    static_assert(std::is_trivially_copyable_v<World>);
    forget_memory();
    World& w = *world_;
    for (Task& task : w.task) task.answers = 1;
    for (Task& task : w.task) task.block = -1;
    w.vdev.dev.name = "virtio0";
    w.vdev.config = &config_ops_;
    w.vq.vdev = &w.vdev;
    w.resizes_left = static_cast<std::int16_t>(setup_.extra_resizes);
    w.user_left = static_cast<std::int16_t>(setup_.user_requests);
    w.removals_left = static_cast<std::int16_t>(setup_.removals);
    w.faults_left = static_cast<std::int16_t>(setup_.faults);
    for (int i = 0; i < setup_.leftovers * setup_.memory_blocks * setup_.pages; ++i) {
        w.plugged[static_cast<std::size_t>(i)] = 1;
    }
    resize(0);
    w.config_pending = 0;
    for (int task = 0; task < driver_actor::tasks; ++task) fibers_.forget(task);
    for (auto& frames : frames_) frames.clear();
    steps_.clear();
    touched_.clear();
    end_ = {};
    over_ = false;
    fingerprint_known_ = false;

    // Binding the driver is not what is explored: nobody else moves meanwhile, and nothing fails.
    binding_ = true;
    begin_task(driver_actor::admin, 0);
    while (!over_ && w.task[driver_actor::admin].running != 0) {
        if (!enabled(driver_actor::admin)) {
            finish_run(ProgramEnd::Kind::violation, "lock-discipline", "probe waits for something that never comes");
        } else {
            w.task[driver_actor::admin].answer = 0;
            run(driver_actor::admin);
        }
    }
    binding_ = false;
    if (!over_ && w.bound == 0) {
        finish_run(ProgramEnd::Kind::given_up, "", "the driver's probe() fails on this machine");
    }
    collect();
}

void Machine::run(int task) {
    current_ = task;
    accesses_ = 0;
    site_ = nullptr;
    feed_watchdog();
    fibers_.resume(task);
    current_ = -1;
    fingerprint_known_ = false;
    if (!over_) watch_states();
    if (!over_) check_always();
}

void Machine::begin_task(int task, unsigned answer) {
    Task& t = world_->task[static_cast<std::size_t>(task)];
    t.running = 1;
    t.begun_as = static_cast<std::uint16_t>(answer);
    t.op = Op::begin;
    t.answers = 1;
    t.yielding = 0;
    touch(running_object + static_cast<unsigned>(task), true);
    fibers_.begin(task);
}

void Machine::take(std::size_t index) {
    if (index >= alternatives_.size()) return;
    set_active_machine(this);
    const Alternative chosen = alternatives_[index];
    touched_.clear();
    fingerprint_known_ = false;
    World& w = *world_;
    const int actor = chosen.actor;
    w.last_actor = static_cast<std::uint8_t>(actor);
    if (!steps_.empty()) {
        steps_.back().actor = chosen.actor;
        steps_.back().answer = chosen.answer;
        steps_.back().op = actor < driver_actor::tasks ? w.task[static_cast<std::size_t>(actor)].op : Op::none;
    }
    if (actor < driver_actor::tasks) {
        Task& task = w.task[static_cast<std::size_t>(actor)];
        if (task.running == 0) {
            if (actor == driver_actor::user && static_cast<int>(chosen.answer) != user_default()) w.user_left--;
            if (actor == driver_actor::admin) w.removals_left--;
            if (actor == driver_actor::vq_irq && chosen.answer != 0) spend_fault();
            begin_task(actor, chosen.answer);
        } else {
            if (chosen.answer != 0) spend_fault();
            task.answer = chosen.answer;
            task.yielding = 0;
        }
        run(actor);
    } else if (actor == driver_actor::host) {
        host(chosen.answer);
    } else if (actor == driver_actor::pages) {
        pages(chosen.answer);
    } else {
        finish_run(ProgramEnd::Kind::finished, "", "");
    }
    if (steps_.size() >= max_steps) {
        finish_run(ProgramEnd::Kind::given_up, "", "a run of " + std::to_string(max_steps) + " steps");
    }
    collect();
}

void Machine::finish_run(ProgramEnd::Kind kind, std::string_view property, const std::string& message) {
    if (over_) return;
    over_ = true;
    end_.kind = kind;
    end_.property = property;
    end_.message = message;
}

[[gnu::noinline]] void Machine::touch(std::uint64_t object, bool write) { touched_.push_back({object, write}); }
[[gnu::noinline]] void Machine::touch(const void* object, bool write) {
    touched_.push_back({reinterpret_cast<std::uintptr_t>(object), write});
}

Machine::Answer Machine::point(Op op, std::uintptr_t object, unsigned answers, int block) {
    if (current_ < 0) return 0;  // an interrupt handler that runs to its end
    Task& task = self();
    task.op = op;
    task.object = object;
    task.answers = static_cast<std::uint16_t>(answers);
    task.block = static_cast<std::int16_t>(block);
    task.answer = 0;
    const int me = current_;
    const void* const site = site_;
    touch_awaited(me);
    fibers_.yield(me);
    // Back again: what follows is done before anybody else moves.
    current_ = me;
    site_ = site;
    task.op = Op::none;
    const Answer answer = task.answer;
    task.answer = 0;
    task.answers = 1;
    return answer;
}

Machine::Answer Machine::fault_point(Op op, bool kind, unsigned answers, int block) {
    return point(op, 0, kind && !binding_ ? answers : 1, block);
}

void Machine::violation(std::string_view property, const std::string& message) {
    std::string text = message;
    const std::string place = where();
    if (!place.empty()) text += " (" + place + ")";
    finish_run(ProgramEnd::Kind::violation, property, text);
    if (current_ >= 0) {
        const int me = current_;
        for (;;) fibers_.yield(me);  // this run is over: nobody resumes it
    }
    std::abort();  // never: only tasks are told about
}

void Machine::give_up(const std::string& message) {
    finish_run(ProgramEnd::Kind::given_up, "", message);
    const int me = current_;
    for (;;) fibers_.yield(me);
}

std::string Machine::where() const {
    if (current_ < 0) return {};
    std::string text = actor_names[static_cast<std::size_t>(current_)];
    const std::string_view function = plugin_.function_at(site_);
    if (!function.empty()) text += ", in " + std::string(function) + "()";
    if (const std::string line = plugin_.line_of(site_); !line.empty()) text += ", " + line;
    return text;
}

void Machine::collect() {
    alternatives_.clear();
    if (over_) return;
    World& w = *world_;
    // The default: the task that moved goes on, unless it waits or gives way.
    int chosen = -1;
    unsigned chosen_answer = 0;
    const int last = w.last_actor;
    const auto is_running = [&](int t) { return w.task[static_cast<std::size_t>(t)].running != 0; };
    if (last < driver_actor::tasks && is_running(last) && enabled(last) &&
        w.task[static_cast<std::size_t>(last)].yielding == 0) {
        chosen = last;
    }
    int spinning = -1;
    for (int k = 1; chosen < 0 && k <= driver_actor::tasks; ++k) {
        const int t = (last + k) % driver_actor::tasks;
        if (!is_running(t) || !enabled(t)) continue;
        if (w.task[static_cast<std::size_t>(t)].yielding != 0 && spinning < 0 && t == last) {
            spinning = t;
        } else {
            chosen = t;
        }
    }
    for (const int t : {static_cast<int>(driver_actor::vq_irq), static_cast<int>(driver_actor::config_irq),
                        static_cast<int>(driver_actor::worker)}) {
        if (chosen < 0 && begin_answers(t) > 0) chosen = t;
    }
    if (chosen < 0) {
        if (const int action = page_default(); action >= 0) {
            chosen = driver_actor::pages;
            chosen_answer = static_cast<unsigned>(action);
        }
    }
    if (chosen < 0 && begin_answers(driver_actor::timer) > 0) chosen = driver_actor::timer;
    if (chosen < 0 && spinning >= 0) chosen = spinning;
    const bool idle = std::none_of(w.task.begin(), w.task.end(), [](const Task& t) { return t.running != 0; });
    if (chosen < 0 && !idle) return report_deadlock();
    if (chosen < 0) {
        if (const int action = user_default(); action >= 0) {
            chosen = driver_actor::user;
            chosen_answer = static_cast<unsigned>(action);
        }
    }
    if (chosen < 0) {
        check_at_rest();
        if (over_) return;
        if (const int size = host_default(); size >= 0) {
            chosen = driver_actor::host;
            chosen_answer = static_cast<unsigned>(size);
        } else if (begin_answers(driver_actor::admin) > 0) {
            chosen = driver_actor::admin;
        } else {
            chosen = driver_actor::rest;
        }
    }
    const auto add = [this](int actor, unsigned answer, int cost) {
        alternatives_.push_back(
            {static_cast<std::uint16_t>(actor), static_cast<std::uint16_t>(answer), static_cast<std::uint16_t>(cost)});
    };
    add(chosen, chosen_answer, 0);
    unsigned could = 0;
    for (int t = 0; t < driver_actor::tasks; ++t) {
        if (t == driver_actor::user && !is_running(t)) continue;
        const unsigned answers = is_running(t) ? answers_now(t) : begin_answers(t);
        // Nobody has to unbind the driver.
        if (answers > 0 && (t != driver_actor::admin || is_running(t))) could |= 1U << static_cast<unsigned>(t);
        for (unsigned answer = 0; answer < answers; ++answer) {
            if (t == chosen && answer == chosen_answer) continue;
            if (is_running(t) && answer > 0 && !fault_allowed(t, answer)) continue;
            add(t, answer, (t == chosen ? 0 : 1) + (answer == 0 ? 0 : 1));
        }
    }
    if (!is_running(driver_actor::user)) {
        const auto actions = static_cast<unsigned>(3 * setup_.total_memory_blocks());
        const bool default_is_user = chosen == driver_actor::user;
        if (w.user_left > 0) {
            for (unsigned action = 0; action < actions; ++action) {
                if (default_is_user && action == chosen_answer) continue;
                if (user_action_possible(action)) add(driver_actor::user, action, 1);
            }
        }
    }
    for (unsigned size = 0; size < host_answers(); ++size) {
        if (chosen == driver_actor::host && size == chosen_answer) continue;
        if (host_may(size)) add(driver_actor::host, size, 1);
    }
    for (unsigned action = 0; action < page_answers(); ++action) {
        if (chosen == driver_actor::pages && action == chosen_answer) continue;
        if (page_action_possible(action)) add(driver_actor::pages, action, 1);
    }
    if (page_default() >= 0) could |= 1U << driver_actor::pages;
    Step step{};
    step.fingerprint = fingerprint();
    step.could = static_cast<std::uint16_t>(could);
    for (int t = 0; t < driver_actor::tasks; ++t) {
        if (is_running(t)) step.inside = static_cast<std::uint16_t>(step.inside | 1U << static_cast<unsigned>(t));
    }
    look_for_cycle(step.fingerprint);
    if (over_) {
        alternatives_.clear();
        return;
    }
    steps_.push_back(step);
}

void Machine::report_deadlock() {
    std::string text = "deadlock:";
    for (int t = 0; t < driver_actor::tasks; ++t) {
        const Task& task = world_->task[static_cast<std::size_t>(t)];
        if (task.running == 0) continue;
        text += std::string(" ") + actor_names[static_cast<std::size_t>(t)] + " waits for " + op_text(task, 0) + ";";
    }
    text.pop_back();
    finish_run(ProgramEnd::Kind::violation, "lock-discipline", text);
}

void Machine::look_for_cycle(std::uint64_t now) {
    const auto same =
        std::find_if(steps_.rbegin(), steps_.rend(), [now](const Step& s) { return s.fingerprint == now; });
    if (same == steps_.rend()) return;
    const auto begin = static_cast<std::size_t>(steps_.rend() - same) - 1;
    unsigned moved = 0;
    unsigned always_could = ~0U;
    unsigned always_inside = ~0U;
    bool timer = false;
    bool core_loop = false;
    for (std::size_t i = begin; i < steps_.size(); ++i) {
        const Step& step = steps_[i];
        moved |= 1U << step.actor;
        always_could &= step.could;
        always_inside &= step.inside;
        if (step.actor < driver_actor::tasks && step.answer != 0 && step.op != Op::begin) return;  // a fault each time
        if (step.actor == driver_actor::vq_irq && step.answer != 0) return;
        if (step.actor >= driver_actor::host) return;                          // nobody has to do that
        if (step.actor == driver_actor::user && step.op == Op::begin) return;  // user space may as well stop
        if (step.actor == driver_actor::timer && step.op == Op::begin) timer = true;
        if (step.op == Op::scan) core_loop = true;
    }
    // Weak fairness: whoever could move all the time would have.
    if ((always_could & ~moved) != 0) return;
    const auto goes_round = " for ever: the state of step " + std::to_string(begin) + " comes again at step " +
                            std::to_string(steps_.size());
    if (timer) {
        // A failing attempt waits for its timer: that is how it should be, unless nothing stands in its way.
        if (target_missed()) {
            finish_run(ProgramEnd::Kind::violation, "target-reached",
                       "nothing is pinned and nothing fails, yet the driver tries in vain" + goes_round);
        } else {
            finish_run(ProgramEnd::Kind::finished, "", "");
        }
        return;
    }
    const auto inside = [always_inside](int task) { return (always_inside >> static_cast<unsigned>(task) & 1U) != 0; };
    if (core_loop) {
        std::string text =
            std::string(inside(driver_actor::user) && world_->task[driver_actor::user].offlining != 0 ? "user space"
                                                                                                      : "the worker") +
            " goes round in offline_pages()" + goes_round;
        text += held_locks();
        finish_run(ProgramEnd::Kind::violation, "offlining-ends", text);
    } else if (inside(driver_actor::admin)) {
        finish_run(ProgramEnd::Kind::violation, "removal-ends",
                   "virtio_mem_remove() waits for the worker, which goes round" + goes_round);
    } else {
        finish_run(ProgramEnd::Kind::violation, "backs-off", "the worker goes round" + goes_round);
    }
}

std::string Machine::held_locks() const {
    std::string text;
    const auto name = [](unsigned owner) { return std::string(actor_names[owner - 1]); };
    if (world_->device_hotplug_lock != 0)
        text += "; device_hotplug_lock is held by " + name(world_->device_hotplug_lock);
    if (world_->mem_hotplug_lock != 0) text += "; mem_hotplug_lock by " + name(world_->mem_hotplug_lock);
    shim_observed seen{};
    if (observe(seen) && seen.hotplug_mutex->owner != 0)
        text += "; hotplug_mutex by " + name(seen.hotplug_mutex->owner);
    return text;
}

std::uint64_t Machine::fingerprint() const {
    if (fingerprint_known_) return known_fingerprint_;
    // Of the heap only what is in use.
    constexpr std::size_t fixed = offsetof(World, heap);
    std::uint64_t hash = hash_bytes(world_.get(), fixed, 1);
    if (Fibers::can_be_copied()) {
        hash = hash_bytes(world_->heap.data(), world_->heap_used, hash);
    } else {
        // AddressSanitizer minds what lies between objects, and what was freed.
        for (std::uint32_t i = 0; i < world_->allocations; ++i) {
            const Allocation& object = world_->allocation[i];
            if (object.live) hash = hash_bytes(world_->heap.data() + object.offset, object.size, hash);
        }
    }
    for (const PluginData& piece : plugin_.data()) hash = hash_bytes(piece.begin, piece.size, hash);
    for (int task = 0; task < driver_actor::tasks; ++task) {
        const auto stack = fibers_.used(task);
        hash = hash_bytes(stack.data(), stack.size(), hash);
    }
    known_fingerprint_ = hash;
    fingerprint_known_ = true;
    return hash;
}

std::unique_ptr<checker::ProgramState> Machine::save() const {
    if (!Fibers::can_be_copied()) return nullptr;
    auto saved = std::make_unique<Saved>();
    std::memcpy(static_cast<void*>(&saved->world), world_.get(), offsetof(World, heap) + world_->heap_used);
    std::size_t size = plugin_.data_bytes();
    for (int task = 0; task < driver_actor::tasks; ++task) size += fibers_.used(task).size();
    saved->rest.resize(size);
    std::byte* to = saved->rest.data();
    plugin_.save_data(to);
    to += plugin_.data_bytes();
    for (int task = 0; task < driver_actor::tasks; ++task) {
        const auto stack = fibers_.used(task);
        saved->stack_size[static_cast<std::size_t>(task)] = static_cast<std::uint32_t>(stack.size());
        if (!stack.empty()) std::memcpy(to, stack.data(), stack.size());
        to += stack.size();
    }
    saved->steps = steps_;
    saved->alternatives = alternatives_;
    saved->frames = frames_;
    saved->fingerprint = fingerprint();
    saved->end = end_;
    saved->over = over_;
    return saved;
}

void Machine::restore(const checker::ProgramState& state) {
    set_active_machine(this);
    const auto& saved = static_cast<const Saved&>(state);  // NOLINT(*-static-cast-downcast): of save(), and hot
    std::memcpy(static_cast<void*>(world_.get()), &saved.world, offsetof(World, heap) + saved.world.heap_used);
    const std::byte* from = saved.rest.data();
    plugin_.restore_data(from);
    from += plugin_.data_bytes();
    for (int task = 0; task < driver_actor::tasks; ++task) {
        const std::size_t size = saved.stack_size[static_cast<std::size_t>(task)];
        fibers_.put_back(task, {from, size});
        from += size;
    }
    steps_ = saved.steps;
    alternatives_ = saved.alternatives;
    frames_ = saved.frames;
    known_fingerprint_ = saved.fingerprint;
    fingerprint_known_ = true;
    end_ = saved.end;
    over_ = saved.over;
    touched_.clear();
}

std::string Machine::actor_name(std::uint16_t actor) const {
    return actor < actor_names.size() ? actor_names[actor] : "actor " + std::to_string(actor);
}

bool Machine::observe(shim_observed& seen) const {
    const World& w = *world_;
    if (w.vdev.priv == nullptr || w.observable == 0) return false;
    // What the driver has put there need not be what it should be.
    const auto holds = [&](const void* object, std::size_t size) {
        const int i = allocation_of(object);
        if (i < 0) return false;
        const Allocation& found = w.allocation[static_cast<std::size_t>(i)];
        const auto* const begin = w.heap.data() + found.offset;
        return found.live &&
               size <= found.size - static_cast<std::size_t>(static_cast<const unsigned char*>(object) - begin);
    };
    if (!holds(w.vdev.priv, plugin_.functions().device_size)) return false;
    plugin_.functions().observe(w.vdev.priv, &seen);
    const std::uint64_t blocks = seen.next_id - seen.first_id;
    if (seen.next_id < seen.first_id || blocks > max_driver_memory_blocks || !holds(seen.states, blocks))
        seen.states = nullptr;
    return true;
}

}  // namespace vmemcheck::conformance
