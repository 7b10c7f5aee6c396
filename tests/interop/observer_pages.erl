%% SPDX-License-Identifier: Apache-2.0
%%
%% Drives the windows of OTP's observer as a user does: chooses a node in the menu, turns pages, opens a process, and
%% reads the texts that are shown. Wants a display (Xvfb).
-module(observer_pages).
-export([open/1, shown/2, use_processes/0, process/2, close/0]).

-include_lib("wx/include/wx.hrl").

-define(FIRST_NODE, 1000). % number of the menu entry before the first node, as in observer_wx.erl

%% ok as soon as observer has Node as its node.
open(Node) ->
    ok = observer:start(),
    observer ! {get_debug_info, self()},
    receive {observer_debug, Env, Notebook, _} -> ok end,
    wx:set_env(Env),
    put(notebook, Notebook),
    observer ! {nodeup, Node}, % makes the menu anew
    observer ! {wx, ?FIRST_NODE + index(Node), null, [], {wxCommand, command_menu_selected, [], 0, 0}},
    until(fun() -> observer_wx:get_active_node() =:= Node end, fun observer_wx:get_active_node/0).

%% Turns to page number Page, the first is 0: ok as soon as it shows Text.
shown(Page, Text) ->
    Notebook = get(notebook),
    wxNotebook:setSelection(Notebook, Page),
    Texts = fun() -> texts(wxNotebook:getPage(Notebook, Page)) end,
    until(fun() -> has(Text, Texts()) end, Texts).

-define(REFRESH, 203). % numbers of menu entries, as in observer_pro_wx.erl
-define(ACCUMULATE, 210).
-define(GARBAGE_COLLECT, 211).

%% On the page of processes: sorts by each column and back, selects the first, and uses the menus. The page lives on.
use_processes() ->
    observer ! {get_debug_info, self()},
    receive {observer_debug, _, _, Page} -> ok end,
    On = fun(List) -> Page ! #wx{event = List} end,
    [On(#wxList{type = command_list_col_click, col = Column}) || Column <- [0, 1, 2, 3, 4, 5, 5]],
    On(#wxList{type = command_list_item_focused, itemIndex = 0}),
    Page ! #wx{id = ?GARBAGE_COLLECT},
    Page ! #wx{id = ?ACCUMULATE, event = #wxCommand{type = command_menu_selected, commandInt = 1}},
    Page ! #wx{id = ?REFRESH, event = #wxCommand{type = command_menu_selected}},
    On(#wxList{type = command_list_item_activated}), % its window
    timer:sleep(1500),
    case is_process_alive(Page) of true -> ok; false -> ended end.

%% Opens the window of a process: ok as soon as it shows Text.
process(Pid, Text) ->
    observer ! {open_link, Pid},
    Texts = fun() -> lists:append([texts(Frame) || Frame <- frames(get(notebook))]) end,
    until(fun() -> has(Text, Texts()) end, Texts).

close() ->
    observer:stop().

%% The menu has the nodes in order.
index(Node) ->
    [_, Host] = string:lexemes(atom_to_list(node()), "@"),
    {ok, Names} = net_adm:names(),
    Nodes = lists:usort([list_to_atom(Name ++ "@" ++ Host) || {Name, _} <- Names] ++ [node() | nodes(connected)]),
    length(lists:takewhile(fun(N) -> N =/= Node end, Nodes)) + 1.

%% The windows that stand by themselves, but belong to this one.
frames(Window) ->
    Children = wxWindow:getChildren(Window),
    [Child || Child <- Children, wxWindow:getName(Child) =:= "frame"] ++ lists:append([frames(C) || C <- Children]).

texts(Window) ->
    Own = case wxWindow:getName(Window) of
              "listCtrl" -> rows(wx:typeCast(Window, wxListCtrl));
              "listBox" -> entries(wx:typeCast(Window, wxListBox));
              _ -> [wxWindow:getLabel(Window)]
          end,
    [Text || Text <- Own, Text =/= []] ++ lists:append([texts(Child) || Child <- wxWindow:getChildren(Window)]).

rows(List) ->
    Columns = lists:seq(0, wxListCtrl:getColumnCount(List) - 1),
    [lists:join(" ", [wxListCtrl:getItemText(List, Row, [{col, Column}]) || Column <- Columns])
     || Row <- lists:seq(0, wxListCtrl:getItemCount(List) - 1)].

entries(Box) ->
    [wxListBox:getString(Box, N) || N <- lists:seq(0, wxListBox:getCount(Box) - 1)].

has(Text, Texts) ->
    lists:any(fun(Shown) -> string:find(lists:flatten(Shown), Text) =/= nomatch end, Texts).

until(Holds, Instead) ->
    until(Holds, Instead, 400). % 40 s

until(_, Instead, 0) ->
    {never, Instead()};
until(Holds, Instead, Left) ->
    case Holds() of
        true -> ok;
        false -> timer:sleep(100), until(Holds, Instead, Left - 1)
    end.
