// SPDX-License-Identifier: MIT
/// \file
/// What a search in rounds keeps: the states seen, how they were found, and those still to be expanded.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "checker/archive.hpp"
#include "checker/compact_table.hpp"
#include "checker/coverage.hpp"
#include "checker/discovery_log.hpp"
#include "checker/hash.hpp"
#include "checker/key_queue.hpp"
#include "checker/level_sizes.hpp"
#include "checker/model.hpp"
#include "checker/options.hpp"
#include "checker/own_lines.hpp"
#include "checker/packer.hpp"
#include "checker/parallel_packer.hpp"
#include "checker/parallel_unpacker.hpp"
#include "checker/prefetch.hpp"
#include "checker/seen_prints.hpp"
#include "checker/shares.hpp"
#include "checker/state_keys.hpp"
#include "checker/team.hpp"
#include "checker/word_mixer.hpp"

namespace vmemcheck::checker::detail {

inline constexpr unsigned most_round_parts = 1U << CompactTable::most_part_bits;

/// A successor on its way into the table.
struct RoundRecord {
    std::uint64_t bits;  ///< the rest of its key; of a state that is its own key, the packed word
    std::uint32_t home;
    std::uint32_t transition;  ///< number in the chunk
};

/// Records in the order in which they were added.
class RoundRecords {
 public:
    /// Without a branch that could be mispredicted: about half of the successors are known.
    void add_unless(bool known, const RoundRecord& record) {
        if (next_ == end_) [[unlikely]]
            grow();
        prefetch_to_write(next_ + written_ahead);
        *next_ = record;
        next_ += known ? 0 : 1;
    }
    /// The same, with the fingerprint of the state.
    void add_unless(bool known, const RoundRecord& record, std::uint64_t print) {
        if (size() >= prints_.size()) [[unlikely]]
            prints_.resize(std::max<std::size_t>(std::size_t{size()} * 2, 64));
        prints_[size()] = print;
        add_unless(known, record);
    }
    void clear() { next_ = all_.get(); }
    [[nodiscard]] std::uint64_t* prints() { return prints_.data(); }
    [[nodiscard]] const std::uint64_t* prints() const { return prints_.data(); }
    [[nodiscard]] RoundRecord* data() { return all_.get(); }
    [[nodiscard]] const RoundRecord* data() const { return all_.get(); }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(next_ - all_.get()); }
    [[nodiscard]] std::size_t bytes() const {
        return (static_cast<std::size_t>(end_ - all_.get()) + written_ahead) * sizeof(RoundRecord) +
               prints_.capacity() * sizeof(std::uint64_t);
    }

 private:
    /// Another thread, which stores them, has the lines in its cache: each would be waited for.
    static constexpr std::size_t written_ahead = 8;

    void grow();

    std::unique_ptr<RoundRecord[]> all_;
    RoundRecord* next_ = nullptr;
    RoundRecord* end_ = nullptr;         ///< of the room; some more are there, to be fetched
    std::vector<std::uint64_t> prints_;  ///< of approximate searches
};

/// States that one thread expands, and what it found. Aligned as RoundBuffers are.
struct alignas(line_bytes) RoundChunk {
    KeyQueue::Run states;
    DiscoveryIndex first = 0;  ///< state
    unsigned worker = 0;
    std::array<std::uint32_t, most_round_parts> begin{};  ///< of its records in the worker's buffer of a part
    std::array<std::uint32_t, most_round_parts> count{};  ///< of them
    std::vector<std::uint32_t> starts;                    ///< of each state: its first transition
    std::uint32_t transitions = 0;                        ///< of its states
    std::vector<StepId> steps;  ///< of each transition: what it began with; there is room for more
    std::uint32_t fresh = 0;    ///< new states
    std::uint32_t kept = 0;     ///< of them, those within the limit
    DiscoveryLog::Piece log;
    KeyQueue::Room keys;  ///< for the new ones
};

/// What a thread makes of states. Aligned, so that no two threads write to one cache line.
struct alignas(line_bytes) RoundBuffers {
    static constexpr std::size_t recent_keys = std::size_t{1} << 12;

