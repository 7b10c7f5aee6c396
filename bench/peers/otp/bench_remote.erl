%% SPDX-License-Identifier: Apache-2.0
%% The responder and the clients of bench/README.md (W1, W2, W3) on a node of OTP.
%%
%%   erl ... -run bench_remote serve
%%   erl ... -run bench_remote round_trip PEER SECONDS
%%   erl ... -run bench_remote small PEER COUNT
%%   erl ... -run bench_remote large PEER COUNT
%%   erl ... -run bench_remote watch PEER           W8: says when PEER is down
-module(bench_remote).
-export([serve/0, round_trip/1, small/1, large/1, watch/1]).

serve() ->
    true = register(responder, self()),
    %% What a flooded process of OTP should do; without it the garbage collector copies the waiting messages.
    process_flag(message_queue_data, off_heap),
    io:format("READY~n"),
    respond().

respond() ->
    receive
        {ping, From, Number} ->
            From ! {pong, Number},
            respond();
        {note, _, _} ->
            respond();
        {where, From, _} ->
            From ! {here, self()},
            respond();
        {count, From, Count} ->
            From ! ready,
            swallow(Count),
            From ! {done, Count},
            respond()
    end.

swallow(0) -> ok;
swallow(Count) ->
    receive
        {msg, Number, Bytes} when is_integer(Number), is_binary(Bytes) -> swallow(Count - 1);
        {blob, Bytes} when is_binary(Bytes) -> swallow(Count - 1)
    end.

%% A C node is hidden and knows no processes: `connect_node` refuses it, a message to any name is for its only pid.
find(Peer) ->
    Node = list_to_atom(Peer),
    true = net_kernel:connect_node(Node) orelse net_kernel:hidden_connect_node(Node),
    {responder, Node} ! {where, self(), 0},
    receive {here, Pid} -> Pid after 10000 -> exit(no_responder) end.

now_ns() -> erlang:monotonic_time(nanosecond).

tell(Workload, Metric, Value, Unit) ->
    io:format("R\t~s\totp\t~s\t~.3f\t~s~n", [Workload, Metric, float(Value), Unit]).

round_trip([Peer, Seconds]) ->
    To = find(Peer),
    For = round(1.0e9 * number(Seconds)),
    Begun = now_ns(),
    Until = Begun + For + For div 10,
    Times = lists:sort(trips(To, self(), 0, Begun, Begun + For div 10, Until, [])),
    Count = length(Times),
    tell("W1", "mean", lists:sum(Times) / Count / 1000, "us"),
    tell("W1", "p50", lists:nth(max(1, Count div 2), Times) / 1000, "us"),
    tell("W1", "p99", lists:nth(max(1, Count * 99 div 100), Times) / 1000, "us"),
    halt(0).

trips(_, _, _, Sent, _, Until, Times) when Sent >= Until -> Times;
trips(To, Self, Number, Sent, CountedFrom, Until, Times) ->
    To ! {ping, Self, Number},
    receive {pong, Number} -> ok after 20000 -> exit(no_pong) end,
    Now = now_ns(),
    More = if Sent >= CountedFrom -> [Now - Sent | Times]; true -> Times end,
    trips(To, Self, Number + 1, Now, CountedFrom, Until, More).

small([Peer, Count]) ->
    Payload = binary:copy(<<"x">>, 32),
    one_way("W2", Peer, list_to_integer(Count), 0, fun(Number) -> {msg, Number, Payload} end).

large([Peer, Count]) ->
    Blob = {blob, binary:copy(<<"x">>, 1 bsl 20)},
    one_way("W3", Peer, list_to_integer(Count), 1 bsl 20, fun(_) -> Blob end).

one_way(Workload, Peer, Count, Bytes, Message) ->
    To = find(Peer),
    To ! {count, self(), Count},
    receive ready -> ok after 10000 -> exit(not_ready) end,
    Begun = now_ns(),
    send(To, Message, Count),
    receive {done, Count} -> ok after 300000 -> exit(not_done) end,
    Seconds = (now_ns() - Begun) / 1.0e9,
    tell(Workload, "messages", Count / Seconds, "msg/s"),
    Bytes > 0 andalso tell(Workload, "rate", Count * Bytes / 1.0e6 / Seconds, "MB/s"),
    halt(0).

watch([Peer]) ->
    Node = list_to_atom(Peer),
    _ = find(Peer),
    monitor_node(Node, true),
    io:format("WATCHING~n"),
    receive {nodedown, Node} -> io:format("DOWN ~b~n", [os:system_time(nanosecond)]) end,
    halt(0).

send(_, _, 0) -> ok;
send(To, Message, Count) ->
    To ! Message(Count),
    send(To, Message, Count - 1).

number(Text) ->
    try list_to_float(Text) catch error:badarg -> list_to_integer(Text) end.
