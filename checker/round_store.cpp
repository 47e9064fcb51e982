// SPDX-License-Identifier: MIT
#include "checker/round_store.hpp"

#include <bit>
#include <new>
#include <numeric>
#include <thread>
#include <utility>

#include "checker/field_bytes.hpp"
#include "checker/grouping.hpp"

namespace vmemcheck::checker::detail {

namespace {

unsigned threads_for(const SearchOptions& options) {
    return options.threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : options.threads;
}

/// How states wait that have such keys.
KeyFormat format_of(const Packer& packer, const StateKeys& keys) {
    return keys.plain() ? KeyFormat::of_words(packer.bits()) : KeyFormat(keys.home_bits(), keys.form());
}
/// A state as it waits.
Key in_line(const KeyFormat& format, const Key& key, const std::uint64_t* packed) {
    return format.has_words() ? Key{packed[0], 0} : key;
}

}  // namespace

void RoundRecords::grow() {
    const std::size_t size = this->size();
    // There may be as many as memory for them allows, so little of it is to be free.
    const std::size_t room = std::max<std::size_t>(size + size / 4, 64);
    auto larger = std::make_unique_for_overwrite<RoundRecord[]>(room + written_ahead);
    std::copy_n(all_.get(), size, larger.get());
    all_ = std::move(larger);
    next_ = all_.get() + size;
    end_ = all_.get() + room;
}

std::size_t RoundBuffers::bytes() const {
    std::size_t bytes =
        step_cache + recent_leaves + recent.capacity() * sizeof(Key) + recent_words.capacity() * sizeof(std::uint64_t);
    bytes += fresh.capacity() * sizeof(std::uint64_t);
    bytes += of_transition.capacity() * sizeof(void*);
    for (const RoundRecords& of_part : records) bytes += of_part.bytes();
    return bytes;
}

RoundStore::RoundStore(std::span<const FieldInfo> fields, std::span<const unsigned char> sample,
                       const Coverage& coverage, const SearchOptions& options)
    : fields_(fields),
      options_(options),
      budget_(options.max_memory_bytes, options.disk_folder),
      packer_(fields, sample.size(), StateKeys::most_plain_bits),
      keys_(std::make_unique<StateKeys>(packer_, budget_)),
      log_(budget_),
      level_(budget_),
      next_(budget_),
      team_(threads_for(options)),
      expanding_(team_.size(), Shares::Helps::later),
      storing_(team_.size(), Shares::Helps::all),
      ordering_(team_.size(), Shares::Helps::all),
      buffers_(team_.size()),
      state_(sample.begin(), sample.end()),
      packed_(packer_.words()) {
    begin_packing();
    // Leaves are numbered anew when fields are grouped: until then, states are kept as they are.
    if (options.approximation.any() && keys_->plain()) {
        prints_ = std::make_unique<SeenPrints>(options.approximation, budget_);
    } else {
        table_ = std::make_unique<CompactTable>(keys_->home_bits(), keys_->form(), budget_);
    }
    for (RoundBuffers& buffers : buffers_) {
        buffers.coverage = coverage;
        buffers.beyond = coverage;
        buffers.forget(keys_->plain());
    }
}

RoundStore::Full RoundStore::add_initial(const std::uint64_t* packed, bool& added) {
    added = false;
    if (!(prints_ ? prints_->ready() : table_->ready())) return Full::memory;
    if (options_.max_states != 0 && log_.size() >= options_.max_states) return Full::states;
    Key key;
    if (!keys_->key_of(packed, key)) return Full::memory;
    const unsigned part = prints_ ? 0 : part_of(key);
    if (!prints_ && !table_->set_form(part, keys_->form())) return Full::memory;
    const Segment::Done done = prints_ ? prints_->add(print_of({packed, packer_.words()})) : table_->insert(part, key);
    if (done == Segment::Done::full) return Full::memory;
    if (done == Segment::Done::found) return Full::no;
    const KeyFormat format = format_of(packer_, *keys_);
    std::vector<unsigned char> bytes;
    format.append(bytes, in_line(format, key, packed));
    if (!level_.append(format, bytes)) return Full::memory;
    log_.add_initial(log_.size() + 1);
    added = true;
    return Full::no;
}

bool RoundStore::next_level() {
    if (next_.size() == 0) return false;
    level_.swap(next_);
    level_sizes_.add(level_.size());
    return true;
}

std::size_t RoundStore::cut(std::uint64_t degree) {
    // A third of a byte a state for records, but enough to keep all threads busy. The larger rounds are, the less often
    // storing has what expanding keeps in the caches replaced, and the reverse.
    constexpr std::uint64_t states_per_byte = 3;
    constexpr std::uint64_t least = std::uint64_t{8} * chunk_states;
    constexpr std::uint64_t most = std::uint64_t{256} * chunk_states;
    const std::uint64_t records = log_.size() / (states_per_byte * sizeof(RoundRecord));
    std::uint64_t states = std::clamp(records / std::max<std::uint64_t>(degree, 1), least, most);
    if (budget_.on_disk() != 0) {
        // Each part of the table is read once a round, if it is not in memory: the fewer rounds the better.
        constexpr std::size_t unlimited = std::size_t{1} << 30;
        const std::size_t memory = budget_.limit() == 0 ? unlimited : budget_.limit();
        states = std::max(states, memory / 8 / sizeof(RoundRecord) / std::max<std::uint64_t>(degree, 1));
    }
    states = std::min(states, level_.size());
    // Equal ones, and a number of them that threads can share.
    constexpr std::uint64_t shared_by = 8;
    std::uint64_t chunks = (states + chunk_states - 1) / chunk_states;
    if (chunks > shared_by / 2) chunks = (chunks + shared_by - 1) / shared_by * shared_by;
    const std::uint64_t size = chunks == 0 ? 0 : (states + chunks - 1) / chunks;
    chunks_in_use_ = 0;
    std::uint64_t taken = 0;
    while (taken < states) {
        if (chunks_in_use_ == chunks_.size()) chunks_.emplace_back();
        RoundChunk& chunk = chunks_[chunks_in_use_++];
        chunk.states = level_.run(taken, static_cast<std::uint32_t>(std::min(size, states - taken)));
        chunk.first = expanded_ + taken;
        taken += chunk.states.count;
    }
    for (auto& of_part : new_) of_part.assign(chunks_in_use_, 0);
    return chunks_in_use_;
}

void RoundStore::each_chunk(const std::function<void(std::size_t, unsigned)>& work) {
    expanding_.divide(chunks_in_use_);
    each(expanding_, work);
}

/// Calls work(i, worker) for what was divided; not on all threads if there are few chunks in this round.
void RoundStore::each(Shares& shares, const std::function<void(std::size_t, unsigned)>& work) {
    std::atomic<bool> failed{false};
    const std::function<void(unsigned)> help = [&](unsigned worker) {
        try {
            shares.do_share(worker, [&](std::size_t i) { work(i, worker); });
        } catch (const std::bad_alloc&) {
            failed.store(true, std::memory_order_relaxed);
        }
    };
    if (chunks_in_use_ < 2 * std::size_t{team_.size()}) {
        help(0);
    } else {
        team_.run(help);
        shares.learn();
    }
    if (failed) throw std::bad_alloc();
}

RoundStore::Full RoundStore::take_in() {
    keys_->settle();
    const KeyFormat format = format_of(packer_, *keys_);
    const RestForm form = keys_->form();
    std::atomic<bool> full{false};
    if (table_) table_->grow_by(fifths_to_grow_by(level_sizes_.trend(), budget_));
    const auto grow = groups_to_grow();
    // Those of a share that grow come first: nobody is to wait for one that is begun last.
    std::array<std::uint8_t, most_round_parts> order{};
    std::iota(order.begin(), order.end(), std::uint8_t{0});
    storing_.divide(parts());
    storing_.for_each([&](std::size_t begin, std::size_t end) {
        std::stable_partition(order.begin() + static_cast<std::ptrdiff_t>(begin),
                              order.begin() + static_cast<std::ptrdiff_t>(end),
                              [&](unsigned part) { return grow[CompactTable::group_of(part)]; });
    });
    each(storing_, [&](std::size_t i, unsigned) {
        const unsigned part = order[i];
        if (grow[CompactTable::group_of(part)]) table_->grow_early(part);
        if (!(prints_ ? store_prints(part) : store(part, form))) full.store(true, std::memory_order_relaxed);
    });
    if (full) return Full::memory;
    const Full states = count_fresh();
    if (!append_new(format)) return Full::memory;
    skip();
    return account() ? states : Full::memory;
}

/// Adds the new states to the next level and the log: all, or none.
bool RoundStore::append_new(const KeyFormat& format) {
    const DiscoveryLog::End end = log_.end();
    const std::uint64_t waiting = next_.size();
    try {
        if (write_new(format)) return true;
    } catch (const std::bad_alloc&) {
        // as without memory
    }
    next_.cut_to(waiting);
    log_.back_to(end);
    beyond_ = 0;
    return false;
}

/// append_new(), or a part of it, which is to be undone.
bool RoundStore::write_new(const KeyFormat& format) {
    for (std::size_t i = 0; i < chunks_in_use_; ++i) {
        if (!next_.extend(format, chunks_[i].fresh, chunks_[i].keys)) return false;
    }
    ordering_.divide(chunks_in_use_);
    each(ordering_, [&](std::size_t i, unsigned worker) { put_in_order(i, buffers_[worker], format); });
    for (std::size_t i = 0; i < chunks_in_use_; ++i) {
        if (!log_.append(chunks_[i].log)) return false;
    }
    return true;
}

void RoundStore::skip() {
    std::uint64_t states = 0;
    for (std::size_t i = 0; i < chunks_in_use_; ++i) states += chunks_[i].states.count;
    level_.pop(states);
    expanded_ += states;
    chunks_in_use_ = 0;
    for (RoundBuffers& buffers : buffers_) {
        for (RoundRecords& records : buffers.records) records.clear();
    }
}

std::uint64_t RoundStore::records_of(unsigned part) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < chunks_in_use_; ++i) count += chunks_[i].count[part];
    return count;
}

