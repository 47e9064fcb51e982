// SPDX-License-Identifier: MIT
#include "bench/peers/coherence/coherence.hpp"
#include "bench/peers/peer.hpp"

// bench/compare compiles a single size, as the peers do.
#ifndef VMEMCHECK_PEER_SIZES
#define VMEMCHECK_PEER_SIZES 5, 3
#endif

int main(int argc, char** argv) {
    return vmemcheck::peers::main_of<vmemcheck::peers::Coherence, VMEMCHECK_PEER_SIZES>(argc, argv, "coherence");
}
