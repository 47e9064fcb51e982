// SPDX-License-Identifier: MIT
/// \file
/// Breadth-first search by several threads, in few bytes a state.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "checker/compact_table.hpp"
#include "checker/coverage.hpp"
#include "checker/describe.hpp"
#include "checker/discovery_log.hpp"
#include "checker/grouping.hpp"
#include "checker/key_queue.hpp"
#include "checker/layout.hpp"
#include "checker/model.hpp"
#include "checker/monitor.hpp"
#include "checker/options.hpp"
#include "checker/packer.hpp"
#include "checker/property.hpp"
#include "checker/result.hpp"
#include "checker/state_keys.hpp"
#include "checker/successors.hpp"
#include "checker/team.hpp"
#include "checker/way_tracer.hpp"

namespace vmemcheck::checker::detail {

/// One search; run() may be called once.
///
/// The states of a level are expanded in rounds. In a round threads first expand chunks of states, and put the keys of
/// successors into one buffer for each part of the table; then each part of the table is given the keys that belong
/// there, by one thread, in the order in which one thread would have made them; then the new ones are put in order
/// again. Everything is found in the same order, however many threads there are and whenever they run. No thread
/// writes to what another one uses, so nothing but the numbers of leaves is locked. (Sorting lookups by the part of a
/// table they go to is what radix joins do: Manegold, Boncz, Kersten, TKDE 2002.)
template <Model M>
class RoundSearch {
 public:
    using State = typename M::State;

    RoundSearch(const M& model, const std::vector<Property<M>>& properties, const SearchOptions& options)
        : model_(model),
          properties_(properties),
          options_(options),
          limits_(options.max_seconds, options.stop),
          budget_(options.max_memory_bytes),
          monitor_(model, properties),
          coverage_(model.steps(), model.choices()),
          log_(budget_),
          level_(budget_),
          next_(budget_) {}

    Result<M> run() {
        try {
            explore();
        } catch (const std::bad_alloc&) {
            end(Ended::memory_limit);
        } catch (const std::exception& error) {
            model_failed(std::string("the model threw: ") + error.what());
        }
        return result();
    }

 private:
    static constexpr unsigned most_parts = 1U << CompactTable::most_part_bits;
    static constexpr std::uint32_t chunk_states = 256;
    static constexpr std::size_t recent_keys = std::size_t{1} << 12;

    /// A state or a transition that leaves it.
    struct Place {
        DiscoveryIndex state = 0;
        bool in_transition = false;
        ActorId actor = 0;
        std::uint64_t outcome = 0;  ///< number of the transition among the actor's in that state
        unsigned runs = 0;          ///< micro-steps of it to take
    };
    struct Hit {
        std::size_t property = 0;
        const char* message = nullptr;
        Place place{};
    };
    struct Error {
        std::string message;  ///< empty: a field is out of bounds
        std::optional<Place> place;
    };
    /// A successor on its way into the table.
    struct Record {
        std::uint64_t rest;
        std::uint32_t home;
        std::uint32_t transition;  ///< number in the chunk
    };
    /// Records in the order in which they were added.
    class Records {
     public:
        /// Without a branch that could be mispredicted: about half of the successors are known.
        void add_unless(bool known, const Record& record) {
            if (size_ == all_.size()) [[unlikely]]
                all_.resize(std::max<std::size_t>(size_ * 2, 64));
            all_[size_] = record;
            size_ += known ? 0 : 1;
        }
        void clear() { size_ = 0; }
        [[nodiscard]] Record* data() { return all_.data(); }
        [[nodiscard]] std::size_t size() const { return size_; }
        [[nodiscard]] std::size_t bytes() const { return all_.capacity() * sizeof(Record); }

     private:
        std::vector<Record> all_;
        std::size_t size_ = 0;
    };
    /// States that one thread expands, and what it found.
    struct Chunk {
        KeyQueue::Run states;
        DiscoveryIndex first = 0;  ///< state
        unsigned worker = 0;
        std::array<std::uint32_t, most_parts> begin{};  ///< of its records in the worker's buffer of a part
        std::array<std::uint32_t, most_parts> count{};  ///< of them; later, of the new ones
        std::vector<std::uint32_t> starts;              ///< of each state: its first transition
        std::vector<StepId> steps;                      ///< of each transition: what it began with
        std::uint32_t fresh = 0;                        ///< new states
        std::uint32_t kept = 0;                         ///< of them, as many as there may be
        DiscoveryLog::Piece log;
        std::vector<unsigned char> keys;
    };

