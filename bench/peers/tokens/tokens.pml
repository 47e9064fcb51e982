/* A ring with two tokens: see tokens.hpp. N stations, 4 to 16; BUG=1 seeds a fault. One d_step is one transition. */
#ifndef N
#define N 14
#endif
#ifndef BUG
#define BUG 0
#endif

#define IDLE    0
#define WAITING 1
#define IN_USE  2

byte station[N];
int tokens = 3; /* a bit mask of the stations that hold one */

#define BIT(i) (1 << (i))
#define NEXT(i) (((i) + 1) % N)
#define TOKEN(i) (tokens & BIT(i))
#define BETWEEN_USERS(i) (BUG && i == N / 2 && station[((i) + N - 1) % N] == IN_USE && station[NEXT(i)] == IN_USE)

#define STATION(i)                                                               \
    :: d_step { station[i] == IDLE -> station[i] = WAITING }                     \
    :: d_step { station[i] == WAITING && (TOKEN(i) || BETWEEN_USERS(i)) ->       \
                station[i] = IN_USE; assert(TOKEN(i)) }                          \
    :: d_step { station[i] == IN_USE -> station[i] = IDLE }                      \
    :: d_step { TOKEN(i) && station[i] != IN_USE && !TOKEN(NEXT(i)) ->           \
                tokens = tokens ^ BIT(i) ^ BIT(NEXT(i)) }

active proctype stations() {
    do
    STATION(0)
    STATION(1)
    STATION(2)
    STATION(3)
#if N > 4
    STATION(4)
#endif
#if N > 5
    STATION(5)
#endif
#if N > 6
    STATION(6)
#endif
#if N > 7
    STATION(7)
#endif
#if N > 8
    STATION(8)
#endif
#if N > 9
    STATION(9)
#endif
#if N > 10
    STATION(10)
#endif
#if N > 11
    STATION(11)
#endif
#if N > 12
    STATION(12)
#endif
#if N > 13
    STATION(13)
#endif
#if N > 14
    STATION(14)
#endif
#if N > 15
    STATION(15)
#endif
    od
}