/// Groups of which a segment will grow in this round: the others had better do so at the same time, each by a thread.
std::array<bool, CompactTable::groups> RoundStore::groups_to_grow() const {
    constexpr std::uint64_t records_a_new_state = 4;
    std::array<bool, CompactTable::groups> grow{};
    if (prints_) return grow;
    for (unsigned part = 0; part < parts(); ++part) {
        if (table_->is_full(part, records_of(part) / records_a_new_state)) grow[CompactTable::group_of(part)] = true;
    }
    return grow;
}

/// Of a chunk's records for a part those that were added.
std::span<const RoundRecord> RoundStore::new_records(std::size_t number, unsigned part) const {
    const RoundChunk& chunk = chunks_[number];
    return {buffers_[chunk.worker].records[part].data() + chunk.begin[part], new_[part][number]};
}

/// Adds what belongs to a part of the table; of each chunk's records those that were added come first then.
bool RoundStore::store(unsigned part, const RestForm& form) {
    CompactTable& table = *table_;
    bool full = !table.set_form(part, form);
    const auto records_in = [&](std::size_t i) -> std::span<RoundRecord> {
        const RoundChunk& chunk = chunks_[i];
        return {buffers_[chunk.worker].records[part].data() + chunk.begin[part], chunk.count[part]};
    };
    // So many records ahead, over the ends of chunks: waiting anew for each chunk's first ones took a fifth of the
    // time.
    constexpr unsigned ahead = 16;
    std::span<const RoundRecord> coming;
    std::size_t next_chunk = 0;
    const auto fetch = [&] {
        while (coming.empty()) {
            if (next_chunk == chunks_in_use_) return;
            coming = records_in(next_chunk++);
        }
        table.prefetch(part, coming.front().home);
        coming = coming.subspan(1);
    };
    for (unsigned i = 0; i < ahead; ++i) fetch();
    for (std::size_t i = 0; i < chunks_in_use_; ++i) {
        const std::span<RoundRecord> records = records_in(i);
        std::uint32_t fresh = 0;
        for (std::size_t r = 0; r < records.size() && !full; ++r) {
            fetch();
            const Segment::Done done = table.insert(part, key_of(records[r]));
            if (done == Segment::Done::added) records[fresh++] = records[r];
            full = done == Segment::Done::full;
        }
        new_[part][i] = fresh;
    }
    return !full;
}

