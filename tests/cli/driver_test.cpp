// SPDX-License-Identifier: MIT
// The real driver under the checker: what is found in Debian's sources, and in copies with a fault put in.
#include "tests/cli/run.hpp"

namespace vmemcheck::test {
namespace {

const std::string reference_taken_again = "page_ref_inc(pfn_to_page(pfn + i));";

class DriverTest : public Cli {
 protected:
    void SetUp() override {
        Cli::SetUp();
        if (kernel_source("6.1").empty() || kernel_source("6.12").empty()) {
            GTEST_SKIP() << "no kernel sources: './run kernel' gets them";
        }
    }

    [[nodiscard]] Outcome driver(const std::string& version, const std::string& flags) const {
        return run("driver --source '" + kernel_source(version).string() + "' " + flags);
    }
    /// Violated properties, in the order they were found.
    [[nodiscard]] std::vector<std::string> violated(const std::string& version, const std::string& flags) const {
        const Outcome outcome = driver(version, flags + " --json result.json --save none");
        EXPECT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.err << outcome.out;
        std::vector<std::string> ids;
        const Json result = json("result.json");
        EXPECT_TRUE(result["complete"].get<bool>());
        for (const Json& violation : result["violations"]) ids.push_back(violation["property"]);
        EXPECT_EQ(outcome.code, ids.empty() ? 0 : 1);
        return ids;
    }

    /// A copy of a source with one fault put in, as "tree" in the folder.
    void fault(const std::string& version, const std::string& before, const std::string& after) const {
        std::string text = content(kernel_source(version) / "drivers/virtio/virtio_mem.c");
        const std::size_t at = text.find(before);
        ASSERT_NE(at, std::string::npos) << before;
        ASSERT_EQ(text.find(before, at + 1), std::string::npos) << before;
        text.replace(at, before.size(), after);
        std::filesystem::create_directories(path("tree/drivers/virtio"));
        std::filesystem::create_directories(path("tree/include/uapi/linux"));
        write("tree/drivers/virtio/virtio_mem.c", text);
        write("tree/include/uapi/linux/virtio_mem.h",
              content(kernel_source(version) / "include/uapi/linux/virtio_mem.h"));
    }
    [[nodiscard]] Outcome faulty(const std::string& flags) const {
        return run("driver --source tree --save none " + flags);
    }
    /// Puts a fault into linux-6.12, and expects it to be found.
    void finds(const std::string& property, const std::string& before, const std::string& after,
               const std::string& flags) const {
        fault("6.12", before, after);
        const Outcome outcome = faulty(flags);
        EXPECT_EQ(outcome.code, 1) << outcome.err;
        EXPECT_TRUE(has(outcome.out, "VIOLATED " + property)) << outcome.out;
    }

    /// The runs of tests/regressions that the machine can be asked for, as "run-RELEASE-NAME.json" in the folder. All
    /// stand for the driver's five tries of alloc_contig_range(), though they were looked for with fewer: each replays
    /// with five.
    std::vector<std::string> runs_to_follow(const std::string& release) const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(VMEMCHECK_SOURCE_DIR "/tests/regressions")) {
            const std::string name = entry.path().filename().string();
            if (!name.starts_with(release + "-") || !name.ends_with(".json")) continue;
            Json run = Json::parse(content(entry.path()));
            if (!run["mutant"].is_null() || run.contains("eject")) continue;
            if (run["scope"]["threshold"] != 0) continue;  // a bound of its own, which no size of memory blocks gives
            run["scope"]["contig_tries"] = 5;
            names.push_back("run-" + name);
            std::ofstream(path(names.back())) << run.dump(2);
        }
        std::sort(names.begin(), names.end());
        return names;
    }
};

