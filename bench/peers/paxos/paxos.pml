/* Single-decree Paxos, three acceptors: see paxos.hpp. N ballots, 2 to 4; BUG=1 seeds a fault. One d_step is one
   transition. at and vote are one more than there, promised[] and accepted[] have acceptor a, ballot b at a * N + b. */
#ifndef N
#define N 4
#endif
#ifndef BUG
#define BUG 0
#endif

#define NOTHING 0
#define FIRST   1
#define SECOND  2

#define SILENT  0
#define UNBOUND 1
#define BOUND   2

bool asked[N];
byte proposed[N];
byte at[3];
byte vote[3];
byte promised[3 * N];
bool accepted[3 * N];

#define PROMISED(a, b) promised[(a) * N + (b)]
#define ACCEPTED(a, b) accepted[(a) * N + (b)]
#define LATER(p, q)    (p > q -> p : q)

#define CHOSEN(b) (ACCEPTED(0, b) + ACCEPTED(1, b) + ACCEPTED(2, b) > 1)
/* The value of ballot b, if it is chosen, is not another than that of ballot k. */
#define AGREE(b, k) (k == b || k >= N || proposed[(k) % N] == proposed[b] || !CHOSEN((k) % N))
#define ONE_VALUE(b) (!CHOSEN(b) || (AGREE(b, 0) && AGREE(b, 1) && AGREE(b, 2) && AGREE(b, 3)))

/* The fault: votes are not heeded. */
#define ALLOWS(latest, value) (BUG || latest == UNBOUND || latest % 2 == value - FIRST)

#define PROPOSE(b, a1, a2, value)                                                                               \
    :: d_step { proposed[b] == NOTHING && PROMISED(a1, b) != SILENT && PROMISED(a2, b) != SILENT &&             \
                ALLOWS(LATER(PROMISED(a1, b), PROMISED(a2, b)), value) -> proposed[b] = value }

#define TOLD(a) (vote[a] == 0 -> UNBOUND : BOUND + 2 * (vote[a] - 1) + (proposed[(vote[a] + N - 1) % N] == SECOND))

#define ANSWER(a, b)                                                                                            \
    :: d_step { asked[b] && at[a] < b + 1 -> at[a] = b + 1; PROMISED(a, b) = TOLD(a) }                          \
    :: d_step { proposed[b] != NOTHING && at[a] <= b + 1 && !ACCEPTED(a, b) ->                                  \
                at[a] = b + 1; vote[a] = b + 1; ACCEPTED(a, b) = 1; assert(ONE_VALUE(b)) }

#define BALLOT(b)                           \
    :: d_step { !asked[b] -> asked[b] = 1 } \
    PROPOSE(b, 1, 2, FIRST)                 \
    PROPOSE(b, 1, 2, SECOND)                \
    PROPOSE(b, 2, 0, FIRST)                 \
    PROPOSE(b, 2, 0, SECOND)                \
    PROPOSE(b, 0, 1, FIRST)                 \
    PROPOSE(b, 0, 1, SECOND)                \
    ANSWER(0, b)                            \
    ANSWER(1, b)                            \
    ANSWER(2, b)

active proctype system() {
    do
    BALLOT(0)
    BALLOT(1)
#if N > 2
    BALLOT(2)
#endif
#if N > 3
    BALLOT(3)
#endif
    od
}
