// SPDX-License-Identifier: MIT
#include "properties/situations.hpp"

#include <algorithm>

#include "properties/scenario.hpp"

namespace vmemcheck::properties {

namespace {

using bbm::Bbm;
using bbm::Config;

/// Owns a layout, which shrinks refer to for as long as they live.
std::shared_ptr<const checker::Layout> layout_for(const Config& config) {
    const Bbm model(config);
    return std::make_shared<const checker::Layout>(checker::layout_of(model, model.initial_state(0)));
}

int draw_value(rc::Random& random, const checker::FieldInfo& field) {
    const auto count = static_cast<std::uint64_t>(field.high - field.low) + 1;
    switch (random.next() % 4) {
        case 0:
            return field.low;
        case 1:
            return field.high;
        default:
            return field.low + static_cast<int>(random.next() % count);
    }
}

/// States with one field nearer to its simplest, that still satisfy the predicate.
rc::Seq<Situation> nearer(const Situation& from, const std::shared_ptr<const checker::Layout>& layout,
                          const StatePredicate& holds) {
    const auto fields = rc::seq::range<std::size_t>(0, layout->fields().size());
    return rc::seq::mapcat(fields, [=](std::size_t i) {
        const int value = layout->get(from.state, i);
        const int goal = simplest(layout->fields()[i]);
        std::vector<Situation> simpler;
        for (int off = value - goal; off != 0; off /= 2) {
            Situation changed = from;
            layout->set(changed.state, i, value - off);
            if (holds(changed.config, changed.state)) simpler.push_back(changed);
        }
        return rc::seq::fromContainer(std::move(simpler));
    });
}

rc::Shrinkable<Situation> shrinkable(const Situation& situation, const std::shared_ptr<const checker::Layout>& layout,
                                     const StatePredicate& holds) {
    return rc::shrinkable::shrinkRecur(situation, [=](const Situation& from) { return nearer(from, layout, holds); });
}

}  // namespace

int simplest(const checker::FieldInfo& field) { return std::clamp(0, field.low, field.high); }

void showValue(const Situation& situation, std::ostream& out) {
    showValue(situation.config, out);
    const auto layout = layout_for(situation.config);
    for (std::size_t i = 0; i < layout->fields().size(); ++i) {
        if (layout->get(situation.state, i) == simplest(layout->fields()[i])) continue;
        out << "\n  " << layout->field_text(situation.state, i);
    }
}

rc::Gen<Situation> any_situations(rc::Gen<Config> configs) {
    return rc::gen::mapcat(std::move(configs), [](const Config& config) {
        return rc::Gen<Situation>([config](const rc::Random& random, int size) {
            rc::Random source(random);
            const auto layout = layout_for(config);
            Situation situation{config, Bbm(config).initial_state(0)};
            for (std::size_t i = 0; i < layout->fields().size(); ++i) {
                const bool simple = source.next() % 100 >= static_cast<std::uint64_t>(size);
                const checker::FieldInfo& field = layout->fields()[i];
                layout->set(situation.state, i, simple ? simplest(field) : draw_value(source, field));
            }
            return shrinkable(situation, layout, [](const Config&, const Bbm::State&) { return true; });
        });
    });
}

rc::Gen<Situation> satisfying_situations(rc::Gen<Config> configs, const ScheduleShape& shape, unsigned changes,
                                         const StatePredicate& holds) {
    return rc::gen::mapcat(scenarios<Bbm>(std::move(configs), shape), [changes, holds](const Scenario<Bbm>& scenario) {
        return rc::Gen<Situation>([=](const rc::Random& random, int size) {
            rc::Random source(random);
            const Bbm model(scenario.config);
            const auto layout = layout_for(scenario.config);
            const auto run = walk(model, scenario.initial(model), scenario.schedule);
            const std::size_t at = source.next() % (run.steps.size() + 1);
            Situation situation{scenario.config, at == 0 ? run.initial : run.steps[at - 1].after};
            const std::size_t count = layout->fields().size();
            for (unsigned i = 0; i < changes * static_cast<unsigned>(size) / 100; ++i) {
                Situation changed = situation;
                // Now and then two fields at once: one alone often cannot change.
                for (std::uint64_t n = source.next() % 3; n < 3; ++n) {
                    const std::size_t field = source.next() % count;
                    layout->set(changed.state, field, draw_value(source, layout->fields()[field]));
                }
                if (holds(changed.config, changed.state)) situation = changed;
            }
            return shrinkable(situation, layout, holds);
        });
    });
}

}  // namespace vmemcheck::properties
