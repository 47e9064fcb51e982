// SPDX-License-Identifier: MIT
// The workloads by the clock, with Google Benchmark.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "bench/micro/workload.hpp"

namespace {

void measure(benchmark::State& state, const vmemcheck::bench::Workload& workload) {
    using Clock = std::chrono::steady_clock;
    for (auto _ : state) {
        const vmemcheck::bench::Work work = workload.prepare();
        const Clock::time_point begin = Clock::now();
        benchmark::DoNotOptimize(work());
        state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    const auto items = static_cast<std::int64_t>(workload.items);
    state.SetItemsProcessed(state.iterations() * items);
    state.SetLabel(std::to_string(items) + " x " + std::string(workload.item));
}

}  // namespace

int main(int argc, char** argv) {
    for (const auto& workload : vmemcheck::bench::workloads()) {
        benchmark::RegisterBenchmark(std::string(workload.name).c_str(), measure, workload)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