/// store() of an approximate search.
bool RoundStore::store_prints(unsigned part) {
    constexpr std::uint32_t ahead = 16;
    bool full = false;
    for (std::size_t i = 0; i < chunks_in_use_; ++i) {
        const RoundChunk& chunk = chunks_[i];
        RoundRecords& all = buffers_[chunk.worker].records[part];
        RoundRecord* const records = all.data() + chunk.begin[part];
        std::uint64_t* const prints = all.prints() + chunk.begin[part];
        const std::uint32_t count = full ? 0 : chunk.count[part];
        std::uint32_t fresh = 0;
        for (std::uint32_t r = 0; r < count && !full; ++r) {
            if (r + ahead < count) prints_->prefetch(prints[r + ahead]);
            const Segment::Done done = prints_->add(prints[r]);
            full = done == Segment::Done::full;
            if (done != Segment::Done::added) continue;
            records[fresh] = records[r];
            prints[fresh++] = prints[r];
        }
        new_[part][i] = fresh;
    }
    return !full;
}

/// Counts the new states of each chunk, and looks after the limit.
RoundStore::Full RoundStore::count_fresh() {
    const std::uint64_t room = options_.max_states == 0 ? ~std::uint64_t{0} : options_.max_states - log_.size();
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < chunks_in_use_; ++i) {
        RoundChunk& chunk = chunks_[i];
        chunk.fresh = 0;
        for (unsigned part = 0; part < parts(); ++part) chunk.fresh += new_[part][i];
        chunk.kept = static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk.fresh, room - std::min(room, all)));
        all += chunk.fresh;
    }
    beyond_ = all - std::min(room, all);
    return all > room ? Full::states : Full::no;
}

