// SPDX-License-Identifier: MIT
#include "spec/symbolic_prove.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <thread>

namespace vmemcheck::bbm::spec {

namespace {

using Clock = std::chrono::steady_clock;

std::size_t lemmas_begin() { return invariants<SymbolicDomain>.size(); }

class Induction {
 public:
    Induction(const Config& config, const ProofOptions& options) : config_(config), options_(options) {
        proof_.cases = options.unbounded ? focuses(config) : std::vector<ProofCase>{{config, false, "the scope"}};
        results_.resize(proof_.cases.size() * step_instances().size());
        induction_.timeout_ms = options.timeout_ms;
        induction_.stop = options.stop;
        induction_.script = static_cast<bool>(options.script);
    }

    Proof run() {
        const auto start = Clock::now();
        begin();
        if (options_.strengthen) learn_facts();
        std::vector<bool> due(results_.size(), true);
        while (std::find(due.begin(), due.end(), true) != due.end() && !stopped() && !ended_early_) {
            round(due);
            const std::vector<bool> widened = widen_facts();
            due = drop_broken();
            for (std::size_t i = 0; i < due.size(); ++i) due[i] = due[i] || widened[i];
            ended_early_ = !options_.until_open.empty() && given_up(options_.until_open);
        }
        conclude();
        proof_.statistics.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        return std::move(proof_);
    }

 private:
    /// Of the walks that facts are learned from: about two seconds' worth.
    static constexpr unsigned walks = 1000;
    static constexpr unsigned walk_length = 400;

    const Config& config_;
    const ProofOptions& options_;
    std::vector<FactPlan> plans_;  ///< of the cases
    InductionOptions induction_;
    ObligationSet assumed_;
    ObligationSet fails_initially_;
    std::vector<StepResult> results_;
    std::vector<std::vector<Cti>> ctis_;  ///< by obligation, of the round in which it was given up
    bool undecided_before_ = false;       ///< something was given up undecided in an earlier round
    ObligationSet doubtful_;              ///< given up after that: the counterexamples may be owed to what is missing
    bool ended_early_ = false;            ///< ProofOptions::until_open
    Proof proof_;

    /// A counterexample to induction of this property was found, or it fails initially.
    [[nodiscard]] bool given_up(std::string_view id) const {
        for (std::size_t i = 0; i < Obligations::count(); ++i) {
            if (Obligations::name(i) == id && (fails_initially_[i] || !ctis_[i].empty())) return true;
        }
        return false;
    }

    [[nodiscard]] bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

    void begin() {
        ObligationSet initially(Obligations::count(), true);
        for (const ProofCase& c : proof_.cases) {
            const ObligationSet holds = holds_initially(c.config, c.focus);
            for (std::size_t i = 0; i < holds.size(); ++i) initially[i] = initially[i] && holds[i];
        }
        assumed_.assign(Obligations::count(), true);
        fails_initially_.assign(Obligations::count(), false);
        ctis_.resize(Obligations::count());
        doubtful_.assign(Obligations::count(), false);
        const auto left_out = [&](std::string_view id) {
            return std::find(options_.without.begin(), options_.without.end(), id) != options_.without.end();
        };
        for (std::size_t i = 0; i < Obligations::predicates(); ++i) {
            const bool lemma = i >= lemmas_begin() && i < Obligations::facts();
            const bool excluded =
                i == Obligations::facts() || left_out(Obligations::name(i)) || (lemma && left_out(all_lemmas));
            fails_initially_[i] = !initially[i];
            assumed_[i] = !excluded && !fails_initially_[i];
        }
    }

    void learn_facts() {
        for (const ProofCase& c : proof_.cases) plans_.emplace_back(c.config, c.focus);
        proof_.facts.emplace(plans_.front());
        for (std::size_t i = 0; i < plans_.size(); ++i) {
            const ProofCase& c = proof_.cases[i];
            // A focus keeps too little to walk in; the scope that it was made from is a system as well.
            const Config& system = c.focus ? config_ : c.config;
            if (i == 0)
                learn_from_walks(*proof_.facts, c.focus ? FactPlan(system, true) : plans_.front(), system, walks,
                                 walk_length);
            for (const NewFact& fact : new_initially(c.config, c.focus, *proof_.facts, plans_[i]))
                proof_.facts->widen(fact.pattern, fact.guard, fact.value);
        }
        assumed_[Obligations::facts()] = true;
    }

