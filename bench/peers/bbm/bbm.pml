/* The core of virtio-mem's Big Block Mode: see bbm.hpp. N big blocks, 1 to 5; BUG=1 seeds a fault. One d_step is one
   transition. */
#ifndef N
#define N 4
#endif
#ifndef BUG
#define BUG 0
#endif

#define UNUSED       0
#define PLUGGED      1
#define ADDED        2
#define FAKE_OFFLINE 3

#define NOBODY 0
#define WORKER 1
#define USER   2

#define W_IDLE         0
#define W_REFRESH      1
#define W_PLUG         2
#define W_ADD_LOCK     3
#define W_ADD          4
#define W_PICK         5
#define W_MARK         6
#define W_ISOLATE      7
#define W_OFFLINE_LOCK 8
#define W_GOING        9
#define W_OFFLINE      10
#define W_CANCEL       11
#define W_REMOVE       12
#define W_ROLL_BACK    13
#define W_UNMARK       14
#define W_UNPLUG       15

#define U_IDLE         0
#define U_GOING        1
#define U_OFFLINE      2
#define U_CANCEL       3
#define U_DONE_OFFLINE 4
#define U_UNLOCK       5
#define U_GOING_ONLINE 6
#define U_ONLINE       7
#define U_DONE_ONLINE  8

/* What is yes or no of each block is a bit mask. None, of a block, is 0: the worker's and the user's block are counted
   from 1, as all variables begin with 0. */
byte state[N];
byte at_device;
byte present;
byte online;
byte in_use;
byte reference;
byte worker_pc;
byte worker_block;
byte user_pc;
byte user_block;
byte hotplug_lock;
byte mutex;
byte requested;
bit queued;
bit config_changed;
bit retry;

#define WB (worker_block - 1)
#define UB (user_block - 1)

#define BIT(i) (1 << (i))
#define HAS(set, i) ((set >> (i)) & 1)
#define ADD(set, i) set = set | BIT(i)
#define DROP(set, i) set = set & ~BIT(i)

/* What an iteration over all blocks finds. */
#define IS(i, condition) (i < N && state[(i) % N] == condition)
#define FIRST(condition) (IS(0, condition) -> 1 : (IS(1, condition) -> 2 : (IS(2, condition) -> 3 : \
                         (IS(3, condition) -> 4 : (IS(4, condition) -> 5 : 0)))))
#define TAKEN(i) (i < N && state[(i) % N] != UNUSED)
#define COUNT (TAKEN(0) + TAKEN(1) + TAKEN(2) + TAKEN(3) + TAKEN(4))
#define BEFORE(i) (IS(i, ADDED) && (worker_block == 0 || i < WB))
#define ADDED_BEFORE (BEFORE(4) -> 5 : (BEFORE(3) -> 4 : (BEFORE(2) -> 3 : (BEFORE(1) -> 2 : (BEFORE(0) -> 1 : 0)))))

#define FAKE(i) (IS(i, FAKE_OFFLINE) << i)
#define FAKES (FAKE(0) | FAKE(1) | FAKE(2) | FAKE(3) | FAKE(4))
#define CHECK assert((present & ~at_device) == 0 && (mutex != NOBODY || reference == (FAKES & online)))

#define NEXT_ROUND worker_block = 0; worker_pc = W_REFRESH
#define TRY_LATER worker_block = 0; worker_pc = W_IDLE; retry = 1

#define HOST(r) :: d_step { requested != r -> requested = r; config_changed = 1; queued = 1 }
#define PAGE(i) :: d_step { HAS(in_use, i) || (HAS(online, i) && state[i] == ADDED) -> in_use = in_use ^ BIT(i) }
#define BEGIN(i)                                                                     \
    :: d_step { user_pc == U_IDLE && hotplug_lock == NOBODY && HAS(present, i) ->         \
                user_block = i + 1; hotplug_lock = USER;                             \
                if :: HAS(online, i) -> user_pc = U_GOING :: else -> user_pc = U_GOING_ONLINE fi }

