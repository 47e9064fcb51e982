// SPDX-License-Identifier: MIT
#include "bench/peers/peer.hpp"
#include "bench/peers/tokens/tokens.hpp"

// bench/compare compiles a single size, as the peers do.
#ifndef VMEMCHECK_PEER_SIZES
#define VMEMCHECK_PEER_SIZES 14, 8
#endif

int main(int argc, char** argv) {
    return vmemcheck::peers::main_of<vmemcheck::peers::Tokens, VMEMCHECK_PEER_SIZES>(argc, argv, "tokens");
}
