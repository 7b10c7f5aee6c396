%% SPDX-License-Identifier: Apache-2.0
%% W4: messages between processes of one node of OTP, and what a process costs.
%%   erl +P 2000000 +S N:N ... -run bench_local main
-module(bench_local).
-export([main/0]).

main() ->
    ping_pong(1000000),
    fan_in(100, 20000),
    spawn_many(1000000),
    halt(0).

now_ns() -> erlang:monotonic_time(nanosecond).

tell(Metric, Value, Unit) -> io:format("R\tW4\totp\t~s\t~.2f\t~s~n", [Metric, float(Value), Unit]).

seconds_since(Begun) -> (now_ns() - Begun) / 1.0e9.

ping_pong(Rounds) ->
    Other = spawn_link(fun echo/0),
    rounds(Other, self(), Rounds div 10),
    Begun = now_ns(),
    rounds(Other, self(), Rounds),
    tell("pingpong", 2 * Rounds / seconds_since(Begun), "msg/s"),
    unlink(Other),
    exit(Other, kill).

echo() -> receive {ping, From, Number} -> From ! {pong, Number}, echo() end.

rounds(_, _, 0) -> ok;
rounds(Other, Self, Left) ->
    Other ! {ping, Self, Left},
    receive {pong, Left} -> rounds(Other, Self, Left - 1) end.

%% The receiver keeps its queue outside of its heap, as one does who expects a flood.
fan_in(Senders, Each) ->
    Self = self(),
    Receiver = spawn_opt(fun() -> drain(Senders * Each), Self ! drained end, [link, {message_queue_data, off_heap}]),
    Pids = [spawn_link(fun() -> receive go -> push(Receiver, Each) end end) || _ <- lists:seq(1, Senders)],
    Begun = now_ns(),
    [Pid ! go || Pid <- Pids],
    receive drained -> ok end,
    tell("fanin", Senders * Each / seconds_since(Begun), "msg/s").

drain(0) -> ok;
drain(Left) -> receive {m, _} -> drain(Left - 1) end.

push(_, 0) -> ok;
push(Receiver, Left) -> Receiver ! {m, Left}, push(Receiver, Left - 1).

spawn_many(Count) ->
    erlang:garbage_collect(),
    Before = resident_bytes(),
    Begun = now_ns(),
    Pids = spawned(Count, []),
    Seconds = seconds_since(Begun),
    tell("spawn", Count / Seconds, "proc/s"),
    tell("bytes per process", (resident_bytes() - Before) / Count, "B"),
    Stopping = now_ns(),
    [Pid ! stop || Pid <- Pids],
    all_gone(),
    tell("stop", Count / seconds_since(Stopping), "proc/s").

spawned(0, Pids) -> Pids;
spawned(Left, Pids) -> spawned(Left - 1, [spawn(fun() -> receive stop -> ok end end) | Pids]).

all_gone() ->
    case erlang:system_info(process_count) < 1000 of
        true -> ok;
        false -> timer:sleep(2), all_gone()
    end.

resident_bytes() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Text, <<" ">>, [global]),
    binary_to_integer(Pages) * 4096.