    /// What a thread works with; the Expander's sink.
    struct Worker {
        Worker(RoundSearch& search_, const State& sample)
            : search(search_),
              monitor(search_.model_, search_.properties_),
              expander(search_.model_, search_.options_.fuse),
              coverage(search_.model_.steps(), search_.model_.choices()),
              watches_steps(monitor.watches_steps() || search_.options_.check_fused),
              current(sample),
              moves(search_.model_.actor_count()),
              pending(most_pending, Pending{sample}),
              recent(recent_keys) {
            begin_keys();
        }
        /// To be called when the search begins to make keys in another way.
        void begin_keys() {
            packed.resize(search.packer_->words());
            next_packed.resize(search.packer_->words());
            std::fill(recent.begin(), recent.end(), Key{~std::uint64_t{0}, ~std::uint32_t{0}});
        }

        RoundSearch& search;
        Monitor<M> monitor;
        Expander<M> expander;
        Coverage coverage;
        bool watches_steps;  ///< something is evaluated on steps that fail no assertion
        std::uint64_t transitions = 0;
        std::uint64_t micro_steps = 0;
        std::uint64_t pruned = 0;
        std::vector<Hit> hits;
        std::optional<Error> error;
        bool no_memory = false;
        bool good_seen = false;

        // The state being expanded.
        State current;
        std::vector<Moves> moves;
        std::vector<std::uint64_t> packed;
        StateKeys::Numbers numbers{};
        std::vector<std::uint64_t> next_packed;
        Chunk* chunk = nullptr;
        DiscoveryIndex index = 0;
        ActorId actor = 0;
        std::uint64_t outcome = 0;
        StepId first_step = 0;
        std::uint32_t transition = 0;  ///< of the chunk

        /// Successors are packed when there are some: reading one in words right after a step wrote some bytes would
        /// wait for the writes, and a short loop keeps more of them in flight.
        struct Pending {
            State state;
            std::uint32_t transition = 0;
            std::uint32_t outcome = 0;  ///< of the actor's
            ActorId actor = 0;
            unsigned runs = 0;
        };
        static constexpr unsigned most_pending = 32;
        std::vector<Pending> pending;
        unsigned made = 0;  ///< of them

        std::array<Records, most_parts> records;
        /// Keys of successors made lately: one made again is in the table, or will be when its turn comes.
        std::vector<Key> recent;
        std::vector<Record> fresh;  ///< for putting them in order

        State& slot() { return pending[made].state; }
        bool on_step(unsigned depth, const State& before, const State& now, ActorId who, const SearchContext& context) {
            ++micro_steps;
            if (depth == 0) first_step = context.step();
            if (const Misuse how = coverage.record(context.step(), context.taken()); how != Misuse::none) [[unlikely]] {
                broken(how, who, context);
                return false;
            }
            if (!watches_steps && context.failures().empty()) [[likely]]
                return true;
            const auto hit = [&](unsigned runs) {
                return [this, who, runs](std::size_t property, const char* message) {
                    hits.push_back({property, message, {index, true, who, outcome, runs}});
                };
            };
            const bool good = !search.options_.check_fused || depth == 0 || monitor.on_state(before, hit(depth));
            return monitor.on_step(before, now, context.failures(), hit(depth + 1)) && good;
        }
        void commit(unsigned depth) {
            Pending& successor = pending[made];
            successor.outcome = static_cast<std::uint32_t>(outcome);
            successor.actor = actor;
            successor.runs = depth + 1;
            successor.transition = count_transition();
            if (++made == most_pending) pack();
        }
        void drop(unsigned) {
            count_transition();
            ++pruned;
        }
        void broken(Misuse how, ActorId who, const SearchContext& context) {
            std::string where = " (actor " + std::string(search.model_.actor_name(who));
            const std::span<const StepInfo> all = search.model_.steps();
            if (context.step() < all.size()) where += ", step " + std::string(all[context.step()].name);
            fail(text(how) + where + ")", Place{index, false, 0, 0, 0});
        }
        void fail(std::string message, std::optional<Place> place) {
            if (!error) error = Error{std::move(message), place};
        }