    std::array<RoundRecords, most_round_parts> records;
    /// Keys of successors made lately: one made again is in the table, or will be when its turn comes.
    std::vector<Key> recent;
    std::vector<std::uint64_t> recent_words;  ///< the same, of states that are their own keys
    std::size_t recent_leaves = 0;            ///< bytes of the thread's StateKeys::RecentLeaves
    std::size_t step_cache = 0;               ///< bytes of the thread's cache of steps
    // For putting new ones in order:
    std::vector<const RoundRecord*> of_transition;  ///< of the chunk, if its bit is set
    std::vector<std::uint64_t> fresh;               ///< a bit for each transition of the chunk; all clear
    Coverage coverage;                              ///< of the new states
    Coverage beyond;                                ///< of those over the limit

    /// Forgets which keys were made lately.
    /// \param plain states are their own keys
    void forget(bool plain) {
        recent.assign(plain ? 0 : recent_keys, Key{~std::uint64_t{0}, ~std::uint32_t{0}});
        recent_words.assign(plain ? recent_keys : 0, ~std::uint64_t{0});
    }
    [[nodiscard]] std::size_t bytes() const;
};

/// The states of a search in rounds (see RoundSearch), of a model of which it knows the fields only. Throws
/// std::bad_alloc when the system has no memory.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): one a search
class RoundStore {
 public:
    /// Why states could not be stored.
    enum class Full : std::uint8_t { no, memory, states };

    /// \param fields fit for a Layout
    /// \param sample the bytes of a state: those that no field describes are the same in all
    /// \param coverage nothing counted yet
    /// \param options outlive the store, as do the fields
    RoundStore(std::span<const FieldInfo> fields, std::span<const unsigned char> sample, const Coverage& coverage,
               const SearchOptions& options);

    [[nodiscard]] unsigned threads() const { return team_.size(); }
    [[nodiscard]] const Packer& packer() const { return packer_; }
    /// Unpacks as the packer does, if usable().
    [[nodiscard]] const ParallelUnpacker& parallel_unpacker() const { return parallel_unpacker_; }
    /// Packs as the packer does, if usable().
    [[nodiscard]] const ParallelPacker& parallel_packer() const { return parallel_packer_; }
    /// Of use if keys().plain().
    [[nodiscard]] const WordMixer& word_mixer() const { return word_mixer_; }
    [[nodiscard]] StateKeys& keys() { return *keys_; }
    /// Which part of what was seen a key belongs to, if not approximate().
    [[nodiscard]] unsigned part_of(const Key& key) const { return table_->part_of(key.home); }
    /// CompactTable::in_part_bits(), if not approximate().
    [[nodiscard]] unsigned in_part_bits() const { return table_->in_part_bits(); }
    [[nodiscard]] unsigned parts() const { return prints_ ? SeenPrints::parts() : table_->parts(); }
    /// Whether only fingerprints of states are kept. Where fields are to be grouped, that begins when they are.
    [[nodiscard]] bool approximate() const { return prints_ != nullptr; }
    /// The fingerprint of a packed state. It does not depend on the numbers of leaves, which threads give.
    [[nodiscard]] static std::uint64_t print_of(std::span<const std::uint64_t> packed) {
        return hash_words(packed.data(), static_cast<unsigned>(packed.size()));
    }
    /// What is kept, if approximate().
    [[nodiscard]] const SeenPrints& prints() const { return *prints_; }
    /// Whether save() can leave out what a round added that was broken off.
    [[nodiscard]] bool can_forget() const { return !prints_ || prints_->can_forget(); }
    [[nodiscard]] RoundBuffers& buffers(unsigned worker) { return buffers_[worker]; }
    [[nodiscard]] const RoundBuffers& buffers(unsigned worker) const { return buffers_[worker]; }
    [[nodiscard]] const DiscoveryLog& log() const { return log_; }
    /// States found, up to the limit. All that the last round found are stored, so that a later search can go on.
    [[nodiscard]] std::uint64_t states() const { return log_.size() - beyond_; }
    [[nodiscard]] const MemoryBudget& budget() const { return budget_; }
    /// States found and not yet expanded.
    [[nodiscard]] std::uint64_t waiting() const { return level_.size() + next_.size(); }
    /// Of them, those of the level that is being expanded.
    [[nodiscard]] std::uint64_t waiting_in_level() const { return level_.size(); }
    /// Whether the level after that has states.
    [[nodiscard]] bool next_level_begun() const { return next_.size() != 0; }

    /// Adds an initial state, packed; to be called before anything else. \param added whether it is new
    [[nodiscard]] Full add_initial(const std::uint64_t* packed, bool& added);
    /// Goes on to the next level, whose states are the new ones; false if there are none.
    [[nodiscard]] bool next_level();

