// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checker/model.hpp"

namespace examples {

namespace checker = vmemcheck::checker;

/// A device puts packets into a ring of two, and the driver takes them out. While the driver polls, it has interrupts
/// switched off; when it finds the ring empty, it switches them on and sleeps.
struct Ring {
    enum : checker::ActorId { driver, device };
    enum : std::int8_t { poll, enable, recheck, sleep };  ///< where the driver is
    enum : std::int8_t { put, notify };                   ///< where the device is
    enum : std::int8_t { good, oversized };               ///< what a packet is
    enum : checker::ChoiceId { packet, interrupt };
    enum : checker::AssertionId { overflow };
    static constexpr int room = 2;

    struct State {
        std::int8_t driver = poll;
        std::int8_t device = put;
        std::int8_t waiting = 0;               ///< packets in the ring
        std::array<std::int8_t, room> slot{};  ///< their sizes; good where there is no packet
        std::int8_t interrupts_on = 0;
        std::int8_t woken = 0;    ///< an interrupt came since the driver went to sleep
        std::int8_t unsent = 3;   ///< packets that the device has yet to send
        std::int8_t handled = 0;  ///< packets that the driver has taken
    };

    bool rechecks = true;       ///< after switching interrupts on, the driver looks into the ring once more
    bool checks_length = true;  ///< the driver drops packets that are too long
    bool interrupts_get_lost = false;

    unsigned actor_count() const { return 2; }
    std::string actor_name(checker::ActorId actor) const { return actor == driver ? "driver" : "device"; }
    checker::ActorKind actor_kind(checker::ActorId) const { return checker::ActorKind::process; }
    std::span<const checker::StepInfo> steps() const {
        static constexpr std::array<checker::StepInfo, 6> all{{
            {"poll", "poll()", "takes one entry: the device never touches it again"},
            {"enable_interrupts", "poll()", "one store"},
            {"recheck", "poll()", "one load"},
            {"wake_up", "interrupt handler", "one store"},
            {"put", "the device", "the entry is private until the index is stored"},
            {"notify", "the device", "one load, then a message"},
        }};
        return all;
    }
    std::span<const checker::ChoiceInfo> choices() const {
        static constexpr std::array<std::string_view, 2> sizes{"good", "oversized"};
        static constexpr std::array<std::string_view, 2> fates{"delivered", "lost"};
        static constexpr std::array<checker::ChoiceInfo, 2> all{{{"packet", sizes}, {"interrupt", fates, true}}};
        return all;
    }
    /// The driver may sleep for ever when there is nothing left to do.
    bool at_rest(const State& state) const { return state.unsent == 0 && state.waiting == 0; }

    void describe(const State& state, checker::FieldSink& field) const {
        static constexpr std::array<std::string_view, 4> driver_places{"poll", "enable", "recheck", "sleep"};
        static constexpr std::array<std::string_view, 2> device_places{"put", "notify"};
        static constexpr std::array<std::string_view, 2> sizes{"good", "oversized"};
        static constexpr std::array<std::string_view, 2> no_yes{"no", "yes"};
        field("driver", state.driver, poll, sleep, driver_places);
        field("device", state.device, put, notify, device_places);
        field("waiting", state.waiting, 0, room);
        for (unsigned i = 0; i < room; ++i) {
            field("slot[" + std::to_string(i) + "]", state.slot[i], good, oversized, sizes);
        }
        field("interrupts_on", state.interrupts_on, 0, 1, no_yes);
        field("woken", state.woken, 0, 1, no_yes);
        field("unsent", state.unsent, 0, 3);
        field("handled", state.handled, 0, 3);
    }
    template <class Found>
    void initial_states(Found&& found) const {
        found(State{});
    }

    template <class Context>
    void step(State& state, checker::ActorId actor, Context& context) const {
        actor == driver ? driver_step(state, context) : device_step(state, context);
    }

 private:
    template <class Context>
    void driver_step(State& state, Context& context) const {
        context.at(static_cast<checker::StepId>(state.driver));
        switch (state.driver) {
            case poll:
                if (state.waiting == 0) {
                    state.driver = enable;
                    return;
                }
                if (!checks_length && state.slot[0] == oversized)
                    context.fail(overflow, "a packet longer than its buffer");
                state.slot = {state.slot[1], good};
                --state.waiting;
                ++state.handled;
                return;
            case enable:
                state.interrupts_on = 1;
                state.driver = rechecks ? recheck : sleep;
                return;
            case recheck:
                // Nothing but an interrupt can wake it from now on; what came before, it sees here.
                state.driver = state.waiting > 0 ? poll : sleep;
                break;
            default:
                if (state.woken == 0) return context.blocked({"no interrupt has come"});
                state.woken = 0;
                state.driver = poll;
        }
        if (state.driver == poll) state.interrupts_on = 0;
    }
    template <class Context>
    void device_step(State& state, Context& context) const {
        context.at(state.device == put ? 4 : 5);
        if (state.device == put) {
            if (state.unsent == 0) return context.blocked({"everything is sent"});
            if (state.waiting == room) return context.blocked({"room in the ring", driver});
            state.slot[static_cast<unsigned>(state.waiting)] = static_cast<std::int8_t>(context.choose(packet, 2));
            ++state.waiting;
            --state.unsent;
            state.device = notify;
            return;
        }
        state.device = put;
        if (state.interrupts_on == 0) return;
        if (interrupts_get_lost && context.choose(interrupt, 2) == 1) return;
        state.woken = 1;
    }
};

}  // namespace examples
