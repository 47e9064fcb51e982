-- The core of virtio-mem's Big Block Mode: see bbm.hpp. N big blocks; BUG = 1 seeds a fault.

const
  N: 4;
  BUG: 0;

type
  index: 0 .. N - 1;
  block_or_none: 0 .. N; -- N: none
  count: 0 .. N;
  condition: enum { UNUSED, PLUGGED, ADDED, FAKE_OFFLINE };
  holder: enum { NOBODY, WORKER, USER };
  worker_place: enum {
    W_IDLE, W_REFRESH, W_PLUG, W_ADD_LOCK, W_ADD, W_PICK, W_MARK, W_ISOLATE, W_OFFLINE_LOCK, W_GOING, W_OFFLINE,
    W_CANCEL, W_REMOVE, W_ROLL_BACK, W_UNMARK, W_UNPLUG };
  user_place: enum {
    U_IDLE, U_GOING, U_OFFLINE, U_CANCEL, U_DONE_OFFLINE, U_UNLOCK, U_GOING_ONLINE, U_ONLINE, U_DONE_ONLINE };

var
  state: array[index] of condition;
  at_device: array[index] of boolean;
  present: array[index] of boolean;
  online: array[index] of boolean;
  in_use: array[index] of boolean;
  reference: array[index] of boolean;
  worker_pc: worker_place;
  worker_block: block_or_none;
  user_pc: user_place;
  user_block: block_or_none;
  hotplug_lock: holder;
  mutex: holder;
  requested: count;
  queued: boolean;
  config_changed: boolean;
  retry: boolean;

procedure next_round();
begin
  worker_block := N;
  worker_pc := W_REFRESH;
end;

procedure try_later();
begin
  worker_block := N;
  worker_pc := W_IDLE;
  retry := true;
end;

-- The first block in this condition, or N.
function first_in(wanted: condition): block_or_none;
begin
  for i: index do
    if state[i] = wanted then return i; end;
  end;
  return N;
end;

function in_some_use(): count;
var n: count;
begin
  n := 0;
  for i: index do
    if state[i] != UNUSED then n := n + 1; end;
  end;
  return n;
end;

-- The last added block before this one, or N.
function added_before(end_block: block_or_none): block_or_none;
var found: block_or_none;
begin
  found := N;
  for i: index do
    if i < end_block & state[i] = ADDED then found := i; end;
  end;
  return found;
end;

startstate
begin
  for i: index do
    state[i] := UNUSED;
    at_device[i] := false;
    present[i] := false;
    online[i] := false;
    in_use[i] := false;
    reference[i] := false;
  end;
  worker_pc := W_IDLE;
  worker_block := N;
  user_pc := U_IDLE;
  user_block := N;
  hotplug_lock := NOBODY;
  mutex := NOBODY;
  requested := 0;
  queued := false;
  config_changed := false;
  retry := false;
end;

-- The worker.

rule "begin to work" worker_pc = W_IDLE & queued ==> begin queued := false; worker_pc := W_REFRESH; end;

rule "refresh" worker_pc = W_REFRESH ==>
begin
  config_changed := false;
  worker_block := first_in(PLUGGED);
  if worker_block != N then
    worker_pc := W_UNPLUG;
  elsif in_some_use() < requested then
    worker_block := first_in(UNUSED);
    worker_pc := W_PLUG;
  elsif in_some_use() > requested then
    worker_pc := W_PICK;
  else
    worker_pc := W_IDLE;
  end;
end;

rule "plug: the request changed" worker_pc = W_PLUG & config_changed ==> begin next_round(); end;
rule "plug: busy" worker_pc = W_PLUG & !config_changed ==> begin try_later(); end;
rule "plug" worker_pc = W_PLUG & !config_changed ==>
begin
  at_device[worker_block] := true;
  state[worker_block] := ADDED;
  worker_pc := W_ADD_LOCK;
end;

rule "lock to add" worker_pc = W_ADD_LOCK & hotplug_lock = NOBODY ==>
begin
  hotplug_lock := WORKER;
  worker_pc := W_ADD;
end;
ruleset auto: boolean do
  rule "add" worker_pc = W_ADD ==>
  begin
    hotplug_lock := NOBODY;
    present[worker_block] := true;
    online[worker_block] := auto;
    next_round();
  end;
end;
rule "add: no memory" worker_pc = W_ADD ==> begin hotplug_lock := NOBODY; worker_pc := W_UNPLUG; end;

rule "pick" worker_pc = W_PICK ==>
begin
  worker_block := added_before(worker_block);
  if worker_block != N then worker_pc := W_MARK; else try_later(); end;
end;

rule "mark" worker_pc = W_MARK & mutex = NOBODY ==>
begin
  mutex := WORKER;
  state[worker_block] := FAKE_OFFLINE;
  worker_pc := W_ISOLATE;
end;

rule "isolate: the request changed" worker_pc = W_ISOLATE & config_changed ==>
begin
  state[worker_block] := ADDED;
  mutex := NOBODY;
  next_round();
end;
rule "isolate: in use" worker_pc = W_ISOLATE & !config_changed & in_use[worker_block] ==>
begin
  state[worker_block] := ADDED;
  mutex := NOBODY;
  worker_pc := W_PICK;
