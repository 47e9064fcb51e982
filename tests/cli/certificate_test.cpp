// SPDX-License-Identifier: MIT
#include <boost/crc.hpp>

#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

/// A certificate taken apart, to be altered and put together again with a right checksum.
struct Parts {
    std::string header;
    std::string states;
    std::size_t state_bytes = 0;
};

class Certificate : public Cli {
 protected:
    static constexpr std::size_t prefix = 16;  ///< magic, version, length of the header

    [[nodiscard]] Outcome certify(const std::string& name) const {
        const auto program = std::filesystem::path(VMEMCHECK_CLI).parent_path() / "vmemcheck-certify";
        return shell("'" + program.string() + "' " + name);
    }
    void make(const std::string& arguments) const {
        const Outcome outcome = run("check --certificate c --save none" + arguments);
        ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
        ASSERT_TRUE(has(outcome.out, "vmemcheck-certify c")) << outcome.out;
    }
    [[nodiscard]] Parts parts() const {
        const std::string bytes = read("c");
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
        const std::size_t length = byte(12) | byte(13) << 8 | byte(14) << 16;
        Parts parts;
        parts.header = bytes.substr(prefix, length);
        parts.states = bytes.substr(prefix + length, bytes.size() - prefix - length - 4);
        parts.state_bytes = Json::parse(parts.header)["words"].get<std::size_t>() * 4;
        return parts;
    }
    void put(const std::string& name, const Parts& parts, Json header) const {
        header["states"] = parts.states.size() / parts.state_bytes;
        const std::string json = header.dump();
        std::string bytes = read("c").substr(0, 12) + word(json.size()) + json + parts.states;
        boost::crc_32_type checksum;
        checksum.process_bytes(bytes.data(), bytes.size());
        write(name, bytes + word(checksum.checksum()));
    }
    void refuted(const std::string& name, const std::string& words) const {
        const Outcome outcome = certify(name);
        EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
        EXPECT_TRUE(has(outcome.out, "REFUTED: ")) << outcome.out;
        EXPECT_TRUE(has(outcome.out, words)) << outcome.out;
    }
    void no_certificate(const std::string& name, const std::string& words) const {
        const Outcome outcome = certify(name);
        EXPECT_EQ(outcome.code, 2) << outcome.out << outcome.err;
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(has(outcome.err, words)) << outcome.err;
    }

 private:
    static std::string word(std::size_t value) {
        std::string bytes;
        for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xffU);
        return bytes;
    }
};

TEST_F(Certificate, IsConfirmedUnlessStatesAreMissingOrChanged) {
    make(tiny);
    const Outcome outcome = certify("c");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(has(outcome.out, "confirmed: linux-6.12")) << outcome.out;

    const Parts whole = parts();
    const Json header = Json::parse(whole.header);
    put("same", whole, header);
    EXPECT_EQ(read("same"), read("c"));

    Parts altered = whole;
    altered.states.erase(0, whole.state_bytes);
    put("first", altered, header);
    refuted("first", "initial state is not in the set");
    altered = whole;
    altered.states.erase(whole.states.size() - whole.state_bytes);
    put("last", altered, header);
    refuted("last", "leads out of the set");
    altered = whole;
    altered.states[whole.states.size() / whole.state_bytes / 2 * whole.state_bytes] ^= 1;
    put("changed", altered, header);
    refuted("changed", "state ");
    altered = whole;
    altered.states[whole.state_bytes - 1] = static_cast<char>(0xff);
    put("bounds", altered, header);
    refuted("bounds", "");

    Json other = header;
    other["mutant"] = "raw-offline-errors";
    put("mutant", whole, other);
    refuted("mutant", "leads out of the set");
    other = header;
    other["fields"][0]["high"] = 100;
    put("fields", whole, other);
    no_certificate("fields", "not the model's field");
}

TEST_F(Certificate, IsRefutedIfAPropertyIsViolated) {
    const std::string scope = tiny + " --release linux-6.1";
    make(scope + " --property counts-consistent");
    EXPECT_EQ(certify("c").code, 0);
    const Parts whole = parts();
    Json header = Json::parse(whole.header);
    EXPECT_EQ(header["properties"], Json::array({"counts-consistent"}));
    header["properties"] = {"not-broken"};
    put("violated", whole, header);
    refuted("violated", "violates not-broken");
    header["properties"] = {"no-such-property"};
    put("unknown", whole, header);
    no_certificate("unknown", "/properties/0");
}

TEST_F(Certificate, IsNotWrittenUnlessAllHoldsOfAllStates) {
    EXPECT_EQ(run(violation + " --certificate c --save none").code, 1);
    const Outcome cut = run("check --max-states 100 --certificate c" + tiny);
    EXPECT_EQ(cut.code, 3);
    EXPECT_TRUE(has(cut.err, "no certificate written")) << cut.err;
    EXPECT_FALSE(std::filesystem::exists(path("c")));
    refused("check --certificate none/c" + tiny, {"none/c"});
}

TEST_F(Certificate, OfAnotherKindOrDamagedIsRefused) {
    make(tiny);
    const std::string bytes = read("c");
    write("foreign", "{}");
    no_certificate("foreign", "no certificate of vmemcheck");
    write("cut", bytes.substr(0, bytes.size() - 10));
    no_certificate("cut", "truncated");
    write("longer", bytes + "x");
    no_certificate("longer", "truncated, or has more");
    std::string changed = bytes;
    changed[changed.size() / 2] ^= 1;
    write("changed", changed);
    no_certificate("changed", "checksum");
    changed = bytes;
    changed[8] = 9;
    write("version", changed);
    no_certificate("version", "version is 9");
    no_certificate("absent", "absent");
}

}  // namespace
}  // namespace vmemcheck::test
