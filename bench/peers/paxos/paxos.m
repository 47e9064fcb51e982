-- Single-decree Paxos, three acceptors: see paxos.hpp. N ballots; BUG = 1 seeds a fault.

const
  N: 4;
  BUG: 0;
  LAST: 2 * N + 1;

type
  ballot: 0 .. N - 1;
  acceptor: 0 .. 2;
  values: enum { NOTHING, FIRST, SECOND };
  -- 0: silent; 1: without a vote; 2 + 2 * ballot, and 1 more for the second value: with one.
  promises: 0 .. LAST;

var
  asked: array[ballot] of boolean;
  proposed: array[ballot] of values;
  at: array[acceptor] of -1 .. N - 1;
  vote: array[acceptor] of -1 .. N - 1;
  promised: array[acceptor] of array[ballot] of promises;
  accepted: array[acceptor] of array[ballot] of boolean;

function later(p: promises; q: promises): promises;
begin
  if p > q then return p; else return q; end;
end;

-- The fault: votes are not heeded.
function allows(latest: promises; second: boolean): boolean;
begin
  return BUG = 1 | latest = 1 | (latest % 2 = 1) = second;
end;

function chosen(b: ballot): boolean;
begin
  return (accepted[0][b] & accepted[1][b]) | (accepted[1][b] & accepted[2][b]) | (accepted[0][b] & accepted[2][b]);
end;

startstate
begin
  for b: ballot do
    asked[b] := false;
    proposed[b] := NOTHING;
  end;
  for a: acceptor do
    at[a] := -1;
    vote[a] := -1;
    for b: ballot do
      promised[a][b] := 0;
      accepted[a][b] := false;
    end;
  end;
end;

ruleset b: ballot do
  rule "ask for promises" !asked[b] ==> begin asked[b] := true; end;
  -- Each majority is an acceptor left out.
  ruleset without: acceptor; second: boolean do
    rule "propose"
      proposed[b] = NOTHING &
      promised[(without + 1) % 3][b] != 0 & promised[(without + 2) % 3][b] != 0 &
      allows(later(promised[(without + 1) % 3][b], promised[(without + 2) % 3][b]), second)
    ==>
    begin
      proposed[b] := second ? SECOND : FIRST;
    end;
  end;
  ruleset a: acceptor do
    rule "promise" asked[b] & at[a] < b ==>
    begin
      at[a] := b;
      if vote[a] = -1 then
        promised[a][b] := 1;
      else
        promised[a][b] := 2 + 2 * vote[a] + (proposed[vote[a]] = SECOND ? 1 : 0);
      end;
    end;
    rule "vote" proposed[b] != NOTHING & at[a] <= b & !accepted[a][b] ==>
    begin
      at[a] := b;
      vote[a] := b;
      accepted[a][b] := true;
    end;
  end;
end;

invariant "one value is chosen"
  forall b: ballot do forall k: ballot do
    !chosen(b) | !chosen(k) | proposed[b] = proposed[k]
  end end;
