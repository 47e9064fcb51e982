/* Peterson's filter lock: see peterson.hpp. N processes, 2 to 6; BUG=1 seeds a fault. One d_step is one transition. */
#ifndef N
#define N 4
#endif
#ifndef BUG
#define BUG 0
#endif

#define RAISE 0
#define GIVE  1
#define WAIT  2
#define LOCK  3

byte pc[N];
byte level[N];
byte last[N];

/* Process k (if there is one) does not hold up process i. With the fault, equal levels do not. */
#define BELOW(i, k) (k == i || k >= N || level[(k) % N] < level[i] + BUG)
#define FREE(i) (last[level[i]] != i || \
                 (BELOW(i, 0) && BELOW(i, 1) && BELOW(i, 2) && BELOW(i, 3) && BELOW(i, 4) && BELOW(i, 5)))
#define OUTSIDE(i, k) (k == i || k >= N || pc[(k) % N] != LOCK)
#define ALONE(i) (OUTSIDE(i, 0) && OUTSIDE(i, 1) && OUTSIDE(i, 2) && OUTSIDE(i, 3) && OUTSIDE(i, 4) && OUTSIDE(i, 5))

#define PROCESS(i)                                                                        \
    :: d_step { pc[i] == RAISE -> level[i] = level[i] + 1; pc[i] = GIVE }                 \
    :: d_step { pc[i] == GIVE -> last[level[i]] = i; pc[i] = WAIT }                       \
    :: d_step { pc[i] == WAIT && level[i] < N - 1 && FREE(i) -> pc[i] = RAISE }           \
    :: d_step { pc[i] == WAIT && level[i] == N - 1 && FREE(i) -> pc[i] = LOCK; assert(ALONE(i)) } \
    :: d_step { pc[i] == LOCK -> level[i] = 0; pc[i] = RAISE }

active proctype processes() {
    do
    PROCESS(0)
    PROCESS(1)
#if N >= 3
    PROCESS(2)
#endif
#if N >= 4
    PROCESS(3)
#endif
#if N >= 5
    PROCESS(4)
#endif
#if N >= 6
    PROCESS(5)
#endif
    od
}
