%% SPDX-License-Identifier: Apache-2.0
%%
%% What an OTP node does in scripts/soak: the same as soak_node.cpp, message for message, so that each kind is checked
%% by the other. README.md says what that is.
%%
%% Reads commands from standard input, a line each: `quiet`, `connect NODE`, `disconnect NODE`, and those of
%% soak_pressure. Writes JSON, a line each: reports, nodes that come and go as {"nodeup": "...", "at": seconds} and
%% {"nodedown": "...", "at": seconds} by the system's monotonic clock, and each broken promise as {"violation": "..."}.
-module(soak_worker).
-behaviour(gen_server).
-export([start/1, say/1]).
-export([init/1, handle_call/3, handle_cast/2]).

-define(block_bytes, 1048576 + 256).
-define(call_patience, 20000). % milliseconds; a silent peer is down well before, so no call may wait that long

%% peers: nodes to talk to. reconnect: whether those that are away are dialled each second, as libcluster would.
%% busy: whether there is any traffic. rate: messages a second to each peer. report: milliseconds between reports.
start(#{peers := Peers, reconnect := Reconnect, busy := Busy, rate := Rate, report := Pause}) ->
    ets:new(soak, [named_table, public, {write_concurrency, true}]),
    persistent_term:put(soak_block, block()),
    register(soak_main, self()),
    logger:set_handler_config(default, level, warning),
    net_kernel:monitor_nodes(true),
    Others = Peers -- [node()],
    Busy andalso begin
        register(soak_worker, spawn_link(fun check_streams/0)),
        {ok, _} = gen_server:start_link({local, soak_server}, ?MODULE, [], []),
        [spawn_link(fun() -> talk(Peer, 1000 div Rate) end) || Peer <- Others],
        [spawn_link(fun() -> call(Peer) end) || Peer <- Others],
        soak_shared:start()
    end,
    soak_pressure:start(),
    Reconnect andalso [spawn_link(fun() -> keep_connected(Peer) end) || Peer <- Others],
    spawn_link(fun commands/0),
    say(["{\"up\":true", at()]),
    main(Busy, Pause, erlang:monotonic_time(millisecond) + Pause).

main(Busy, Pause, Due) ->
    receive
        {nodeup, Node} ->
            say(["{\"nodeup\":", text(Node), at()]),
            main(Busy, Pause, Due);
        {nodedown, Node} ->
            say(["{\"nodedown\":", text(Node), at()]),
            count({node_down, Node}),
            main(Busy, Pause, Due)
    after max(0, Due - erlang:monotonic_time(millisecond)) ->
        say(report(Busy)),
        main(Busy, Pause, erlang:monotonic_time(millisecond) + Pause)
    end.

commands() ->
    case io:get_line("") of
        eof -> halt(0);
        "quiet\n" -> ets:insert(soak, {quiet, true});
        "connect " ++ Rest -> net_kernel:connect_node(list_to_atom(string:trim(Rest)));
        "disconnect " ++ Rest -> erlang:disconnect_node(list_to_atom(string:trim(Rest)));
        Line -> soak_pressure:press(string:trim(Line))
    end,
    commands().

keep_connected(Peer) ->
    lists:member(Peer, nodes()) orelse net_kernel:connect_node(Peer),
    timer:sleep(1000),
    keep_connected(Peer).

is_quiet() -> ets:member(soak, quiet).
count(Key) -> count(Key, 1).
count(Key, By) -> ets:update_counter(soak, Key, By, {Key, 0}).
violated(Format, Arguments) ->
    say(["{\"violation\":\"", [C || C <- lists:flatten(io_lib:format(Format, Arguments)), C =/= $", C =/= $\\], "\"}"]).
%% The end of a line about something that happened now. The counter is the system's CLOCK_MONOTONIC.
at() -> io_lib:format(",\"at\":~.6f}", [os:perf_counter(nanosecond) / 1.0e9]).
say(Line) -> io:put_chars([Line, "\n"]).

%% -- streams: numbered messages, all of them, once, in order ----------------------------------------------------------

%% Sends to the checker on Peer while connected. A stream is opened anew for each life of the connection, so that the
%% other side knows from which message on every single one must come.
talk(Peer, Pause) ->
    net_kernel:monitor_nodes(true),
    State = #{peer => Peer, pause => Pause, stream => 0, sequence => 0, state => down},
    talk(case lists:member(Peer, nodes()) of true -> begun(State); false -> State end).

talk(#{peer := Peer, stream := Stream, pause := Pause} = State) ->
    Wait = case State of #{state := talking} -> Pause; _ -> 1000 end,
    Due = erlang:monotonic_time(millisecond) + Wait,
    talk(listen(Due, Peer, Stream, State)).

listen(Due, Peer, Stream, State) ->
    receive
        {nodeup, Peer} -> begun(State);
        {nodedown, Peer} -> State#{state := down};
        {opened, Stream} when map_get(state, State) =:= opening -> State#{state := talking};
        _ -> listen(Due, Peer, Stream, State)
    after max(0, Due - erlang:monotonic_time(millisecond)) -> turn(State)
    end.

begun(#{peer := Peer, stream := Last} = State) ->
    Stream = max(Last + 1, erlang:system_time(microsecond)),
    ets:delete(soak, {out, Peer}),
    opened(State#{stream := Stream, sequence := 0, state := opening}).

opened(#{peer := Peer, stream := Stream} = State) ->
    erlang:send({soak_worker, Peer}, {open, self(), Stream}, [noconnect]),
    State.

turn(#{state := opening} = State) -> opened(State); % its checker may not have been there
turn(#{state := talking, peer := Peer, stream := Stream, sequence := Last} = State) ->
    case is_quiet() of
        true -> State;
        false ->
            Sequence = Last + 1,
            Bytes = payload(Sequence, size()),
            erlang:send({soak_worker, Peer}, {data, node(), Stream, Sequence, Bytes}, [noconnect]),
            count(sent),
            ets:insert(soak, {{out, Peer}, Stream, Sequence}),
            State#{sequence := Sequence}
    end;
turn(State) -> State.

check_streams() ->
    net_kernel:monitor_nodes(true),
    check_streams(#{}).

check_streams(Streams) ->
    receive
        {nodedown, Node} when is_map_key(Node, Streams) ->
            ets:delete(soak, {in, Node}),
            check_streams(maps:update_with(Node, fun({Stream, Last, _}) -> {Stream, Last, broken} end, Streams));
        {open, From, Stream} ->
            Node = node(From),
            From ! {opened, Stream},
            case Streams of
                #{Node := {Stream, _, live}} -> check_streams(Streams); % asked again: our answer was on its way
                _ ->
                    ets:insert(soak, {{in, Node}, Stream, 0}),
                    check_streams(Streams#{Node => {Stream, 0, live}})
            end;
        {data, Node, Stream, Sequence, Bytes} ->
            count(received),
            count(bytes, byte_size(Bytes)),
            payload(Sequence, byte_size(Bytes)) =:= Bytes orelse begin
                count(damaged),
                violated("message ~p of ~p is damaged", [Sequence, Node])
            end,
            check_streams(numbered(Node, Stream, Sequence, Streams));
        _ -> check_streams(Streams)
    end.

%% The rules are those of stream_check.cpp.
numbered(Node, Stream, Sequence, Streams) ->
    case Streams of
        #{Node := {Stream, Last, live}} when Sequence =:= Last + 1 ->
            ets:insert(soak, {{in, Node}, Stream, Sequence}),
            Streams#{Node := {Stream, Sequence, live}};
        #{Node := {Stream, Last, live}} when Sequence > Last ->
            count(lost, Sequence - Last - 1),
            violated("~p lost: messages ~p to ~p", [Node, Last + 1, Sequence - 1]),
            Streams#{Node := {Stream, Sequence, live}};
        #{Node := {Stream, Last, _}} when Sequence =< Last ->
            count(again),
            violated("~p out of order or twice: message ~p after ~p", [Node, Sequence, Last]),
            Streams;
        #{Node := {Stream, _, broken}} ->
            count(strays),
            Streams#{Node := {Stream, Sequence, broken}};
        #{Node := {Newer, _, _}} when Newer > Stream ->
            count(again),
            violated("~p out of order: message of stream ~p after ~p began", [Node, Stream, Newer]),
            Streams;
        _ -> % sent before its sender knew that this node has been away
            count(strays),
            Streams
    end.

size() ->
    case rand:uniform(100) of
        N when N =< 70 -> rand:uniform(100);
        N when N =< 93 -> rand:uniform(16384);
        N when N =< 99 -> rand:uniform(131072);
        _ -> rand:uniform(1048576)
    end.

payload(Sequence, Size) -> binary:part(persistent_term:get(soak_block), Sequence rem 256, Size).
block() -> << <<(I * 31 + (I bsr 8) * 17)>> || I <- lists:seq(0, ?block_bytes - 1) >>.

%% -- calls and monitors -----------------------------------------------------------------------------------------------

init([]) -> {ok, 0}.
handle_call({echo, N, Bytes}, _, State) -> {reply, {echo, N, Bytes}, State};
handle_call({target, Milliseconds}, _, State) ->
    {reply, spawn(fun() -> timer:sleep(Milliseconds), exit(done) end), State}.
handle_cast(_, State) -> {noreply, State}.

call(Peer) -> call(Peer, 1, #{open => #{}, fired => #{}, standing => none}).

call(Peer, N, Monitors0) ->
    Monitors = downs(erlang:monotonic_time(millisecond) + 200, Monitors0),
    case not is_quiet() andalso lists:member(Peer, nodes()) of
        false -> call(Peer, N, Monitors);
        true ->
            Bytes = payload(N, rand:uniform(2000)),
            case ask(Peer, {echo, N, Bytes}) of
                {ok, {echo, N, Bytes}} -> count(calls);
                {ok, Other} -> violated("call ~p of ~p answered ~P", [N, Peer, Other, 10]);
                failed -> count(calls_failed)
            end,
            call(Peer, N + 1, watch(Peer, N, standing(Peer, Monitors)))
    end.

ask(Peer, Request) ->
    try {ok, gen_server:call({soak_server, Peer}, Request, ?call_patience)}
    catch
        exit:{timeout, _} -> violated("call to ~p without answer or end for 20 s", [Peer]), failed;
        exit:_ -> failed
    end.

%% A monitor on the checker of Peer, always.
standing(Peer, #{standing := none} = Monitors) ->
    count(monitors),
    Monitors#{standing := erlang:monitor(process, {soak_worker, Peer})};
standing(_, Monitors) -> Monitors.

%% With each fifth call one on a process that soon ends, or has ended when the monitor arrives.
watch(Peer, N, #{open := Open} = Monitors) when N rem 5 =:= 0 ->
    case ask(Peer, {target, rand:uniform(3000) * (N rem 2)}) of
        {ok, Pid} ->
            count(monitors),
            count(monitors_open),
            Monitors#{open := Open#{erlang:monitor(process, Pid) => true}};
        failed -> Monitors
    end;
watch(_, _, Monitors) -> Monitors.

%% Takes the DOWN messages until Due.
downs(Due, #{open := Open, fired := Fired, standing := Standing} = Monitors) ->
    receive
        {'DOWN', Standing, process, _, _} ->
            count(downs),
            downs(Due, Monitors#{standing := none, fired := remembered(Standing, Fired)});
        {'DOWN', Ref, process, _, Reason} when is_map_key(Ref, Open) ->
            count(downs),
            count(monitors_open, -1),
            lists:member(Reason, [done, noproc, noconnection]) orelse violated("DOWN with ~P", [Reason, 10]),
            downs(Due, Monitors#{open := maps:remove(Ref, Open), fired := remembered(Ref, Fired)});
        {'DOWN', Ref, process, From, _} ->
            violated("~s DOWN of ~p", [case Fired of #{Ref := _} -> "second"; _ -> "unknown" end, From]),
            downs(Due, Monitors);
        _ -> downs(Due, Monitors)
    after max(0, Due - erlang:monotonic_time(millisecond)) -> Monitors
    end.

remembered(Ref, Fired) when map_size(Fired) < 10000 -> Fired#{Ref => true};
remembered(Ref, _) -> #{Ref => true}.

%% -- reports ----------------------------------------------------------------------------------------------------------

report(Busy) ->
    Counters = [[",\"", atom_to_list(Key), "\":", integer_to_list(number(Key))] ||
        Key <- [sent, received, bytes, strays, lost, again, damaged, calls, calls_failed, monitors, downs,
                monitors_open]],
    ["{\"report\":{\"nodes\":[", lists:join(",", [text(N) || N <- lists:sort(nodes())]), "]", Counters,
        ",\"node_downs\":{", lists:join(",", [[text(N), ":", integer_to_list(C)] ||
            [N, C] <- ets:match(soak, {{node_down, '$1'}, '$2'})]), "}",
        ",\"out\":{", streams(out), "},\"in\":{", streams(in), "}", [soak_shared:report() || Busy], "}}"].

number(Key) -> case ets:lookup(soak, Key) of [{_, N}] -> N; [] -> 0 end.
text(Atom) -> [$", atom_to_list(Atom), $"].
streams(Which) ->
    lists:join(",", [[text(Node), ":", io_lib:format("[~b,~b]", [Stream, Sequence])] ||
        [Node, Stream, Sequence] <- ets:match(soak, {{Which, '$1'}, '$2', '$3'})]).