end;
rule "isolate" worker_pc = W_ISOLATE & !config_changed ==>
begin
  in_use[worker_block] := false;
  reference[worker_block] := online[worker_block];
  mutex := NOBODY;
  worker_pc := W_OFFLINE_LOCK;
end;

rule "lock to offline" worker_pc = W_OFFLINE_LOCK & hotplug_lock = NOBODY ==>
begin
  hotplug_lock := WORKER;
  if online[worker_block] then worker_pc := W_GOING; else worker_pc := W_REMOVE; end;
end;
rule "going offline: veto" worker_pc = W_GOING & mutex = NOBODY ==> begin worker_pc := W_ROLL_BACK; end;
rule "going offline" worker_pc = W_GOING & mutex = NOBODY ==>
begin
  mutex := WORKER;
  reference[worker_block] := false;
  worker_pc := W_OFFLINE;
end;
rule "offline: veto" worker_pc = W_OFFLINE ==> begin worker_pc := W_CANCEL; end;
rule "offline" worker_pc = W_OFFLINE ==>
begin
  online[worker_block] := false;
  mutex := NOBODY;
  worker_pc := W_REMOVE;
end;
rule "cancel" worker_pc = W_CANCEL ==>
begin
  if BUG = 0 then reference[worker_block] := true; end;
  mutex := NOBODY;
  worker_pc := W_ROLL_BACK;
end;
rule "remove" worker_pc = W_REMOVE ==>
begin
  present[worker_block] := false;
  hotplug_lock := NOBODY;
  worker_pc := W_UNPLUG;
end;
rule "roll back" worker_pc = W_ROLL_BACK ==> begin hotplug_lock := NOBODY; worker_pc := W_UNMARK; end;
rule "unmark" worker_pc = W_UNMARK & mutex = NOBODY ==>
begin
  reference[worker_block] := false;
  state[worker_block] := ADDED;
  worker_pc := W_PICK;
end;

rule "unplug: the request changed" worker_pc = W_UNPLUG & config_changed ==>
begin
  state[worker_block] := PLUGGED;
  next_round();
end;
rule "unplug: busy" worker_pc = W_UNPLUG & !config_changed ==>
begin
  state[worker_block] := PLUGGED;
  try_later();
end;
rule "unplug" worker_pc = W_UNPLUG & !config_changed ==>
begin
  at_device[worker_block] := false;
  state[worker_block] := UNUSED;
  next_round();
end;

-- The user.

ruleset b: index do
  rule "user begins" user_pc = U_IDLE & hotplug_lock = NOBODY & present[b] ==>
  begin
    user_block := b;
    hotplug_lock := USER;
    if online[b] then user_pc := U_GOING; else user_pc := U_GOING_ONLINE; end;
  end;
end;
rule "user: going offline: veto" user_pc = U_GOING & mutex = NOBODY ==> begin user_pc := U_UNLOCK; end;
rule "user: going offline" user_pc = U_GOING & mutex = NOBODY ==>
begin
  mutex := USER;
  reference[user_block] := false;
  user_pc := U_OFFLINE;
end;
rule "user: offline: no" user_pc = U_OFFLINE ==> begin user_pc := U_CANCEL; end;
rule "user: offline" user_pc = U_OFFLINE ==>
begin
  in_use[user_block] := false;
  online[user_block] := false;
  user_pc := U_DONE_OFFLINE;
end;
rule "user: cancel" user_pc = U_CANCEL ==>
begin
  if state[user_block] = FAKE_OFFLINE & BUG = 0 then reference[user_block] := true; end;
  mutex := NOBODY;
  user_pc := U_UNLOCK;
end;
rule "user: offlined" user_pc = U_DONE_OFFLINE ==> begin mutex := NOBODY; user_pc := U_UNLOCK; end;
rule "user ends" user_pc = U_UNLOCK ==>
begin
  hotplug_lock := NOBODY;
  user_block := N;
  user_pc := U_IDLE;
end;
rule "user: going online: veto" user_pc = U_GOING_ONLINE & mutex = NOBODY ==> begin user_pc := U_UNLOCK; end;
rule "user: going online" user_pc = U_GOING_ONLINE & mutex = NOBODY ==> begin mutex := USER; user_pc := U_ONLINE; end;
rule "user: online" user_pc = U_ONLINE ==>
begin
  online[user_block] := true;
  reference[user_block] := state[user_block] = FAKE_OFFLINE;
  user_pc := U_DONE_ONLINE;
end;
rule "user: onlined" user_pc = U_DONE_ONLINE ==>
begin
  mutex := NOBODY;
  if worker_pc = W_IDLE then queued := true; end;
  user_pc := U_UNLOCK;
end;

-- The host, the timer, and who uses pages.

ruleset size: count do
  rule "resize" requested != size ==>
  begin
    requested := size;
    config_changed := true;
    queued := true;
  end;
end;
rule "timer" retry ==> begin retry := false; queued := true; end;
ruleset b: index do
  rule "page" in_use[b] | (online[b] & state[b] = ADDED) ==> begin in_use[b] := !in_use[b]; end;
end;

invariant "memory in Linux is plugged, and a fake-offline page has its reference"
  forall i: index do
    (present[i] -> at_device[i]) &
    (mutex = NOBODY -> (reference[i] = (state[i] = FAKE_OFFLINE & online[i])))
  end;