    /// Allows what steps lead to; says which steps rest on a pattern that allows more now.
    std::vector<bool> widen_facts() {
        std::vector<bool> due(results_.size(), false);
        if (!proof_.facts || !assumed_[Obligations::facts()]) return due;
        std::vector<bool> wider(plans_.front().patterns().size(), false);
        for (StepResult& result : results_) {
            for (const NewFact& fact : result.new_facts) {
                if (proof_.facts->widen(fact.pattern, fact.guard, fact.value)) wider[fact.pattern] = true;
            }
            result.new_facts.clear();
        }
        for (std::size_t i = 0; i < results_.size(); ++i) {
            for (std::size_t p = 0; p < results_[i].facts_used.size(); ++p)
                due[i] = due[i] || (wider[p] && results_[i].facts_used[p]);
        }
        return due;
    }

    /// Proves the steps that are due; what one finds does not depend on the order or on other threads.
    void round(const std::vector<bool>& due) {
        const auto count = static_cast<std::size_t>(std::count(due.begin(), due.end(), true));
        std::atomic<std::size_t> next = 0;
        std::mutex mutex;
        std::size_t done = 0;
        std::exception_ptr failure;
        ++proof_.statistics.rounds;
        // Steps share a context in groups, for to make one is slow: what they find depends on the group alone, not on
        // which thread it was for.
        constexpr std::size_t group = 12;
        const auto work = [&] {
            for (std::size_t first = group * next++; first < results_.size(); first = group * next++) {
                z3::context context;
                // Within a group each step goes on with what those before it have widened.
                std::optional<Facts> facts = proof_.facts;
                for (std::size_t i = first; i < std::min(first + group, results_.size()); ++i) {
                    if (!due[i]) continue;
                    if (stopped()) return;
                    try {
                        results_[i] = prove_step(i, context, facts);
                    } catch (...) {
                        const std::lock_guard lock(mutex);
                        failure = std::current_exception();
                        return;
                    }
                    const std::lock_guard lock(mutex);
                    ++done;
                    if (options_.progress) options_.progress({proof_.statistics.rounds, done, count});
                }
            }
        };
        std::vector<std::thread> threads;
        for (unsigned i = 1; i < options_.threads; ++i) threads.emplace_back(work);
        work();
        for (std::thread& thread : threads) thread.join();
        if (failure) std::rethrow_exception(failure);
        for (std::size_t i = 0; i < results_.size(); ++i) {
            if (due[i]) count_up(results_[i], step_of(i));
        }
    }

    [[nodiscard]] static const StepInstance& step_of(std::size_t result) {
        return step_instances()[result % step_instances().size()];
    }
    [[nodiscard]] std::size_t case_of(std::size_t result) const { return result / step_instances().size(); }

    /// \param facts what this step may assume, to be widened by what it finds
    [[nodiscard]] StepResult prove_step(std::size_t which, z3::context& context, std::optional<Facts>& facts) const {
        const ProofCase& c = proof_.cases[case_of(which)];
        InductionOptions options = induction_;
        options.focus = c.focus;
        if (facts) {
            options.facts = &*facts;
            options.plan = &plans_[case_of(which)];
        }
        StepResult result = induct(context, c.config, step_of(which), assumed_, assumed_, options);
        if (!result.ctis.empty()) {
            // To make a context is slow, so steps share one; what is shown must not depend on what it was used for.
            result = induct(c.config, step_of(which), assumed_, assumed_, options);
        }
        for (Cti& cti : result.ctis) cti.proof_case = case_of(which);
        for (const NewFact& fact : result.new_facts) facts->widen(fact.pattern, fact.guard, fact.value);
        return result;
    }

