-- A ring with two tokens: see tokens.hpp. N stations; BUG = 1 seeds a fault.

const
  N: 14;
  BUG: 0;

type
  index: 0 .. N - 1;
  condition: enum { IDLE, WAITING, IN_USE };

var
  station: array[index] of condition;
  token: array[index] of boolean;

startstate
begin
  for i: index do
    station[i] := IDLE;
    token[i] := i < 2;
  end;
end;

ruleset i: index do
  rule "want" station[i] = IDLE ==> begin station[i] := WAITING; end;
  rule "begin"
    station[i] = WAITING &
    (token[i] | (BUG = 1 & i = N / 2 & station[(i + N - 1) % N] = IN_USE & station[(i + 1) % N] = IN_USE))
  ==>
  begin
    station[i] := IN_USE;
  end;
  rule "end" station[i] = IN_USE ==> begin station[i] := IDLE; end;
  rule "pass" token[i] & station[i] != IN_USE & !token[(i + 1) % N] ==>
  begin
    token[i] := false;
    token[(i + 1) % N] := true;
  end;
end;

invariant "who uses holds a token"
  forall i: index do station[i] = IN_USE -> token[i] end;
