/* German's cache coherence protocol: see coherence.hpp. N caches, 2 to 6; BUG=1 seeds a fault. One d_step is one
   transition. The directory's two sets of caches are bit masks. */
#ifndef N
#define N 5
#endif
#ifndef BUG
#define BUG 0
#endif

#define INVALID   0
#define SHARED    1
#define EXCLUSIVE 2

#define NONE           0
#define WANT_SHARED    1
#define WANT_EXCLUSIVE 2

#define NOTHING         0
#define INVALIDATE      1
#define GRANT_SHARED    2
#define GRANT_EXCLUSIVE 3

byte copy[N];
byte request[N];
byte answer[N];
byte acks;
byte sharers;
byte to_invalidate;
bool granted_exclusively;
byte command;
byte client;

#define BIT(i) (1 << (i))
/* The fault: the copy of the last cache is forgotten. */
#define CHECKED (BUG -> (sharers & (BIT(N - 1) - 1)) : sharers)
#define OTHERS_GO (command == WANT_EXCLUSIVE || (command == WANT_SHARED && granted_exclusively))
/* What is dead gets one value. */
#define DONE command = NONE; client = 0; to_invalidate = 0
#define IS(i, k, state) (k == i || k >= N || copy[(k) % N] state)
#define OTHERS(i, state) (IS(i, 0, state) && IS(i, 1, state) && IS(i, 2, state) && IS(i, 3, state) && \
                          IS(i, 4, state) && IS(i, 5, state))

#define CACHE(i)                                                                                             \
    :: d_step { request[i] == NONE && copy[i] == INVALID -> request[i] = WANT_SHARED }                       \
    :: d_step { request[i] == NONE && copy[i] != EXCLUSIVE -> request[i] = WANT_EXCLUSIVE }                  \
    :: d_step { answer[i] == INVALIDATE && !(acks & BIT(i)) ->                                               \
                answer[i] = NOTHING; copy[i] = INVALID; acks = acks | BIT(i) }                               \
    :: d_step { answer[i] == GRANT_SHARED ->                                                                 \
                answer[i] = NOTHING; copy[i] = SHARED; assert(OTHERS(i, != EXCLUSIVE)) }                     \
    :: d_step { answer[i] == GRANT_EXCLUSIVE ->                                                              \
                answer[i] = NOTHING; copy[i] = EXCLUSIVE; assert(OTHERS(i, == INVALID)) }                    \
    :: d_step { command == NONE && request[i] != NONE ->                                                     \
                command = request[i]; client = i; request[i] = NONE; to_invalidate = sharers }               \
    :: d_step { OTHERS_GO && (to_invalidate & BIT(i)) && answer[i] == NOTHING ->                             \
                answer[i] = INVALIDATE; to_invalidate = to_invalidate & ~BIT(i) }                            \
    :: d_step { command != NONE && (acks & BIT(i)) ->                                                        \
                acks = acks & ~BIT(i); sharers = sharers & ~BIT(i); granted_exclusively = 0 }                \
    :: d_step { command == WANT_SHARED && client == i && answer[i] == NOTHING && !granted_exclusively ->     \
                answer[i] = GRANT_SHARED; sharers = sharers | BIT(i); DONE }                                 \
    :: d_step { command == WANT_EXCLUSIVE && client == i && answer[i] == NOTHING && !granted_exclusively &&  \
                CHECKED == 0 ->                                                                              \
                answer[i] = GRANT_EXCLUSIVE; granted_exclusively = 1; sharers = sharers | BIT(i); DONE }

active proctype system() {
    do
    CACHE(0)
    CACHE(1)
#if N > 2
    CACHE(2)
#endif
#if N > 3
    CACHE(3)
#endif
#if N > 4
    CACHE(4)
#endif
#if N > 5
    CACHE(5)
#endif
    od
}