void RoundStore::put_in_order(std::size_t number, RoundBuffers& buffers, const KeyFormat& format) {
    RoundChunk& chunk = chunks_[number];
    constexpr std::uint32_t word_bits = 64;
    const std::size_t words = (chunk.transitions + word_bits - 1) / word_bits;
    if (buffers.fresh.size() < words) buffers.fresh.resize(words);
    if (buffers.of_transition.size() < chunk.transitions) buffers.of_transition.resize(chunk.transitions);
    std::uint64_t* const fresh = buffers.fresh.data();
    const RoundRecord** const of_transition = buffers.of_transition.data();
    for (unsigned part = 0; part < parts(); ++part) {
        for (const RoundRecord& record : new_records(number, part)) {
            const std::uint32_t transition = record.transition;
            fresh[transition / word_bits] |= std::uint64_t{1} << (transition % word_bits);
            of_transition[transition] = &record;
        }
    }
    chunk.log.clear();
    unsigned char* key = chunk.keys.at;
    std::uint32_t kept = chunk.kept;
    const std::span<const std::uint32_t> starts = chunk.starts;  // where it is does not change as bytes are written
    std::size_t state = 0;
    for (std::size_t word = 0; word < words; ++word) {
        for (std::uint64_t left = std::exchange(fresh[word], 0); left != 0; left &= left - 1) {
            const auto transition =
                static_cast<std::uint32_t>(word * word_bits) + static_cast<std::uint32_t>(std::countr_zero(left));
            const RoundRecord& record = *of_transition[transition];
            while (state + 1 < starts.size() && starts[state + 1] <= transition) ++state;
            chunk.log.add(chunk.first + state, transition - starts[state]);
            (kept != 0 ? buffers.coverage : buffers.beyond).new_state(chunk.steps[transition]);
            kept -= kept != 0 ? 1 : 0;
            if (key == chunk.keys.end) [[unlikely]]
                key = chunk.keys.go_on;
            format.write(key, {record.bits, record.home});
            key += format.bytes();
        }
    }
}

