-- Peterson's filter lock: see peterson.hpp. N processes; BUG = 1 seeds a fault.

const
  N: 4;
  BUG: 0;

type
  process: 0 .. N - 1;
  place: enum { RAISE, GIVE, WAIT, LOCK };

var
  pc: array[process] of place;
  level: array[process] of process;
  last: array[process] of process;

-- With the fault, a process on an equal level does not hold up another.
function free(i: process): boolean;
begin
  return last[level[i]] != i | (forall k: process do k = i | level[k] < level[i] + BUG end);
end;

startstate
begin
  for i: process do
    pc[i] := RAISE;
    level[i] := 0;
    last[i] := 0;
  end;
end;

ruleset i: process do
  rule "raise" pc[i] = RAISE ==> begin level[i] := level[i] + 1; pc[i] := GIVE; end;
  rule "give" pc[i] = GIVE ==> begin last[level[i]] := i; pc[i] := WAIT; end;
  rule "next level" pc[i] = WAIT & level[i] < N - 1 & free(i) ==> begin pc[i] := RAISE; end;
  rule "lock" pc[i] = WAIT & level[i] = N - 1 & free(i) ==> begin pc[i] := LOCK; end;
  rule "unlock" pc[i] = LOCK ==> begin level[i] := 0; pc[i] := RAISE; end;
end;

invariant "one at most has the lock"
  forall i: process do forall k: process do i = k | pc[i] != LOCK | pc[k] != LOCK end end;