    /// Takes states of the level, as many as will not make too many successors at once. \param degree transitions of a
    /// state \return how many chunks; chunk() gives them until the next call
    [[nodiscard]] std::size_t cut(std::uint64_t degree);
    [[nodiscard]] RoundChunk& chunk(std::size_t i) { return chunks_[i]; }
    /// Calls work(i, worker) for each chunk(i). A thread gets them in the order of their states, so of what it finds
    /// twice it finds first what comes first.
    void each_chunk(const std::function<void(std::size_t, unsigned)>& work);
    /// Stores the successors of this round's states. If there is no memory for them, mid_round() says whether it is as
    /// if none was stored.
    [[nodiscard]] Full take_in();
    /// Whether the states of this round are still to be expanded. Until the round is skipped or the next begins.
    [[nodiscard]] bool mid_round() const { return chunks_in_use_ != 0; }
    /// Ends the round without storing anything.
    void skip();

    /// Whether regroup() is due.
    [[nodiscard]] bool regroup_due() const;
    /// Divides the fields into leaves anew, by what was seen so far, and turns all keys into those that this gives.
    /// Packer and keys are others afterwards.
    [[nodiscard]] Full regroup();

    /// Writes all there is, as it was before this round if mid_round(). Not after release_table().
    void save(ArchiveWriter& to) const;
    /// Reads what was saved into a store of the same fields, to which nothing was added. \return false if there is no
    /// memory; the store is then of no use
    [[nodiscard]] bool load(ArchiveReader& from);

    /// Gives the table back. Nothing can be stored any more.
    void release_table() {
        table_.reset();
        prints_.reset();
    }

 private:
    static constexpr std::uint32_t chunk_states = 256;

    [[nodiscard]] std::vector<std::vector<std::int16_t>> sample_fields();
    [[nodiscard]] Key key_of(const RoundRecord& record) const { return {record.bits >> word_shift_, record.home}; }
    void state_of(const Key& key);
    [[nodiscard]] std::uint64_t records_of(unsigned part) const;
    [[nodiscard]] std::array<bool, CompactTable::groups> groups_to_grow() const;
    void each(Shares& shares, const std::function<void(std::size_t, unsigned)>& work);
    bool store(unsigned part, const RestForm& form);
    bool store_prints(unsigned part);
    void save_table(ArchiveWriter& to) const;
    [[nodiscard]] bool load_table(ArchiveReader& from);
    Full count_fresh();
    void put_in_order(std::size_t number, RoundBuffers& buffers, const KeyFormat& format);
    [[nodiscard]] std::span<const RoundRecord> new_records(std::size_t number, unsigned part) const;
    bool append_new(const KeyFormat& format);
    bool write_new(const KeyFormat& format);
    void begin_packing();
    void begin_keys(Packer packer, std::unique_ptr<StateKeys> keys);
    bool account();

    std::span<const FieldInfo> fields_;
    const SearchOptions& options_;
    MemoryBudget budget_;
    Packer packer_;
    ParallelUnpacker parallel_unpacker_;
    ParallelPacker parallel_packer_;
    WordMixer word_mixer_;
    std::unique_ptr<StateKeys> keys_;
    unsigned word_shift_ = 0;              ///< from RoundRecord::bits to the rest
    std::unique_ptr<CompactTable> table_;  ///< unless approximate()
    std::unique_ptr<SeenPrints> prints_;   ///< if approximate()
    DiscoveryLog log_;
    KeyQueue level_;  ///< states not yet expanded
    KeyQueue next_;   ///< their new successors
    LevelSizes level_sizes_;
    Team team_;
    Shares expanding_;                   ///< chunks
    Shares storing_;                     ///< parts of the table
    Shares ordering_;                    ///< chunks
    std::vector<RoundBuffers> buffers_;  ///< one a thread
    std::vector<RoundChunk> chunks_;
    std::size_t chunks_in_use_ = 0;
    /// By part, of each chunk's records how many are new: those come first. Each row is written by one thread.
    std::array<OwnVector<std::uint32_t>, most_round_parts> new_;
    DiscoveryIndex expanded_ = 0;  ///< states
    DiscoveryIndex beyond_ = 0;    ///< states found over the limit
    std::size_t accounted_ = 0;    ///< bytes of buffers and chunks
    bool regrouped_ = false;
    std::vector<unsigned> groups_;      ///< of each field, if regrouped_
    std::vector<unsigned char> state_;  ///< to unpack to
    std::vector<std::uint64_t> packed_;
};

}  // namespace vmemcheck::checker::detail
