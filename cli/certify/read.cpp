// SPDX-License-Identifier: MIT
#include "cli/certify/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/certify/format.hpp"
#include "cli/config_read.hpp"
#include "cli/text.hpp"
#include "spec/properties.hpp"

namespace vmemcheck::certify {

namespace {

using cli::JsonPlace;
using cli::UserError;

/// A header has some ten thousand bytes; the states are bounded by the size of the file.
constexpr std::uint32_t max_header_bytes = 1U << 20;

/// A file read from its beginning to its end, with its checksum.
class Input {
 public:
    explicit Input(const std::string& path) : path_(path), file_(path, std::ios::binary | std::ios::ate) {
        if (!file_) throw UserError(fmt::format("cannot read {}: {}", cli::quote(path), std::strerror(errno)));
        const auto size = file_.tellg();
        if (size < 0) fail("it has no size");
        left_ = static_cast<std::uint64_t>(size);
        file_.seekg(0);
    }

    [[noreturn]] void fail(const std::string& problem) const {
        throw UserError(fmt::format("cannot use {}: {}", cli::quote(path_), problem));
    }
    [[nodiscard]] std::uint64_t left() const { return left_; }
    [[nodiscard]] std::uint32_t checksum() const { return checksum_.checksum(); }

    void read(void* place, std::size_t bytes) {
        if (bytes > left_) fail("it is truncated");
        file_.read(static_cast<char*>(place), static_cast<std::streamsize>(bytes));
        if (!file_) fail("it cannot be read to its end");
        left_ -= bytes;
        checksum_.process_bytes(place, bytes);
    }
    [[nodiscard]] std::uint32_t word() {
        std::uint32_t value = 0;
        words(&value, 1);
        return value;
    }
    void words(std::uint32_t* place, std::size_t count) {
        read(place, count * sizeof *place);
        for (std::size_t i = 0; i < count; ++i) {
            unsigned char bytes[sizeof *place];
            std::memcpy(bytes, place + i, sizeof bytes);
            place[i] = 0;
            for (unsigned byte = sizeof bytes; byte-- > 0;) place[i] = place[i] << 8 | bytes[byte];
        }
    }

 private:
    std::string path_;
    std::ifstream file_;
    std::uint64_t left_ = 0;
    boost::crc_32_type checksum_;
};

/// The fields are the model's: in another version of the model the same bits mean something else.
void require_fields(const JsonPlace& place, const std::vector<checker::FieldInfo>& fields) {
    const std::vector<JsonPlace> elements = place.elements();
    if (elements.size() != fields.size()) {
        place.fail(fmt::format("{} fields, but the model has {}", elements.size(), fields.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        elements[i].allow({"name", "low", "high"});
        if (elements[i].at("name").text() != fields[i].name || elements[i].at("low").number() != fields[i].low ||
            elements[i].at("high").number() != fields[i].high) {
            elements[i].fail(
                fmt::format("not the model's field {} of {} to {}", fields[i].name, fields[i].low, fields[i].high));
        }
    }
}

}  // namespace

Claim read_claim(const std::string& path) {
    Input input(path);
    std::string magic_read(magic.size(), '\0');
    if (input.left() < magic.size()) input.fail("it is no certificate of vmemcheck");
    input.read(magic_read.data(), magic_read.size());
    if (magic_read != magic) input.fail("it is no certificate of vmemcheck");
    if (const std::uint32_t found = input.word(); found != version) {
        input.fail(fmt::format("its version is {}; version {} is read", found, version));
    }
    const std::uint32_t bytes = input.word();
    if (bytes > max_header_bytes) input.fail("its header is too long");
    std::string json(bytes, '\0');
    input.read(json.data(), json.size());

    const cli::Json parsed = cli::parse_json(path, json);
    const JsonPlace header(path, parsed);
    Claim claim;
    if (header.at("model").text() != cli::model_name) header.at("model").fail("not this model");
    claim.config = cli::read_config(header);
    if (const auto why = bbm::problem(claim.config.scope)) header.at("scope").fail(*why);
    const std::vector<checker::FieldInfo> fields = fields_of(claim.config);
    require_fields(header.at("fields"), fields);
    const auto known = bbm::spec::properties(claim.config);
    for (const JsonPlace& id : header.at("properties").elements()) {
        claim.properties.push_back(id.text());
        const auto* const property = cli::find_property(known, claim.properties.back());
        using checker::PropertyKind;
        if (property == nullptr ||
            (property->kind != PropertyKind::invariant && property->kind != PropertyKind::assertion &&
             property->kind != PropertyKind::transition)) {
            id.fail("not an invariant, assertion or transition property");
        }
    }
    claim.words = words_for(fields);
    if (header.at("words").number() != static_cast<int>(claim.words)) header.at("words").fail("not as the fields need");
    const JsonPlace count = header.at("states");
    if (!count.value().is_number_unsigned()) count.fail("must be a number");
    const auto states = count.value().get<std::uint64_t>();
    const std::uint64_t state_bytes = std::uint64_t{claim.words} * sizeof(std::uint32_t);
    if (input.left() < sizeof(std::uint32_t) || states != (input.left() - sizeof(std::uint32_t)) / state_bytes ||
        (input.left() - sizeof(std::uint32_t)) % state_bytes != 0) {
        input.fail("it is truncated, or has more than its states");
    }
    if (states >= 0xffffffffU) count.fail("more than 2^32 - 2");
    claim.states.resize(states * claim.words);
    input.words(claim.states.data(), claim.states.size());
    const std::uint32_t expected = input.checksum();
    if (input.word() != expected) input.fail("its checksum is wrong: it was changed");
    return claim;
}

}  // namespace vmemcheck::certify