active proctype system() {
    do
    /* The worker. */
    :: d_step { worker_pc == W_IDLE && queued -> queued = 0; worker_pc = W_REFRESH }
    :: d_step { worker_pc == W_REFRESH ->
            config_changed = 0;
            worker_block = FIRST(PLUGGED);
            if
            :: worker_block != 0 -> worker_pc = W_UNPLUG
            :: worker_block == 0 && COUNT < requested -> worker_block = FIRST(UNUSED); worker_pc = W_PLUG
            :: worker_block == 0 && COUNT > requested -> worker_pc = W_PICK
            :: else -> worker_pc = W_IDLE
            fi }
    :: d_step { worker_pc == W_PLUG && config_changed -> NEXT_ROUND }
    :: d_step { worker_pc == W_PLUG && !config_changed -> TRY_LATER }
    :: d_step { worker_pc == W_PLUG && !config_changed ->
            ADD(at_device, WB); state[WB] = ADDED; worker_pc = W_ADD_LOCK }
    :: d_step { worker_pc == W_ADD_LOCK && hotplug_lock == NOBODY -> hotplug_lock = WORKER; worker_pc = W_ADD }
    :: d_step { worker_pc == W_ADD -> hotplug_lock = NOBODY; ADD(present, WB); DROP(online, WB); NEXT_ROUND; CHECK }
    :: d_step { worker_pc == W_ADD -> hotplug_lock = NOBODY; ADD(present, WB); ADD(online, WB); NEXT_ROUND; CHECK }
    :: d_step { worker_pc == W_ADD -> hotplug_lock = NOBODY; worker_pc = W_UNPLUG }
    :: d_step { worker_pc == W_PICK ->
            worker_block = ADDED_BEFORE;
            if :: worker_block != 0 -> worker_pc = W_MARK :: else -> TRY_LATER fi }
    :: d_step { worker_pc == W_MARK && mutex == NOBODY ->
            mutex = WORKER; state[WB] = FAKE_OFFLINE; worker_pc = W_ISOLATE }
    :: d_step { worker_pc == W_ISOLATE && config_changed -> state[WB] = ADDED; mutex = NOBODY; NEXT_ROUND; CHECK }
    :: d_step { worker_pc == W_ISOLATE && !config_changed && HAS(in_use, WB) ->
            state[WB] = ADDED; mutex = NOBODY; worker_pc = W_PICK; CHECK }
    :: d_step { worker_pc == W_ISOLATE && !config_changed ->
            DROP(in_use, WB); reference = (reference & ~BIT(WB)) | (online & BIT(WB));
            mutex = NOBODY; worker_pc = W_OFFLINE_LOCK; CHECK }
    :: d_step { worker_pc == W_OFFLINE_LOCK && hotplug_lock == NOBODY ->
            hotplug_lock = WORKER; if :: HAS(online, WB) -> worker_pc = W_GOING :: else -> worker_pc = W_REMOVE fi }
    :: d_step { worker_pc == W_GOING && mutex == NOBODY -> worker_pc = W_ROLL_BACK }
    :: d_step { worker_pc == W_GOING && mutex == NOBODY -> mutex = WORKER; DROP(reference, WB); worker_pc = W_OFFLINE }
    :: d_step { worker_pc == W_OFFLINE -> worker_pc = W_CANCEL }
    :: d_step { worker_pc == W_OFFLINE -> DROP(online, WB); mutex = NOBODY; worker_pc = W_REMOVE; CHECK }
    :: d_step { worker_pc == W_CANCEL ->
            if :: BUG -> skip :: else -> ADD(reference, WB) fi; mutex = NOBODY; worker_pc = W_ROLL_BACK; CHECK }
    :: d_step { worker_pc == W_REMOVE -> DROP(present, WB); hotplug_lock = NOBODY; worker_pc = W_UNPLUG }
    :: d_step { worker_pc == W_ROLL_BACK -> hotplug_lock = NOBODY; worker_pc = W_UNMARK }
    :: d_step { worker_pc == W_UNMARK && mutex == NOBODY ->
            DROP(reference, WB); state[WB] = ADDED; worker_pc = W_PICK; CHECK }
    :: d_step { worker_pc == W_UNPLUG && config_changed -> state[WB] = PLUGGED; NEXT_ROUND }
    :: d_step { worker_pc == W_UNPLUG && !config_changed -> state[WB] = PLUGGED; TRY_LATER }
    :: d_step { worker_pc == W_UNPLUG && !config_changed ->
            DROP(at_device, WB); state[WB] = UNUSED; NEXT_ROUND; CHECK }

    /* The user. */
    BEGIN(0)
#if N > 1
    BEGIN(1)
#endif
#if N > 2
    BEGIN(2)
#endif
#if N > 3
    BEGIN(3)
#endif
#if N > 4
    BEGIN(4)
#endif
    :: d_step { user_pc == U_GOING && mutex == NOBODY -> user_pc = U_UNLOCK }
    :: d_step { user_pc == U_GOING && mutex == NOBODY -> mutex = USER; DROP(reference, UB); user_pc = U_OFFLINE }
    :: d_step { user_pc == U_OFFLINE -> user_pc = U_CANCEL }
    :: d_step { user_pc == U_OFFLINE -> DROP(in_use, UB); DROP(online, UB); user_pc = U_DONE_OFFLINE }
    :: d_step { user_pc == U_CANCEL ->
            if :: state[UB] == FAKE_OFFLINE && !BUG -> ADD(reference, UB) :: else fi;
            mutex = NOBODY; user_pc = U_UNLOCK; CHECK }
    :: d_step { user_pc == U_DONE_OFFLINE -> mutex = NOBODY; user_pc = U_UNLOCK; CHECK }
    :: d_step { user_pc == U_UNLOCK -> hotplug_lock = NOBODY; user_block = 0; user_pc = U_IDLE }
    :: d_step { user_pc == U_GOING_ONLINE && mutex == NOBODY -> user_pc = U_UNLOCK }
    :: d_step { user_pc == U_GOING_ONLINE && mutex == NOBODY -> mutex = USER; user_pc = U_ONLINE }
    :: d_step { user_pc == U_ONLINE ->
            ADD(online, UB);
            reference = (reference & ~BIT(UB)) | ((state[UB] == FAKE_OFFLINE) << UB);
            user_pc = U_DONE_ONLINE }
    :: d_step { user_pc == U_DONE_ONLINE ->
            mutex = NOBODY; user_pc = U_UNLOCK;
            if :: worker_pc == W_IDLE -> queued = 1 :: else fi;
            CHECK }

    /* The host, the timer, and who uses pages. */
    HOST(0)
    HOST(1)
#if N >= 2
    HOST(2)
#endif
#if N >= 3
    HOST(3)
#endif
#if N >= 4
    HOST(4)
#endif
#if N >= 5
    HOST(5)
#endif
    :: d_step { retry -> retry = 0; queued = 1 }
    PAGE(0)
#if N > 1
    PAGE(1)
#endif
#if N > 2
    PAGE(2)
#endif
#if N > 3
    PAGE(3)
#endif
#if N > 4
    PAGE(4)
#endif
    od
}
