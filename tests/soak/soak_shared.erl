%% SPDX-License-Identifier: Apache-2.0
%%
%% What the nodes of scripts/soak have in common: groups of `pg` and names of `global`. The same as soak_shared.cpp.
-module(soak_shared).
-export([start/0, report/0]).

-define(groups, [soak_1, soak_2, soak_3, soak_4]).
-define(contested, [soak_contested_1, soak_contested_2]).

start() ->
    {ok, _} = pg:start_link(),
    spawn_link(fun() -> join_and_leave([spawn_link(fun member/0) || _ <- lists:seq(1, 4)]) end),
    spawn_link(fun() -> keep_name(own_name()) end),
    [spawn_link(fun() -> contend(Name) end) || Name <- ?contested],
    spawn_link(fun() -> greet_by_name() end).

member() -> receive _ -> member() end.

%% Twice a second one process joins a group, or leaves it if it is in already.
join_and_leave(Members) ->
    timer:sleep(500),
    ets:member(soak, quiet) orelse begin
        Group = any(?groups),
        Member = any(Members),
        case lists:member(Member, pg:get_local_members(Group)) of
            true -> pg:leave(Group, Member);
            false -> pg:join(Group, Member)
        end
    end,
    join_and_leave(Members).

own_name() -> list_to_atom("soak_name_" ++ atom_to_list(node())).

%% Holds a name that nobody else wants, and answers by it.
keep_name(Name) ->
    global:whereis_name(Name) =:= self() orelse global:register_name(Name, self()),
    answer(erlang:monotonic_time(millisecond) + 1000),
    keep_name(Name).

answer(Due) ->
    receive {greet, From, N} -> From ! {greeted, N}, answer(Due);
            _ -> answer(Due)
    after max(0, Due - erlang:monotonic_time(millisecond)) -> ok
    end.

%% Has a name held that every node wants: a conflict after each split. Its loser is killed, as is OTP's default.
contend(Name) ->
    ets:member(soak, quiet) orelse global:whereis_name(Name) =/= undefined orelse begin
        Holder = spawn(fun member/0),
        global:register_name(Name, Holder) =:= yes orelse exit(Holder, kill)
    end,
    timer:sleep(1000),
    contend(Name).

%% Sends to each name that is found; a name whose process does not answer counts, but is no fault while nodes die.
greet_by_name() -> greet_by_name(1).
greet_by_name(N) ->
    [case global:whereis_name(Name) of
         undefined -> missing;
         Pid -> Pid ! {greet, self(), N}
     end || Name <- global:registered_names(), lists:prefix("soak_name_", atom_to_list(Name))],
    greetings(erlang:monotonic_time(millisecond) + 1000),
    greet_by_name(N + 1).

greetings(Due) ->
    receive {greeted, _} -> ets:update_counter(soak, greeted, 1, {greeted, 0}), greetings(Due)
    after max(0, Due - erlang:monotonic_time(millisecond)) -> ok
    end.

any(List) -> lists:nth(rand:uniform(length(List)), List).

%% Names and groups as this node sees them; pids in a form that is the same everywhere.
report() ->
    Names = [[$", atom_to_list(Name), "\":", shown(global:whereis_name(Name))] ||
        Name <- lists:sort(global:registered_names())],
    Groups = [[$", atom_to_list(Group), "\":[", lists:join(",", members(Group)), "]"] || Group <- ?groups],
    Greeted = case ets:lookup(soak, greeted) of [{_, N}] -> N; [] -> 0 end,
    [",\"greeted\":", integer_to_list(Greeted),
        ",\"names\":{", lists:join(",", Names), "},\"groups\":{", lists:join(",", Groups), "}"].

members(Group) -> lists:sort([lists:flatten(shown(Pid)) || Pid <- pg:get_members(Group)]).

shown(undefined) -> "null";
shown(Pid) ->
    Whole = term_to_binary(Pid),
    <<Id:32, Serial:32, Creation:32>> = binary:part(Whole, byte_size(Whole), -12),
    io_lib:format("\"~s/~b/~b/~b\"", [node(Pid), Id, Serial, Creation]).
