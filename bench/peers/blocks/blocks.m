-- Independent memory blocks: see blocks.hpp. N blocks; BUG = 1 seeds a fault.

const
  N: 10;
  BUG: 0;

type
  index: 0 .. N - 1;
  condition: enum { UNUSED, PLUGGED, ADDED, ONLINE, FAKE_OFFLINE, LOST };

var
  block: array[index] of condition;

startstate
begin
  for i: index do
    block[i] := UNUSED;
  end;
end;

ruleset i: index do
  rule "plug" block[i] = UNUSED ==> begin block[i] := PLUGGED; end;
  rule "add" block[i] = PLUGGED ==> begin block[i] := ADDED; end;
  rule "unplug" block[i] = PLUGGED ==> begin block[i] := UNUSED; end;
  rule "online" block[i] = ADDED ==> begin block[i] := ONLINE; end;
  rule "remove" block[i] = ADDED ==> begin block[i] := PLUGGED; end;
  rule "fake offline" block[i] = ONLINE ==> begin block[i] := FAKE_OFFLINE; end;
  rule "fake online" block[i] = FAKE_OFFLINE ==> begin block[i] := ONLINE; end;
  rule "offline" block[i] = FAKE_OFFLINE ==> begin block[i] := ADDED; end;
end;

rule "lose"
  BUG = 1 & block[0] = UNUSED & (forall i: index do i = 0 | block[i] = ADDED end)
==>
begin
  block[0] := LOST;
end;

invariant "no block is lost"
  forall i: index do block[i] != LOST end;
