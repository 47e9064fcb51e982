-- German's cache coherence protocol: see coherence.hpp. N caches; BUG = 1 seeds a fault.

const
  N: 5;
  BUG: 0;

type
  index: 0 .. N - 1;
  copies: enum { INVALID, SHARED, EXCLUSIVE };
  requests: enum { NONE, WANT_SHARED, WANT_EXCLUSIVE };
  answers: enum { NOTHING, INVALIDATE, GRANT_SHARED, GRANT_EXCLUSIVE };

var
  copy: array[index] of copies;
  request: array[index] of requests;
  answer: array[index] of answers;
  ack: array[index] of boolean;
  sharer: array[index] of boolean;
  to_invalidate: array[index] of boolean;
  granted_exclusively: boolean;
  command: requests;
  client: index;

-- What is dead gets one value.
procedure done();
begin
  command := NONE;
  client := 0;
  for k: index do to_invalidate[k] := false; end;
end;

startstate
begin
  for i: index do
    copy[i] := INVALID;
    request[i] := NONE;
    answer[i] := NOTHING;
    ack[i] := false;
    sharer[i] := false;
    to_invalidate[i] := false;
  end;
  granted_exclusively := false;
  command := NONE;
  client := 0;
end;

ruleset i: index do
  rule "ask for it shared" request[i] = NONE & copy[i] = INVALID ==> begin request[i] := WANT_SHARED; end;
  rule "ask for it exclusively" request[i] = NONE & copy[i] != EXCLUSIVE ==> begin request[i] := WANT_EXCLUSIVE; end;
  rule "drop the copy" answer[i] = INVALIDATE & !ack[i] ==>
  begin
    answer[i] := NOTHING;
    copy[i] := INVALID;
    ack[i] := true;
  end;
  rule "get it shared" answer[i] = GRANT_SHARED ==> begin answer[i] := NOTHING; copy[i] := SHARED; end;
  rule "get it exclusively" answer[i] = GRANT_EXCLUSIVE ==> begin answer[i] := NOTHING; copy[i] := EXCLUSIVE; end;
  rule "take a request" command = NONE & request[i] != NONE ==>
  begin
    command := request[i];
    client := i;
    request[i] := NONE;
    for k: index do to_invalidate[k] := sharer[k]; end;
  end;
  rule "invalidate"
    (command = WANT_EXCLUSIVE | (command = WANT_SHARED & granted_exclusively)) & to_invalidate[i] & answer[i] = NOTHING
  ==>
  begin
    answer[i] := INVALIDATE;
    to_invalidate[i] := false;
  end;
  rule "take an acknowledgement" command != NONE & ack[i] ==>
  begin
    ack[i] := false;
    sharer[i] := false;
    granted_exclusively := false;
  end;
  rule "grant it shared"
    command = WANT_SHARED & client = i & answer[i] = NOTHING & !granted_exclusively
  ==>
  begin
    answer[i] := GRANT_SHARED;
    sharer[i] := true;
    done();
  end;
  -- The fault: the copy of the last cache is forgotten.
  rule "grant it exclusively"
    command = WANT_EXCLUSIVE & client = i & answer[i] = NOTHING & !granted_exclusively &
    (forall k: index do !sharer[k] | (BUG = 1 & k = N - 1) end)
  ==>
  begin
    answer[i] := GRANT_EXCLUSIVE;
    granted_exclusively := true;
    sharer[i] := true;
    done();
  end;
end;

invariant "an exclusive copy is the only one"
  forall i: index do forall k: index do i = k | copy[i] != EXCLUSIVE | copy[k] = INVALID end end;
