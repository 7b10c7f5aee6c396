%% SPDX-License-Identifier: Apache-2.0
%%
%% What a node does to one that stops reading, and what others have of it meanwhile. The same as pressure.cpp, which
%% tells the commands.
-module(soak_pressure).
-export([start/0, press/1]).

-define(block_bytes, 65536).
-define(small_senders, 1000).

%% From the process that owns the table `soak`: the numbers are kept there.
start() -> register(soak_echo, spawn_link(fun echo/0)).

echo() ->
    receive
        {From, N} when is_pid(From) -> From ! N;
        _ -> ignored
    end,
    echo().

press("call_often " ++ Node) ->
    spawn(fun() -> register(soak_caller, self()), call_often(list_to_atom(Node), 0, []) end);
press("flood " ++ Node) ->
    Block = binary:copy(<<"x">>, ?block_bytes),
    spawn(fun() -> flood(list_to_atom(Node), Block) end);
press("send_small " ++ Node) ->
    Peer = list_to_atom(Node),
    [spawn(fun() -> {soak_echo, Peer} ! {self(), 1}, count(passed, 1) end) || _ <- lists:seq(1, ?small_senders)];
press("pressure") ->
    spawn(fun() ->
        Took = lists:sort(calls()),
        soak_worker:say(io_lib:format("{\"pressure\":{\"flooded\":~b,\"passed\":~b,\"calls\":~b,"
            "\"p50_us\":~b,\"p99_us\":~b}}",
            [number(flooded), number(passed), length(Took), at(50, Took), at(99, Took)]))
    end);
press(_) -> no_such_command.

call_often(Peer, N, Took) ->
    Begun = erlang:monotonic_time(microsecond),
    {soak_echo, Peer} ! {self(), N},
    Known = answered(N, Took),
    Now = erlang:monotonic_time(microsecond),
    timer:sleep(1),
    call_often(Peer, N + 1, [Now - Begun | Known]).

answered(N, Took) ->
    receive
        N -> Took;
        {calls_to, From} -> From ! {calls, Took}, answered(N, [])
    end.

calls() ->
    case whereis(soak_caller) of
        undefined -> [];
        Caller -> Caller ! {calls_to, self()}, receive {calls, Took} -> Took after 5000 -> [] end
    end.

flood(Peer, Block) ->
    {soak_echo, Peer} ! Block,
    count(flooded, ?block_bytes),
    flood(Peer, Block).

at(_, []) -> 0;
at(Percent, Sorted) -> lists:nth(length(Sorted) * Percent div 100 + 1, Sorted).
count(Key, By) -> ets:update_counter(soak, Key, By, {Key, 0}).
number(Key) -> case ets:lookup(soak, Key) of [{_, N}] -> N; [] -> 0 end.
