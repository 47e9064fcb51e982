// SPDX-License-Identifier: MIT
#include "bench/peers/paxos/paxos.hpp"
#include "bench/peers/peer.hpp"

// bench/compare compiles a single size, as the peers do.
#ifndef VMEMCHECK_PEER_SIZES
#define VMEMCHECK_PEER_SIZES 4, 2
#endif

int main(int argc, char** argv) {
    return vmemcheck::peers::main_of<vmemcheck::peers::Paxos, VMEMCHECK_PEER_SIZES>(argc, argv, "paxos");
}