        /// Expands the states of a chunk. \param look only evaluate properties of the states
        void expand(Chunk& work, unsigned number, bool look) {
            chunk = &work;
            work.worker = number;
            work.starts.clear();
            work.steps.clear();
            const unsigned parts = search.table_->parts();
            for (unsigned p = 0; p < parts; ++p) work.begin[p] = static_cast<std::uint32_t>(records[p].size());
            transition = 0;
            try {
                for (std::uint32_t i = 0; i < work.states.count && !error && !no_memory; ++i) {
                    index = work.first + i;
                    work.starts.push_back(transition);
                    expand_state(work.states[i], look);
                }
            } catch (const std::bad_alloc&) {
                no_memory = true;
            } catch (const std::exception& thrown) {
                fail(std::string("the model threw: ") + thrown.what(), std::nullopt);
            }
            transitions += transition;
            for (unsigned p = 0; p < parts; ++p) {
                work.count[p] = static_cast<std::uint32_t>(records[p].size()) - work.begin[p];
            }
        }

     private:
        /// Gives the pending successors to the parts of the table that their keys belong to.
        void pack() {
            if (search.keys_->plain()) {
                pack_plain();
            } else {
                pack_leaves();
            }
            made = 0;
        }
        void pack_plain() {
            const Packer& packer = *search.packer_;
            const StateKeys& keys = *search.keys_;
            const CompactTable& table = *search.table_;
            for (unsigned i = 0; i < made && !error; ++i) {
                const Pending& successor = pending[i];
                std::uint64_t word = packed[0];
                if (packer.template repack<true>(current, successor.state, &word) >= 0) [[unlikely]]
                    return fail({}, Place{index, true, successor.actor, successor.outcome, successor.runs});
                add(table, keys.key_of_word(word), successor.transition);
            }
        }
        void pack_leaves() {
            const Packer& packer = *search.packer_;
            StateKeys& keys = *search.keys_;
            const CompactTable& table = *search.table_;
            for (unsigned i = 0; i < made && !error; ++i) {
                const Pending& successor = pending[i];
                std::copy(packed.begin(), packed.end(), next_packed.begin());
                if (packer.template repack<false>(current, successor.state, next_packed.data()) >= 0) [[unlikely]]
                    return fail({}, Place{index, true, successor.actor, successor.outcome, successor.runs});
                Key key;
                if (!keys.key_of_leaves(next_packed.data(), packed.data(), numbers, key)) [[unlikely]] {
                    no_memory = true;
                    return;
                }
                add(table, key, successor.transition);
            }
        }
        void add(const CompactTable& table, const Key& key, std::uint32_t number) {
            Key& known = recent[key.home % recent_keys];
            const bool again = ((known.rest ^ key.rest) | (known.home ^ key.home)) == 0;
            known = key;
            records[table.part_of(key.home)].add_unless(again, {key.rest, key.home, number});
        }
        std::uint32_t count_transition() {
            ++outcome;
            chunk->steps.push_back(first_step);
            return transition++;
        }
        void expand_state(const Key& key, bool look) {
            search.keys_->packed_of(key, packed.data(), numbers);
            search.packer_->unpack(packed.data(), current);
            const auto hit = [this](std::size_t property, const char* message) {
                hits.push_back({property, message, {index, false, 0, 0, 0}});
            };
            if (!monitor.on_state(current, hit)) {
                ++pruned;
                return;
            }
            good_seen = true;
            if (look) return;
            for (ActorId who = 0; who < moves.size(); ++who) {
                actor = who;
                outcome = 0;
                moves[who] = expander.expand(current, who, *this);
            }
            pack();
            if (!error && monitor.wants_moves()) monitor.on_moves(current, moves, hit);
        }
    };

    void end(Ended why) {
        if (!ended_) ended_ = why;
    }
    void model_failed(std::string message, std::optional<Place> place = std::nullopt) {
        if (ended_ == Ended::model_error) return;
        ended_ = Ended::model_error;
        error_ = std::move(message);
        error_place_ = place;
    }
    bool over() {
        if (options_.stop_when_decided && monitor_.all_decided()) end(Ended::decided);
        if (const auto limit = limits_.check_now()) end(*limit);
        if (!ended_ && options_.progress && limits_.report_due()) {
            Progress progress{
                log_.size(), statistics_.transitions, depth_, level_.size() + next_.size(), budget_.used(), 0, 0};
            limits_.reported(progress);
            options_.progress(progress);
        }
        return ended_.has_value();
    }

