// SPDX-License-Identifier: MIT
#include "cli/certificate.hpp"

#include <boost/crc.hpp>

#include "checker/layout.hpp"
#include "cli/certify/format.hpp"
#include "cli/config_text.hpp"
#include "cli/files.hpp"

namespace vmemcheck::cli {

namespace {

void append(std::string& bytes, std::uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xffU);
}

std::string header(const Bbm& model, const std::vector<Property>& properties, const checker::StoredStates& states) {
    Json object;
    object["vmemcheck"] = VMEMCHECK_VERSION;
    object["model"] = model_name;
    put_config(object, model.config());
    object["properties"] = certified_ids(properties);
    const checker::Layout layout = checker::layout_of(model, model.initial_state(0));
    Json fields = Json::array();
    for (const checker::FieldInfo& field : layout.fields()) {
        fields.push_back({{"name", field.name}, {"low", field.low}, {"high", field.high}});
    }
    object["fields"] = std::move(fields);
    object["words"] = states.words;
    object["states"] = states.count;
    return object.dump();
}

}  // namespace

std::vector<std::string> certified_ids(const std::vector<Property>& properties) {
    using checker::PropertyKind;
    std::vector<std::string> ids;
    for (const Property& property : properties) {
        const bool safety = property.kind == PropertyKind::invariant || property.kind == PropertyKind::assertion ||
                            property.kind == PropertyKind::transition;
        if (safety) ids.push_back(property.id);
    }
    return ids;
}

void write_certificate(const std::string& path, const Bbm& model, const std::vector<Property>& properties,
                       const checker::StoredStates& states) {
    constexpr std::size_t piece = std::size_t{1} << 20;
    write_pieces(path, [&](const auto& put) {
        boost::crc_32_type checksum;
        std::string bytes;
        const auto flush = [&] {
            checksum.process_bytes(bytes.data(), bytes.size());
            put(bytes);
            bytes.clear();
        };
        const std::string json = header(model, properties, states);
        bytes = certify::magic;
        append(bytes, certify::version);
        append(bytes, static_cast<std::uint32_t>(json.size()));
        bytes += json;
        for (std::uint64_t i = 0; i < states.count; ++i) {
            const std::uint32_t* const packed = states.packed(i);
            for (unsigned word = 0; word < states.words; ++word) append(bytes, packed[word]);
            if (bytes.size() >= piece) flush();
        }
        flush();
        append(bytes, checksum.checksum());
        put(bytes);
    });
}

}  // namespace vmemcheck::cli