    void count_up(const StepResult& result, const StepInstance& step) {
        ProofStatistics& sum = proof_.statistics;
        sum.queries += result.queries;
        if (result.slowest > sum.slowest_seconds) {
            sum.slowest_seconds = result.slowest;
            sum.slowest = step_title(step) + ", path " + std::to_string(result.slowest_path);
        }
    }

    /// Gives up the predicates that were broken or not decided; says which steps rest on them and are due again.
    std::vector<bool> drop_broken() {
        ObligationSet dropped(Obligations::count(), false);
        for (const StepResult& result : results_) {
            for (const Cti& cti : result.ctis) {
                if (!assumed_[cti.broken]) continue;
                ctis_[cti.broken].push_back(cti);
                dropped[cti.broken] = true;
            }
            for (std::size_t i = 0; i < result.unknown.size(); ++i) {
                if (assumed_[i] && result.unknown[i]) dropped[i] = true;
            }
        }
        bool undecided_now = false;
        for (std::size_t i = 0; i < dropped.size(); ++i) {
            if (!dropped[i]) continue;
            assumed_[i] = false;
            doubtful_[i] = undecided_before_;
            undecided_now = undecided_now || ctis_[i].empty();
        }
        undecided_before_ = undecided_before_ || undecided_now;
        std::vector<bool> due(results_.size(), false);
        for (std::size_t step = 0; step < results_.size(); ++step) {
            if (results_[step].needed.empty()) continue;  // stopped before it
            for (std::size_t goal = 0; goal < dropped.size(); ++goal) {
                const ObligationSet& needed = results_[step].needed[goal];
                for (std::size_t i = 0; i < needed.size(); ++i) {
                    if (assumed_[goal] && needed[i] && dropped[i]) due[step] = true;
                }
            }
        }
        return due;
    }

    [[nodiscard]] bool undecided(std::size_t obligation) const {
        return ctis_[obligation].empty() && !fails_initially_[obligation] &&
               std::any_of(results_.begin(), results_.end(), [&](const StepResult& result) {
                   return result.unknown.empty() || result.unknown[obligation];
               });
    }

    void conclude() {
        for (std::size_t i = 0; i < results_.size(); ++i) {
            if (results_[i].needed.empty()) continue;  // stopped before it
            if (case_of(i) == 0) ++proof_.statistics.steps;
            proof_.statistics.paths += results_[i].paths;
            if (options_.script && !results_[i].script.empty())
                options_.script(proof_.cases[case_of(i)].name + ": " + step_title(step_of(i)), results_[i].script);
        }
        proof_.inductive = assumed_;
        conclude_facts();
        for (std::size_t i = lemmas_begin(); i < Obligations::predicates(); ++i) {
            if (!assumed_[i] && (i < Obligations::facts() || i == Obligations::in_range()))
                proof_.dropped.push_back({Obligations::name(i), ctis_[i]});
        }
        for (std::size_t i = 0; i < Obligations::count(); ++i) {
            if (i >= lemmas_begin() && i < Obligations::predicates()) continue;
            const std::string_view id = Obligations::name(i);
            const auto same = [&](const PropertyProof& p) { return p.id == id; };
            if (std::none_of(proof_.properties.begin(), proof_.properties.end(), same)) conclude(id);
        }
    }

    void conclude_facts() {
        if (!proof_.facts) return;
        proof_.plan = plans_.front();
        for (std::size_t p = 0; p < plans_.front().patterns().size(); ++p) {
            if (std::any_of(results_.begin(), results_.end(), [&](const StepResult& result) {
                    return p < result.facts_used.size() && result.facts_used[p];
                })) {
                proof_.facts_used.push_back(p);
            }
        }
    }