    void explore() {
        std::vector<State> initial;
        model_.initial_states([&initial](const State& state) { initial.push_back(state); });
        if (initial.empty()) return model_failed("the model has no initial state");
        layout_ = layout_of(model_, initial.front());
        if (!layout_.error().empty()) return model_failed(layout_.error());
        packer_.emplace(layout_.fields(), sizeof(State), StateKeys::most_plain_bits);
        keys_ = std::make_unique<StateKeys>(*packer_, budget_);
        table_ = std::make_unique<CompactTable>(keys_->home_bits(), keys_->form(), budget_);
        if (!table_->ready()) return end(Ended::memory_limit);
        const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
        team_.emplace(options_.threads == 0 ? processors : options_.threads);
        for (unsigned i = 0; i < team_->size(); ++i)
            workers_.push_back(std::make_unique<Worker>(*this, initial.front()));
        if (!begin(initial)) return;
        while (!over()) {
            if (!regrouped_ && !keys_->plain() && log_.size() >= options_.regroup_states) {
                regroup();
                continue;
            }
            if (level_.size() == 0) {
                if (next_.size() == 0) return;
                level_.swap(next_);
                statistics_.max_depth = ++depth_;
                continue;
            }
            round(options_.max_depth != 0 && depth_ >= options_.max_depth);
        }
    }
    /// Divides the fields into leaves anew, by what was seen so far, and turns all keys into those that this gives.
    void regroup() {
        regrouped_ = true;
        constexpr std::uint64_t wanted = 1024;
        std::vector<State> sample;
        std::vector<std::uint64_t> packed(packer_->words());
        StateKeys::Numbers numbers{};
        State state = initial_.front();
        const auto state_of = [&](const Key& key) {
            keys_->packed_of(key, packed.data(), numbers);
            packer_->unpack(packed.data(), state);
        };
        for (const KeyQueue* queue : {&level_, &next_}) {
            const std::uint64_t stride = std::max<std::uint64_t>(1, (level_.size() + next_.size()) / wanted);
            for (std::uint64_t i = 0; i < queue->size(); i += stride) {
                state_of(queue->run(i, 1)[0]);
                sample.push_back(state);
            }
        }
        std::vector<std::vector<std::int16_t>> values(layout_.fields().size());
        for (std::size_t field = 0; field < values.size(); ++field) {
            for (const State& seen : sample)
                values[field].push_back(static_cast<std::int16_t>(layout_.get(seen, field)));
        }
        Packer packer(layout_.fields(), sizeof(State), group_fields(values, StateKeys::most_leaves));
        auto keys = std::make_unique<StateKeys>(packer, budget_);
        std::vector<std::uint64_t> repacked(packer.words());
        bool full = false;
        const auto new_key = [&](const Key& old) {
            state_of(old);
            Key key;
            static_cast<void>(packer.pack(state, repacked.data()));  // was packed before, so it is in bounds
            if (!keys->key_of(repacked.data(), key)) full = true;
            return key;
        };
        // Numbers are given before anything is written, so that the form does not change meanwhile.
        for (unsigned part = 0; part < table_->parts() && !full; ++part) table_->for_each(part, new_key);
        auto table = std::make_unique<CompactTable>(keys->home_bits(), keys->form(), budget_);
        full = full || !table->ready();
        for (unsigned part = 0; part < table_->parts() && !full; ++part) {
            table_->for_each(part, [&](const Key& old) {
                const Key key = new_key(old);
                full = full || table->insert(table->part_of(key.home), key) != Segment::Done::added;
            });
        }
        const KeyFormat format(keys->home_bits(), keys->form());
        for (KeyQueue* queue : {&level_, &next_}) {
            KeyQueue rewritten(budget_);
            std::vector<unsigned char> bytes;
            while (queue->size() != 0 && !full) {
                const KeyQueue::Run run = queue->run(0, chunk_states);
                bytes.clear();
                for (std::uint32_t i = 0; i < run.count; ++i) format.append(bytes, new_key(run[i]));
                full = full || !rewritten.append(format, bytes);
                queue->pop(run.count);
            }
            queue->swap(rewritten);
        }
        if (full) return end(Ended::memory_limit);
        packer_.emplace(std::move(packer));
        keys_ = std::move(keys);
        table_ = std::move(table);
        for (const auto& worker : workers_) worker->begin_keys();
    }
    /// Stores the initial states.
    bool begin(const std::vector<State>& initial) {
        std::vector<std::uint64_t> packed(packer_->words());
        std::vector<Key> found;
        for (const State& state : initial) {
            if (const int bad = packer_->pack(state, packed.data()); bad >= 0) {
                model_failed(bounds_text(layout_, state, bad) + " in an initial state");
                return false;
            }
            if (options_.max_states != 0 && initial_.size() >= options_.max_states) {
                end(Ended::state_limit);
                break;
            }
            Key key;
            const bool made = keys_->key_of(packed.data(), key);
            const unsigned part = table_->part_of(key.home);
            const bool room = made && table_->set_form(part, keys_->form());
            const Segment::Done done = room ? table_->insert(part, key) : Segment::Done::full;
            if (done == Segment::Done::full) {
                end(Ended::memory_limit);
                break;
            }
            if (done == Segment::Done::found) continue;
            found.push_back(key);
            initial_.push_back(state);
        }
        const KeyFormat format(keys_->home_bits(), keys_->form());
        std::vector<unsigned char> keys;
        for (const Key& key : found) format.append(keys, key);
        if (!level_.append(format, keys)) end(Ended::memory_limit);
        log_.add_initial(initial_.size());
        return !ended_;
    }