/// Takes what buffers and chunks have grown by from the budget.
bool RoundStore::account() {
    std::size_t bytes = 0;
    for (const RoundBuffers& buffers : buffers_) bytes += buffers.bytes();
    for (const auto& of_part : new_) bytes += of_part.capacity() * sizeof(std::uint32_t);
    for (const RoundChunk& chunk : chunks_) {
        bytes += sizeof(RoundChunk) + chunk.starts.capacity() * sizeof(std::uint32_t) +
                 chunk.steps.capacity() * sizeof(StepId) + chunk.log.bytes();
    }
    if (bytes <= accounted_) return true;
    if (!budget_.take(bytes - accounted_)) return false;
    accounted_ = bytes;
    return true;
}

bool RoundStore::regroup_due() const {
    return !regrouped_ && !keys_->plain() && log_.size() >= options_.regroup_states;
}

/// Unpacks a state to state_.
void RoundStore::state_of(const Key& key) {
    keys_->packed_of(key, packed_.data());
    packer_.unpack_bytes(packed_.data(), state_.data());
}

/// Of each field, its values in some of the states that wait.
std::vector<std::vector<std::int16_t>> RoundStore::sample_fields() {
    constexpr std::uint64_t wanted = 1024;
    std::vector<std::vector<std::int16_t>> values(fields_.size());
    const std::uint64_t stride = std::max<std::uint64_t>(1, waiting() / wanted);
    for (const KeyQueue* queue : {&level_, &next_}) {
        for (std::uint64_t i = 0; i < queue->size(); i += stride) {
            state_of(queue->run(i, 1)[0]);
            for (std::size_t number = 0; number < values.size(); ++number) {
                const FieldInfo& field = fields_[number];
                values[number].push_back(
                    static_cast<std::int16_t>(load_field(state_.data(), field.offset, field.size)));
            }
        }
    }
    return values;
}

RoundStore::Full RoundStore::regroup() {
    regrouped_ = true;
    std::vector<unsigned> bits;
    for (const FieldInfo& field : fields_) bits.push_back(width_of(field));
    groups_ = group_fields(sample_fields(), bits, StateKeys::most_leaves);
    Packer packer(fields_, state_.size(), groups_);
    auto keys = std::make_unique<StateKeys>(packer, budget_);
    std::vector<std::uint64_t> repacked(packer.words());
    bool full = false;
    const auto new_key = [&](const Key& old) {
        state_of(old);
        Key key;
        // It was packed before, so it is in bounds.
        static_cast<void>(packer.pack_bytes(state_.data(), repacked.data()));
        if (!keys->key_of(repacked.data(), key)) full = true;
        return key;
    };
    // All numbers are given before anything is written, so that the form does not change meanwhile.
    for (unsigned part = 0; part < table_->parts(); ++part) table_->for_each(part, new_key);
    std::unique_ptr<CompactTable> table;
    std::unique_ptr<SeenPrints> prints;
    if (options_.approximation.any()) {
        prints = std::make_unique<SeenPrints>(options_.approximation, budget_);
        full = full || !prints->ready();
    } else {
        table = std::make_unique<CompactTable>(keys->home_bits(), keys->form(), budget_);
        full = full || !table->ready();
    }
    for (unsigned part = 0; part < table_->parts() && !full; ++part) {
        table_->for_each(part, [&](const Key& old) {
            const Key key = new_key(old);
            const Segment::Done done =
                prints ? prints->add(print_of(repacked)) : table->insert(table->part_of(key.home), key);
            full = full || done == Segment::Done::full;
        });
    }
    const KeyFormat format = format_of(packer, *keys);
    for (KeyQueue* queue : {&level_, &next_}) {
        KeyQueue rewritten(budget_);
        std::vector<unsigned char> bytes;
        while (queue->size() != 0 && !full) {
            const KeyQueue::Run run = queue->run(0, chunk_states);
            bytes.clear();
            for (std::uint32_t i = 0; i < run.count; ++i) {
                const Key key = new_key(run[i]);
                format.append(bytes, in_line(format, key, repacked.data()));
            }
            full = full || !rewritten.append(format, bytes);
            queue->pop(run.count);
        }
        queue->swap(rewritten);
    }
    if (full) return Full::memory;
    table_ = std::move(table);
    prints_ = std::move(prints);
    begin_keys(std::move(packer), std::move(keys));
    return Full::no;
}