    void conclude(std::string_view id) {
        PropertyProof property;
        property.id = id;
        bool unknown = stopped() || ended_early_;
        bool open = false;
        ObligationSet direct(Obligations::predicates(), false);
        for (std::size_t i = 0; i < Obligations::count(); ++i) {
            if (Obligations::name(i) != id) continue;
            property.ctis.insert(property.ctis.end(), ctis_[i].begin(), ctis_[i].end());
            if (fails_initially_[i]) property.initially = false;
            if (!assumed_[i]) (undecided(i) || doubtful_[i] ? unknown : open) = true;
            add_needed(i, direct);
        }
        // Every query and every list of paths takes the bounds of fields for granted.
        const std::size_t in_range = Obligations::in_range();
        direct[in_range] = true;
        if (!assumed_[in_range]) (undecided(in_range) || doubtful_[in_range] ? unknown : open) = true;
        property.status = open      ? PropertyProof::Status::open
                          : unknown ? PropertyProof::Status::unknown
                                    : PropertyProof::Status::proved;
        ObligationSet all = direct;
        for (ObligationSet before; before != all;) {
            before = all;
            for (std::size_t i = 0; i < before.size(); ++i) {
                if (before[i]) add_needed(i, all);
            }
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (Obligations::name(i) == id) continue;
            if (direct[i]) property.lemmas.push_back(Obligations::name(i));
            if (all[i]) property.rests_on.push_back(Obligations::name(i));
        }
        proof_.properties.push_back(std::move(property));
    }

    /// Adds what the queries of an obligation needed.
    void add_needed(std::size_t obligation, ObligationSet& sum) const {
        for (const StepResult& result : results_) {
            if (result.needed.empty()) continue;
            const ObligationSet& needed = result.needed[obligation];
            for (std::size_t i = 0; i < needed.size(); ++i) sum[i] = sum[i] || needed[i];
        }
    }
};

}  // namespace

std::vector<ProofCase> focuses(const Config& config) {
    Config one = config;
    one.scope.big_blocks = one.scope.memory_blocks = one.scope.sections = 1;
    one.scope.page_blocks = one.scope.pages = 1;
    // Of these bounds of a scope there is none in a system of any size; virtio_mem_fake_offline() does try five times.
    one.scope.allocations = one.scope.pins = max_pages;
    one.scope.resizes = one.scope.user_requests = -1;
    one.scope.contig_tries = 5;
    std::vector<ProofCase> cases{{one, true, "one of everything"}};
    const auto two = [&](int Scope::*kind, const char* name) {
        Config config_of_two = one;
        config_of_two.scope.*kind = 2;
        cases.push_back({config_of_two, true, name});
    };
    two(&Scope::big_blocks, "two big blocks");
    two(&Scope::memory_blocks, "two memory blocks of a big block");
    two(&Scope::sections, "two sections of a memory block");
    two(&Scope::page_blocks, "two page blocks of a section");
    two(&Scope::pages, "two pages of a page block");
    return cases;
}

Proof prove(const Config& config, const ProofOptions& options) { return Induction(config, options).run(); }

std::vector<std::string> proof_assumptions(const Config& config) {
    std::vector<std::string> list{"nothing of deadlocks, which 'vmemcheck check' looks for"};
    if (!config.faults.speculative_refs)
        list.emplace_back("nobody takes a speculative reference on a page (protocol S1)");
    if (!config.faults.stop_callbacks)
        list.emplace_back("no notifier called before the driver's stops the chain (protocol F29)");
    if (!config.faults.add_eexist) list.emplace_back("add_memory() does not fail with -EEXIST");
    if (!config.faults.device_error) list.emplace_back("the device answers ERROR only by its own rules");
    if (!config.faults.device_nack) list.emplace_back("the device answers NACK only by its own rules");
    if (!config.faults.veto) list.emplace_back("no other memory notifier refuses");
    if (!config.faults.device_busy) list.emplace_back("the device is never BUSY");
    if (!config.faults.allocation) list.emplace_back("allocations never fail");
    if (!config.faults.pins) list.emplace_back("no page is ever pinned");
    if (!config.faults.signal) list.emplace_back("user tasks get no signals");
    if (!config.faults.leftovers) list.emplace_back("probe finds no memory plugged by an earlier driver");
    return list;
}

}  // namespace vmemcheck::bbm::spec
