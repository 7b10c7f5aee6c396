%% SPDX-License-Identifier: Apache-2.0
%% One node of OTP for bench/formation; writes the same lines as formation_node.cpp.
%%
%%     erl ... -run formation_node main PEERS list NODE...
%%     elixir ... -e ":formation_node.main([PEERS, STRATEGY, ...])" with libcluster, STRATEGY `gossip` PORT or `epmd` NODE...
-module(formation_node).
-export([main/1]).

main([Peers, How | Rest]) ->
    ok = net_kernel:monitor_nodes(true),
    begin_discovery(How, Rest),
    say("UP"),
    watch(list_to_integer(Peers), false).

%% What libcluster's Epmd strategy does, without it: every node connects to all of the list, once.
begin_discovery("list", Nodes) ->
    [net_kernel:connect_node(list_to_atom(Node)) || Node <- Nodes, Node =/= atom_to_list(node())];
begin_discovery("epmd", Nodes) ->
    with_libcluster('Elixir.Cluster.Strategy.Epmd', [{hosts, [list_to_atom(Node) || Node <- Nodes]}]);
begin_discovery("gossip", [Port]) ->
    with_libcluster('Elixir.Cluster.Strategy.Gossip',
                    [{port, list_to_integer(Port)}, {if_addr, <<"233.252.1.32">>}, {multicast_if, <<"127.0.0.1">>},
                     {multicast_addr, <<"233.252.1.32">>}]).

with_libcluster(Strategy, Config) ->
    {ok, _} = 'Elixir.Cluster.Supervisor':start_link([[{formation, [{strategy, Strategy}, {config, Config}]}], []]).

watch(Peers, WasFull) ->
    IsFull = length(nodes()) >= Peers,
    IsFull andalso not WasFull andalso say("FULL"),
    receive
        {nodeup, _} -> ok;
        {nodedown, _} -> say("LOST")
    end,
    watch(Peers, IsFull).

say(What) ->
    io:format("~s ~b~n", [What, os:system_time(nanosecond)]).
