%% SPDX-License-Identifier: Apache-2.0
%% W9: small calls beside 200 MB in both directions on the same connection; what bench/large_and_small.cpp does.
%%   erl ... -run bench_mixed serve BYTES
%%   erl ... -run bench_mixed main PEER BYTES ROUNDS
-module(bench_mixed).
-export([serve/1, main/1]).

serve([Bytes]) ->
    Large = binary:copy(<<2>>, list_to_integer(Bytes)),
    register(small, spawn(fun small/0)),
    register(source, spawn(fun() -> source(Large) end)),
    register(sink, spawn(fun sink/0)),
    io:format("READY~n"),
    receive never -> ok end.

small() -> receive {From, Number} -> From ! Number, small() end.

source(Large) -> receive From when is_pid(From) -> From ! Large, source(Large) end.

sink() -> receive {From, Bytes} when is_binary(Bytes) -> From ! got, erlang:garbage_collect(), sink() end.

main([Peer, Bytes, Rounds]) ->
    Node = list_to_atom(Peer),
    true = net_kernel:connect_node(Node),
    Large = binary:copy(<<1>>, list_to_integer(Bytes)),
    Caller = spawn_link(fun() -> call(Node, 0, []) end),
    exchange(Node, Large, 1), % memory that a virtual machine gets anew is slow
    _ = times_of(Caller),
    Begun = erlang:monotonic_time(nanosecond),
    exchange(Node, Large, list_to_integer(Rounds)),
    Seconds = (erlang:monotonic_time(nanosecond) - Begun) / 1.0e9,
    Times = lists:sort(times_of(Caller)),
    Count = length(Times),
    io:format("R\tW9\totp\tp99\t~.3f\tms~n", [lists:nth(max(1, Count * 99 div 100), Times) / 1.0e6]),
    io:format("R\tW9\totp\tp50\t~.3f\tms~n", [lists:nth(max(1, Count div 2), Times) / 1.0e6]),
    io:format("R\tW9\totp\trate\t~.1f\tMB/s~n", [list_to_integer(Bytes) * list_to_integer(Rounds) / Seconds / 1.0e6]),
    halt(0).

exchange(_, _, 0) -> ok;
exchange(Node, Large, Left) ->
    {source, Node} ! self(),
    {sink, Node} ! {self(), Large},
    receive got -> ok end,
    receive Bytes when is_binary(Bytes) -> ok end,
    erlang:garbage_collect(),
    exchange(Node, Large, Left - 1).

times_of(Caller) -> Caller ! {times, self()}, receive {times, Times} -> Times end.

call(Node, Number, Times) ->
    Begun = erlang:monotonic_time(nanosecond),
    {small, Node} ! {self(), Number},
    receive Number -> ok end,
    Took = erlang:monotonic_time(nanosecond) - Begun,
    More = [Took | Times],
    receive {times, From} -> From ! {times, More}, call(Node, Number + 1, [])
    after max(0, 1 - Took div 1000000) -> call(Node, Number + 1, More)
    end.