bool contains(const std::vector<std::string>& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The known findings of Debian's sources, and nothing else.
TEST_F(DriverTest, SlowFindsInSafeModeWhatIsKnown) {
    const auto v6_12 = violated("6.12", "--deviations 2");
    EXPECT_EQ(v6_12.size(), 2U);
    EXPECT_TRUE(contains(v6_12, "offlining-ends"));  // the stolen isolation
    EXPECT_TRUE(contains(v6_12, "removal-ends"));
    const auto v6_1 = violated("6.1", "--deviations 2");
    EXPECT_EQ(v6_1.size(), 3U);
    EXPECT_TRUE(contains(v6_1, "offlining-ends"));
    EXPECT_TRUE(contains(v6_1, "removal-ends"));
    EXPECT_TRUE(contains(v6_1, "not-broken"));
}

TEST_F(DriverTest, SlowNoSafetyViolationInSafeModeWithOneDeviation) {
    EXPECT_TRUE(violated("6.12", "--deviations 1 --property safety").empty());
    EXPECT_EQ(violated("6.1", "--deviations 1 --property safety"), std::vector<std::string>{"not-broken"});
}

TEST_F(DriverTest, SlowFindsTheEndlessLoopOfTheUnsafeWay) {
    EXPECT_TRUE(contains(violated("6.1", "--safe-unplug off --eternal-pins --deviations 2"), "offlining-ends"));
}

TEST_F(DriverTest, SlowFindsTheLostWakeUp) {
    for (const char* version : {"6.1", "6.12"}) {
        EXPECT_TRUE(contains(violated(version,
                                      "--auto-online off --threshold-bites --big-blocks 3 --memory-blocks 1"
                                      " --removals 0 --deviations 2 --property target-reached"),
                             "target-reached"))
            << version;
    }
}

TEST_F(DriverTest, SlowNoSafetyViolationInSubBlockModeWithOneDeviation) {
    EXPECT_TRUE(violated("6.12", "--driver-mode sbm --deviations 1 --property safety").empty());
}

// Under the sanitizers the driver's own accesses are AddressSanitizer's business.
TEST_F(DriverTest, SlowRunsInBothModes) {
    for (const char* version : {"6.1", "6.12"}) {
        EXPECT_TRUE(violated(version, "--deviations 0").empty()) << version;
        EXPECT_TRUE(violated(version, "--driver-mode sbm --deviations 0").empty()) << version;
        const Outcome walks = driver(version, "--mode random --runs 25 --property safety --save none");
        EXPECT_TRUE(walks.code == 0 || has(walks.out, "VIOLATED not-broken")) << walks.out << walks.err;
    }
}

TEST_F(DriverTest, SlowSavesARunThatViolatesAgainOnlyWhereTheBugIs) {
    ASSERT_EQ(driver("6.1", "--deviations 1 --property not-broken").code, 1);
    const std::string file = "vmemcheck-driver-not-broken-linux-6.1.json";
    // The file tells the release, if nobody else does.
    const Outcome again = shell("export VMEMCHECK_KERNELS='" + kernel_source("6.1").parent_path().string() +
                                "'; vmemcheck driver --replay " + file);
    EXPECT_EQ(again.code, 0) << again.out << again.err;
    EXPECT_TRUE(has(again.out, "core MM as of linux-6.1\n")) << again.out;
    EXPECT_TRUE(has(again.out, "VIOLATED not-broken again"));
    // 6.12 has it mended, and is run with its own core MM: nothing else is wrong there either.
    const Outcome mended = driver("6.12", "--replay " + file);
    EXPECT_EQ(mended.code, 1);
    EXPECT_TRUE(has(mended.out, "core MM as of linux-6.12\n")) << mended.out;
    EXPECT_FALSE(has(mended.out, "VIOLATED"));
    EXPECT_FALSE(has(mended.out, "the run is over")) << mended.out;
    // A file that somebody has damaged.
    write("bad.json", read(file).substr(0, 300));
    refused("driver --replay bad.json", {"bad.json"});
    write("bad.json", R"({"vmemcheck-driver-run": 7})");
    refused("driver --replay bad.json", {"version"});
}

TEST_F(DriverTest, SlowHoldsRunsAgainstTheModel) {
    const Outcome same =
        driver("6.12", "--deviations 1 --property safety --against-model --save none --json result.json");
    EXPECT_EQ(same.code, 0) << same.out << same.err;
    EXPECT_TRUE(has(same.out, "all are explained")) << same.out;
    EXPECT_GT(json("result.json")["against_model"]["runs"].get<int>(), 1000);
    // A driver that does something else.
    fault("6.12", reference_taken_again, "(void)0;");
    const Outcome other = run("driver --source tree --deviations 1 --property target-reached --against-model");
    EXPECT_EQ(other.code, 1);
    EXPECT_TRUE(has(other.out, "no run of the model shows this")) << other.out;
    EXPECT_TRUE(has(other.out, "saved as vmemcheck-driver-difference-linux-6.12.json")) << other.out;
    refused("driver --source tree --driver-mode sbm --against-model", {"Big Block Mode"});
}

// The driver is unbound in the middle of try_remove_memory(), of a memory block whose onlining was refused: its memmap
// was compared as if the block were gone.
TEST_F(DriverTest, SlowHoldsASavedRunAgainstTheModel) {
    const Outcome held = driver("6.12", "--against-model --replay '" VMEMCHECK_SOURCE_DIR
                                        "/tests/driver-runs/linux-6.12-unbound-while-memory-is-removed.json'");
    EXPECT_EQ(held.code, 0) << held.out << held.err;
    EXPECT_TRUE(has(held.out, "1 run held against the model")) << held.out;
    EXPECT_TRUE(has(held.out, "all are explained")) << held.out;
}

TEST_F(DriverTest, SlowFollowsARunOfTheModel) {
    ASSERT_EQ(run("check --release linux-6.1 --property not-broken --contig-tries 5").code, 1);
    const std::string file = "vmemcheck-not-broken-linux-6.1.json";
    const Outcome driven = driver("6.1", "--follow " + file);
    EXPECT_EQ(driven.code, 0) << driven.out << driven.err;
    EXPECT_TRUE(has(driven.out, "DRIVEN")) << driven.out;
    EXPECT_TRUE(has(driven.out, "violates the same property")) << driven.out;
    refused("driver --source '" + kernel_source("6.12").string() + "' --follow " + file, {"linux-6.1", "linux-6.12"});
    // A driver that has it mended does not go that way: virtio_mem_run_wq() knows the error now.
    fault("6.1", "\tcase -EBUSY:\n\t\t/*", "\tcase -EPERM:\n\tcase -EBUSY:\n\t\t/*");
    const Outcome other = run("driver --source tree --release linux-6.1 --follow " + file);
    EXPECT_FALSE(has(other.out, "violates the same property")) << other.out;
}

// In removal-ends the administrator's task takes hotplug_mutex between the entries of two functions of the worker.
TEST_F(DriverTest, LongFollowsAllRunsOfTheModel) {
    for (const auto& [version, count] : {std::pair<std::string, std::size_t>{"6.1", 10}, {"6.12", 6}}) {
        const std::vector<std::string> runs = runs_to_follow("linux-" + version);
        EXPECT_EQ(runs.size(), count);
        for (const std::string& file : runs) {
            // A recording has no words for pages that are pinned for ever.
            const bool recorded = !json(file)["faults"]["eternal_pins"].get<bool>();
            const Outcome driven =
                driver(version, "--follow " + file + " --verbose" + (recorded ? " --recording run.jsonl" : ""));
            EXPECT_EQ(driven.code, 0) << file << driven.out << driven.err;
            EXPECT_TRUE(has(driven.out, "\nDRIVEN  the real code shows the same")) << file << driven.out;
            if (has(file, "removal-never-ends")) {
                EXPECT_TRUE(has(driven.out, "enters virtio_mem_send_plug_request()")) << driven.out;
            }
            if (!recorded) continue;
            const Outcome trace = run("trace run.jsonl");
            EXPECT_EQ(trace.code, 0) << file << trace.out << trace.err;
        }
    }
}

// All orders of a tiny machine: the verdicts are those of the bounded exploration, and the counts those of
// docs/driver.md.
TEST_F(DriverTest, SlowExhaustiveExplorationEndsAndAgrees) {
    const struct {
        const char* machine;
        int runs;
        const char* bounded;
        std::vector<std::string> violated;
    } machines[]{{"--user-requests 0 --fault-count 1 --removals 0", 36, "--deviations 20", {}},
                 {"--user-requests 0 --fault-count 0 --removals 1", 1511, "--deviations 20", {}},
                 {"--user-requests 1 --fault-count 0 --removals 0", 3092, "--deviations 2", {"offlining-ends"}}};
    for (const auto& one : machines) {
        const std::string flags =
            std::string("--big-blocks 1 --memory-blocks 1 --allocations 0 --extra-resizes 0 ") + one.machine;
        EXPECT_EQ(violated("6.12", flags + " --mode exhaustive"), one.violated) << flags;  // and it is complete
        EXPECT_EQ(json("result.json")["mode"], "exhaustive");
        EXPECT_EQ(json("result.json")["runs"], one.runs) << flags;
        EXPECT_EQ(json("result.json")["cut"], 0) << flags;
        EXPECT_EQ(violated("6.12", flags + " --mode bounded " + one.bounded), one.violated) << flags;
    }
}

TEST_F(DriverTest, SlowWritesPagesAndRecordings) {
    ASSERT_EQ(driver("6.12", "--deviations 1 --property offlining-ends --report run.html --recording run.jsonl").code,
              1);
    EXPECT_TRUE(has(read("run.html"), "offlining-ends is violated by the driver of linux-6.12"));
    EXPECT_EQ(run("trace run.jsonl").code, 0);
    // Sub Block Mode has no recordings, but pages.
    const Outcome sbm = driver("6.12", "--driver-mode sbm --deviations 1 --property offlining-ends --report sbm.html");
    EXPECT_EQ(sbm.code, 1);
    EXPECT_TRUE(has(read("sbm.html"), "Sub Block Mode"));
}

TEST_F(DriverTest, SlowWalksAreRepeatable) {
    const std::string flags = "--mode swarm --runs 40 --property safety --save none --seed ";
    const auto explored = [&](const std::string& seed) {
        const Outcome outcome = driver("6.12", flags + seed);
        EXPECT_EQ(outcome.code, 0) << outcome.out;
        const std::size_t at = outcome.out.find("explored ");
        EXPECT_NE(at, std::string::npos);
        return outcome.out.substr(at, outcome.out.find('\n', at) - at);
    };
    const std::string first = explored("7");
    EXPECT_TRUE(has(first, "swarm runs, --seed 7")) << first;
    EXPECT_EQ(explored("7"), first);
}

TEST_F(DriverTest, SlowTellsCoverage) {
    const Outcome outcome = driver("6.12", "--deviations 0 --coverage --save none --json result.json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Json coverage = json("result.json")["coverage"];
    EXPECT_GT(coverage["lines"].get<int>(), 500);
    EXPECT_GT(coverage["lines_run"].get<int>(), 200);
    EXPECT_LT(coverage["lines_run"].get<int>(), coverage["lines"].get<int>());
    EXPECT_GT(coverage["points_run"].get<int>(), 20);
    EXPECT_TRUE(has(outcome.out, "virtio_mem_sbm_plug_request"));  // never called in this mode
}

TEST_F(DriverTest, SlowSeesAReferenceThatIsNotTakenAgain) {
    finds("refcount-restored-on-cancel", reference_taken_again, "(void)0;", "--deviations 1 --property safety");
}

TEST_F(DriverTest, SlowSeesAFreedDeviceInUse) {
    finds("no-use-after-free", "cancel_work_sync(&vm->wq);", ";", "--deviations 1 --property no-use-after-free");
}

TEST_F(DriverTest, SeesALockThatIsKept) {
    finds("lock-discipline", "\tvm->bbm.bb_states = new_array;\n\tmutex_unlock(&vm->hotplug_mutex);",
          "\tvm->bbm.bb_states = new_array;\n", "--deviations 0");
}

TEST_F(DriverTest, OutlivesANullPointer) {
    finds("no-oops", "vm->retry_timer_ms = VIRTIO_MEM_RETRY_TIMER_MIN_MS;\n\t\tbreak;",
          "*(volatile int *)0 = 1;\n\t\tbreak;", "--deviations 0");
}

TEST_F(DriverTest, MissesWhatIsNeverFreed) {
    finds("no-leak", "vfree(vm->bbm.bb_states);\n\t}", ";\n\t}", "--deviations 0");
}

TEST_F(DriverTest, LongOutlivesWhatNoDriverShouldDo) {
    const struct {
        const char* code;
        const char* says;
    } faults[]{
        {"for (;;) barrier();", "a loop without end"},
        {"virtio_mem_config_changed(vdev);", "a recursion without end"},
        {"((void (*)(void))0)();", "memory that is not there"},
        {"{ volatile int zero = 0; vm->retry_timer_ms /= zero; }", "a division by zero"},
        {"{ volatile char much[300000]; much[0] = 1; }", "the stack overflows"},
        {"mutex_lock((struct mutex *)0x1230);", "no object"},
        {"mutex_lock(&vm->hotplug_mutex);", "is called in an interrupt"},
        {"page_ref_inc((struct page *)vm);", "a page that is not the device's"},
        {"memset(vm, 0, 100000);", "beyond the end of an object"},
        {"vdev->priv = (void *)0x4000;", "VIOLATED no-oops"},
    };
    for (const auto& wrong : faults) {
        fault("6.12", "\tatomic_set(&vm->config_changed, 1);\n\tvirtio_mem_retry(vm);",
              std::string("\tatomic_set(&vm->config_changed, 1);\n") + wrong.code + "\tvirtio_mem_retry(vm);");
        const Outcome outcome = faulty("--deviations 0 --property safety");
        EXPECT_EQ(outcome.code, 1) << wrong.code << outcome.err;
        EXPECT_TRUE(has(outcome.out, wrong.says)) << wrong.code << outcome.out;
        EXPECT_TRUE(has(outcome.out, "virtio_mem.c:")) << wrong.code << outcome.out;
    }
}

TEST_F(DriverTest, SaysWhatIsWrongWithASource) {
    refused("driver --source nowhere", {"nowhere", "no kernel source tree"});
    fault("6.12", reference_taken_again, "no_such_function(pfn +;");
    const Outcome outcome = faulty("");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(has(outcome.err, "does not compile against the shim of the kernel")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
}

TEST_F(Cli, DriverRefusesWhatDoesNotFit) {
    refused("driver --mode bouncy", {"bouncy", "did you mean"});
    refused("driver --big-blocks 0", {"impossible machine", "big blocks"});
    refused("driver --driver-mode sbm --page-blocks 1", {"Sub Block Mode"});
    refused("driver --requests 9", {"a requested size"});
    refused("driver --property no-bugs", {"no-bugs"});
    refused("driver --deviations 1000", {"--deviations"});
    refused("driver --auto-online any", {"--auto-online"});
}

}  // namespace
}  // namespace vmemcheck::test