    /// Expands some states of the level, and stores their successors.
    void round(bool look) {
        const std::size_t chunks = cut_chunks();
        const bool alone = chunks < 2 * team_->size();
        const unsigned parts = table_->parts();
        each(chunks, alone,
             [&](std::size_t i, unsigned worker) { workers_[worker]->expand(chunks_[i], worker, look); });
        gather();
        if (look && !ended_) {
            done_with(chunks);
            at_limit_ = at_limit_ || any_good();
            if (level_.size() == 0 && at_limit_) end(Ended::depth_limit);
            return;
        }
        if (ended_) return;
        keys_->settle();
        const KeyFormat format(keys_->home_bits(), keys_->form());
        std::atomic<bool> full{false};
        each(parts, alone, [&](std::size_t part, unsigned) {
            if (!store(static_cast<unsigned>(part), chunks, format.form)) full.store(true, std::memory_order_relaxed);
        });
        count_fresh(chunks);
        each(chunks, alone,
             [&](std::size_t i, unsigned worker) { put_in_order(chunks_[i], *workers_[worker], format); });
        for (std::size_t i = 0; i < chunks && !full; ++i) {
            if (!log_.append(chunks_[i].log) || !next_.append(format, chunks_[i].keys)) full = true;
        }
        done_with(chunks);
        if (full) return end(Ended::memory_limit);
        account();
    }
    static constexpr std::uint64_t states_per_record_byte = 2;