void RoundStore::begin_packing() {
    word_shift_ = keys_->plain() ? keys_->home_bits() : 0;
    if (keys_->plain()) word_mixer_ = WordMixer(keys_->mixer(), keys_->home_bits(), options_.parallel_packing);
    if (!options_.parallel_packing) return;
    parallel_unpacker_ = ParallelUnpacker(packer_, state_);
    parallel_packer_ = ParallelPacker(packer_, state_.size());
}

void RoundStore::begin_keys(Packer packer, std::unique_ptr<StateKeys> keys) {
    packer_ = std::move(packer);
    keys_ = std::move(keys);
    packed_.resize(packer_.words());
    begin_packing();
    for (RoundBuffers& buffers : buffers_) buffers.forget(keys_->plain());
}

void RoundStore::save(ArchiveWriter& to) const {
    to.value(regrouped_);
    to.list(std::span(groups_));
    keys_->save(to);
    save_table(to);
    log_.save(to);
    level_.save(to);
    next_.save(to);
    to.value(expanded_);
}

void RoundStore::save_table(ArchiveWriter& to) const {
    // Added by the round that is to be made again.
    std::vector<Key> added;
    std::vector<std::uint64_t> prints;
    for (unsigned part = 0; part < parts(); ++part) {
        added.clear();
        prints.clear();
        for (std::size_t i = 0; i < chunks_in_use_; ++i) {
            const std::span<const RoundRecord> records = new_records(i, part);
            if (prints_) {
                const std::uint64_t* const first =
                    buffers_[chunks_[i].worker].records[part].prints() + chunks_[i].begin[part];
                prints.insert(prints.end(), first, first + records.size());
            } else {
                for (const RoundRecord& record : records) added.push_back(key_of(record));
            }
        }
        if (prints_) {
            prints_->save(to, part, prints);
        } else {
            table_->save(to, part, added);
        }
    }
    if (prints_) prints_->save_rest(to);
}

bool RoundStore::load_table(ArchiveReader& from) {
    if (prints_) return prints_->ready() && prints_->load(from);
    if (!table_->ready()) return false;
    for (unsigned part = 0; part < table_->parts(); ++part) {
        if (!table_->load(from, part)) return false;
    }
    return true;
}

bool RoundStore::load(ArchiveReader& from) {
    regrouped_ = from.value<bool>();
    groups_ = from.list<unsigned>();
    if (!groups_.empty()) {
        from.require(groups_.size() == fields_.size() &&
                         *std::max_element(groups_.begin(), groups_.end()) < StateKeys::most_leaves,
                     "the groups of fields are wrong");
        Packer packer(fields_, state_.size(), groups_);
        auto keys = std::make_unique<StateKeys>(packer, budget_);
        table_.reset();
        if (options_.approximation.any()) {
            prints_ = std::make_unique<SeenPrints>(options_.approximation, budget_);
        } else {
            table_ = std::make_unique<CompactTable>(keys->home_bits(), keys->form(), budget_);
        }
        begin_keys(std::move(packer), std::move(keys));
    }
    if (!keys_->load(from) || !load_table(from)) return false;
    if (!log_.load(from) || !level_.load(from, keys_->plain()) || !next_.load(from, keys_->plain())) return false;
    expanded_ = from.value<DiscoveryIndex>();
    from.require((prints_ || table_->size() == log_.size()) && expanded_ + waiting() == log_.size(),
                 "the number of states is wrong");
    return true;
}

}  // namespace vmemcheck::checker::detail
