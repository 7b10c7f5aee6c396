%% SPDX-License-Identifier: Apache-2.0
%% W5: term_to_binary and binary_to_term of the corpora of bench/README.md; bench/codec.cpp makes the same terms.
%%   erl ... -run bench_codec write FOLDER      the corpora as files, for those who cannot make terms
%%   erl ... -run bench_codec main
-module(bench_codec).
-export([write/1, main/0]).

write([Folder]) ->
    [ok = file:write_file(filename:join(Folder, Name ++ ".etf"), encoded(Term)) || {Name, Term} <- corpora()],
    halt(0).

main() ->
    [measure(Name, Term, encoded(Term)) || {Name, Term} <- corpora()],
    halt(0).

corpora() ->
    [{"a_small", small_call()}, {"b_map1k", configuration()}, {"c_ints10k", [integer(I) || I <- lists:seq(0, 9999)]},
     {"e_atoms200", list_to_tuple([list_to_atom("bench_atom_name_" ++ integer_to_list(I)) || I <- lists:seq(1, 200)])}].

%% With the tags that distribution uses.
encoded(Term) -> term_to_binary(Term, [{minor_version, 2}]).

%% The pid and the reference of another node can only be had from their bytes.
small_call() ->
    Node = <<"edge@127.0.0.1">>,
    Name = <<119, (byte_size(Node)), Node/binary>>,
    Pid = binary_to_term(<<131, 88, Name/binary, 100:32, 7:32, 1700000000:32>>),
    Ref = binary_to_term(<<131, 90, 3:16, Name/binary, 1700000000:32, 11:32, 22:32, 33:32>>),
    {'$gen_call', {Pid, Ref}, {get, 42, <<"0123456789abcdef0123456789abcdef">>}}.

configuration() ->
    Route = fun(I) ->
        #{<<"path">> => <<"/api/v1/items">>, <<"method">> => <<"GET">>, <<"weight">> => I, <<"timeout">> => 5000 + I,
          <<"upstream">> => <<"10.0.0.1:8080">>}
    end,
    #{<<"id">> => 123456789, <<"name">> => <<"edge-node-17">>, <<"enabled">> => true, <<"load">> => 0.7342,
      <<"uptime">> => 8640012, <<"tags">> => [<<"edge">>, <<"eu-central">>, <<"cache">>, <<"http">>],
      <<"location">> => #{<<"lat">> => 52.5200066, <<"lon">> => 13.404954, <<"city">> => <<"Berlin">>},
      <<"limits">> => #{<<"cpu">> => 4, <<"mem">> => 17179869184, <<"conns">> => 65535, <<"ratio">> => 1.25,
                        <<"burst">> => -1},
      <<"samples">> => [12.5, 13.25, 11.0, 9.75, 14.125, 10.0, 300, 400, 500, 70000],
      <<"routes">> => [Route(I) || I <- lists:seq(1, 5)], <<"note">> => nil}.

%% A quarter each: a byte, 32 bits with sign, up to 60 bits, negative up to 63 bits.
integer(I) when I rem 4 =:= 0 -> I band 255;
integer(I) when I rem 4 =:= 1 -> (I * 104729) rem 2147483647 - 1073741824;
integer(I) when I rem 4 =:= 2 -> (I + 1) * 104395301 * 1009;
integer(I) -> -((I + 1) * 922337203685477).

measure(Name, Term, Bytes) ->
    tell(Name ++ " encode", best(fun() -> encoded(Term) end)),
    tell(Name ++ " decode", best(fun() -> binary_to_term(Bytes) end)).

tell(Metric, Nanoseconds) -> io:format("R\tW5\totp\t~s\t~.1f\tns~n", [Metric, Nanoseconds]).

%% The best of five rounds of about 0.1 s each, as in bench/codec.cpp; each in a process of its own, with a fresh heap.
best(Job) ->
    Times = enough(Job, 16),
    lists:min([in_a_process(Job, Times) / Times || _ <- lists:seq(1, 5)]).

enough(Job, Times) ->
    case in_a_process(Job, Times) of
        Took when Took > 100000000 -> Times;
        _ -> enough(Job, Times * 2)
    end.

in_a_process(Job, Times) ->
    Self = self(),
    spawn_link(fun() ->
        Begun = erlang:monotonic_time(nanosecond),
        repeat(Job, Times),
        Self ! {took, erlang:monotonic_time(nanosecond) - Begun}
    end),
    receive {took, Nanoseconds} -> Nanoseconds end.

repeat(_, 0) -> ok;
repeat(Job, Left) -> Job(), repeat(Job, Left - 1).