    /// Takes states of the level, as many as will not make too many successors at once.
    std::size_t cut_chunks() {
        constexpr std::uint64_t least = std::uint64_t{8} * chunk_states;
        constexpr std::uint64_t most = std::uint64_t{256} * chunk_states;
        const std::uint64_t records = log_.size() / (states_per_record_byte * sizeof(Record));
        const std::uint64_t degree =
            std::max<std::uint64_t>(1, statistics_.transitions / std::max<std::uint64_t>(1, expanded_));
        const std::uint64_t states = std::clamp(records / degree, least, most);
        std::size_t chunks = 0;
        std::uint64_t taken = 0;
        while (taken < states && taken < level_.size()) {
            if (chunks == chunks_.size()) chunks_.emplace_back();
            Chunk& chunk = chunks_[chunks++];
            chunk.states = level_.run(taken, chunk_states);
            chunk.first = expanded_ + taken;
            taken += chunk.states.count;
        }
        return chunks;
    }
    void done_with(std::size_t chunks) {
        std::uint64_t states = 0;
        for (std::size_t i = 0; i < chunks; ++i) states += chunks_[i].states.count;
        level_.pop(states);
        expanded_ += states;
        for (const auto& worker : workers_) {
            for (auto& records : worker->records) records.clear();
        }
    }
    /// Calls work(i, worker) for each i < count.
    template <class Work>
    void each(std::size_t count, bool alone, const Work& work) {
        if (alone || team_->size() == 1) {
            for (std::size_t i = 0; i < count; ++i) work(i, 0U);
            return;
        }
        std::atomic<std::size_t> next{0};
        team_->run([&](unsigned worker) {
            for (std::size_t i = next.fetch_add(1, std::memory_order_relaxed); i < count;
                 i = next.fetch_add(1, std::memory_order_relaxed)) {
                work(i, worker);
            }
        });
    }
    /// Takes over what the workers counted and found. What one thread would have found first counts.
    void gather() {
        std::vector<Hit> hits;
        const Error* first_error = nullptr;
        for (const auto& worker : workers_) {
            statistics_.transitions += std::exchange(worker->transitions, 0);
            statistics_.micro_steps += std::exchange(worker->micro_steps, 0);
            statistics_.pruned += std::exchange(worker->pruned, 0);
            hits.insert(hits.end(), worker->hits.begin(), worker->hits.end());
            worker->hits.clear();
            if (worker->no_memory) end(Ended::memory_limit);
            if (!worker->error) continue;
            const auto place = [](const Error* error) { return error->place ? error->place->state : 0; };
            if (first_error == nullptr || place(&*worker->error) < place(first_error)) first_error = &*worker->error;
        }
        std::stable_sort(hits.begin(), hits.end(),
                         [](const Hit& a, const Hit& b) { return a.place.state < b.place.state; });
        for (const Hit& hit : hits) {
            if (monitor_.decided(hit.property)) continue;
            monitor_.note_decided(hit.property);
            hits_.push_back(hit);
            for (const auto& worker : workers_) worker->monitor.note_decided(hit.property);
        }
        if (first_error != nullptr) model_failed(first_error->message, first_error->place);
    }
    bool any_good() {
        bool any = false;
        for (const auto& worker : workers_) any = any || worker->good_seen;
        return any;
    }
    /// Adds what belongs to a part of the table; of each chunk's records the new ones are left.
    bool store(unsigned part, std::size_t chunks, const RestForm& form) {
        constexpr std::uint32_t ahead = 16;
        CompactTable& table = *table_;
        if (!table.set_form(part, form)) return false;
        for (std::size_t i = 0; i < chunks; ++i) {
            Chunk& chunk = chunks_[i];
            Record* const records = workers_[chunk.worker]->records[part].data() + chunk.begin[part];
            const std::uint32_t count = chunk.count[part];
            std::uint32_t fresh = 0;
            for (std::uint32_t r = 0; r < std::min(count, ahead); ++r) table.prefetch(part, records[r].home);
            for (std::uint32_t r = 0; r < count; ++r) {
                if (r + ahead < count) table.prefetch(part, records[r + ahead].home);
                const Segment::Done done = table.insert(part, {records[r].rest, records[r].home});
                if (done == Segment::Done::full) [[unlikely]]
                    return false;
                if (done == Segment::Done::added) records[fresh++] = records[r];
            }
            chunk.count[part] = fresh;
        }
        return true;
    }
    /// Counts the new states of each chunk, and looks after the limit.
    void count_fresh(std::size_t chunks) {
        const std::uint64_t room = options_.max_states == 0 ? ~std::uint64_t{0} : options_.max_states - log_.size();
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < chunks; ++i) {
            Chunk& chunk = chunks_[i];
            chunk.fresh = 0;
            for (unsigned p = 0; p < table_->parts(); ++p) chunk.fresh += chunk.count[p];
            chunk.kept = static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk.fresh, room - std::min(room, all)));
            all += chunk.fresh;
        }
        if (all > room) end(Ended::state_limit);
    }
    void put_in_order(Chunk& chunk, Worker& worker, const KeyFormat& format) {
        std::vector<Record>& fresh = worker.fresh;
        fresh.clear();
        for (unsigned p = 0; p < table_->parts(); ++p) {
            const Record* const records = workers_[chunk.worker]->records[p].data() + chunk.begin[p];
            fresh.insert(fresh.end(), records, records + chunk.count[p]);
        }
        std::sort(fresh.begin(), fresh.end(),
                  [](const Record& a, const Record& b) { return a.transition < b.transition; });
        chunk.log.clear();
        chunk.keys.clear();
        std::size_t state = 0;
        for (std::uint32_t i = 0; i < chunk.kept; ++i) {
            const Record& record = fresh[i];
            while (state + 1 < chunk.starts.size() && chunk.starts[state + 1] <= record.transition) ++state;
            chunk.log.add(chunk.first + state, record.transition - chunk.starts[state]);
            worker.coverage.new_state(chunk.steps[record.transition]);
            format.append(chunk.keys, {record.rest, record.home});
        }
    }
    /// Takes what the buffers have grown by from the budget.
    void account() {
        std::size_t bytes = 0;
        for (const auto& worker : workers_) {
            for (const auto& records : worker->records) bytes += records.bytes();
            bytes += worker->fresh.capacity() * sizeof(Record) + worker->recent.capacity() * sizeof(Key);
        }
        for (const Chunk& chunk : chunks_) {
            bytes += sizeof(Chunk) + chunk.starts.capacity() * sizeof(std::uint32_t) +
                     chunk.steps.capacity() * sizeof(StepId) + chunk.log.bytes() + chunk.keys.capacity();
        }
        if (bytes <= buffers_) return;
        if (!budget_.take(bytes - buffers_)) return end(Ended::memory_limit);
        buffers_ = bytes;
    }

    Result<M> result() {
        Result<M> result;
        result.ended = ended_.value_or(Ended::complete);
        result.complete = !ended_;
        result.model_error = error_;
        for (const auto& worker : workers_) {
            monitor_.absorb(worker->monitor);
            coverage_.absorb(worker->coverage);
        }
        for (std::size_t i = 0; i < properties_.size(); ++i) {
            result.verdicts.push_back(monitor_.verdict(i, properties_[i], result.complete));
        }
        statistics_.memory_bytes = budget_.used();
        statistics_.peak_memory_bytes = budget_.peak();
        statistics_.unclaimed_failures = monitor_.unclaimed_failures();
        statistics_.packed_bits = layout_.bits();
        statistics_.packed_bytes = layout_.packed_bytes();
        statistics_.states = log_.size();
        table_.reset();  // makes room for the runs
        add_runs(result);
        statistics_.seconds = limits_.seconds();
        statistics_.peak_resident_bytes = peak_resident_bytes();
        result.statistics = statistics_;
        result.coverage = std::move(coverage_);
        return result;
    }
    /// Adds the counterexamples; a run for which there is no memory is left out.
    void add_runs(Result<M>& result) {
        try {
            const WayTracer<M> tracer(model_, monitor_, options_.fuse, options_.check_fused);
            const auto run_to = [&](const Place& place) {
                const DiscoveryLog::Way way = log_.way_to(place.state);
                auto run = tracer.run(initial_[way.initial], way.transitions);
                if (place.in_transition && place.runs > 0) tracer.append(run, place.actor, place.outcome, place.runs);
                return run;
            };
            for (const Hit& hit : hits_) {
                auto run = run_to(hit.place);
                describe(run, model_, hit.property, properties_[hit.property], hit.message);
                result.verdicts[hit.property].counterexample = std::move(run);
            }
            if (!error_place_) return;
            result.model_error_run = run_to(*error_place_);
            if (error_.empty()) result.model_error = bounds_text(model_, layout_, *result.model_error_run);
        } catch (const std::exception& error) {
            if (result.ended == Ended::model_error && result.model_error.empty()) {
                result.model_error =
                    std::string("a field out of bounds; the run to it cannot be shown: ") + error.what();
            }
        }
    }

    const M& model_;
    const std::vector<Property<M>>& properties_;
    const SearchOptions& options_;
    Limits limits_;
    MemoryBudget budget_;
    Monitor<M> monitor_;  ///< of what all workers found
    Coverage coverage_;
    Statistics statistics_;
    Layout layout_;
    std::optional<Packer> packer_;
    std::unique_ptr<StateKeys> keys_;
    std::unique_ptr<CompactTable> table_;
    DiscoveryLog log_;
    KeyQueue level_;  ///< states not yet expanded
    KeyQueue next_;   ///< their new successors
    std::vector<State> initial_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<Team> team_;
    std::vector<Chunk> chunks_;
    DiscoveryIndex expanded_ = 0;  ///< states
    std::uint64_t depth_ = 0;
    bool at_limit_ = false;
    bool regrouped_ = false;
    std::size_t buffers_ = 0;  ///< bytes taken from the budget for them
    std::vector<Hit> hits_;
    std::optional<Ended> ended_;
    std::string error_;
    std::optional<Place> error_place_;
};

}  // namespace vmemcheck::checker::detail
