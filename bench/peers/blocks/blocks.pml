/* Independent memory blocks: see blocks.hpp. N blocks, 4 to 10; BUG=1 seeds a fault.
   One d_step is one transition; the only process stays where it is, so the state is the array. */
#ifndef N
#define N 10
#endif
#ifndef BUG
#define BUG 0
#endif

#define UNUSED       0
#define PLUGGED      1
#define ADDED        2
#define ONLINE       3
#define FAKE_OFFLINE 4
#define LOST         5

byte block[N];

#define MOVE(i, from, to) :: d_step { block[i] == from -> block[i] = to; assert(block[i] != LOST) }
#define BLOCK(i)                        \
    MOVE(i, UNUSED, PLUGGED)            \
    MOVE(i, PLUGGED, ADDED)             \
    MOVE(i, PLUGGED, UNUSED)            \
    MOVE(i, ADDED, ONLINE)              \
    MOVE(i, ADDED, PLUGGED)             \
    MOVE(i, ONLINE, FAKE_OFFLINE)       \
    MOVE(i, FAKE_OFFLINE, ONLINE)       \
    MOVE(i, FAKE_OFFLINE, ADDED)

#define IS_ADDED(i) (i >= N || block[(i) % N] == ADDED)
#define OTHERS_ADDED (IS_ADDED(1) && IS_ADDED(2) && IS_ADDED(3) && IS_ADDED(4) && IS_ADDED(5) && IS_ADDED(6) && \
                      IS_ADDED(7) && IS_ADDED(8) && IS_ADDED(9))

active proctype blocks() {
    do
    BLOCK(0)
    BLOCK(1)
    BLOCK(2)
    BLOCK(3)
#if N > 4
    BLOCK(4)
#endif
#if N > 5
    BLOCK(5)
#endif
#if N > 6
    BLOCK(6)
#endif
#if N > 7
    BLOCK(7)
#endif
#if N > 8
    BLOCK(8)
#endif
#if N > 9
    BLOCK(9)
#endif
#if BUG
    :: d_step { block[0] == UNUSED && OTHERS_ADDED -> block[0] = LOST; assert(block[0] != LOST) }
#endif
    od
}
