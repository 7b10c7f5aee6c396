// SPDX-License-Identifier: Apache-2.0
//
// Large messages and small ones on the same connection, and the limits of large ones.
#include "interop/with_otp.hpp"

#include <algorithm>

namespace sedge::test {
namespace {

constexpr std::size_t large_bytes = 200'000'000;

// What must not happen is that small calls wait for a whole large message. How long the slowest of them take is not
// ours alone: OTP copies a binary of this size in one piece when its last part has come, which takes it from 50 ms to a
// second (a machine whose fresh memory is slow). bench/large_and_small.cpp measures two nodes of ours.
constexpr milliseconds usual_small_call_max{50};

class Large : public WithOtp {
protected:
    sedge_side& us = start_sedge({.more = [](node_options& o) { o.message_bytes_max = std::size_t{256} << 20; }});
    otp_node& otp = start_otp();
    const atom there{otp.name()};

    void SetUp() override { ASSERT_TRUE(run(us.node.connect(there))); }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }
};

/// Each way alone as well, which tells what the slowest calls wait for.
class LargeWays : public Large, public testing::WithParamInterface<direction> {};

TEST_P(LargeWays, TwoHundredMegabytesCrossWhileSmallCallsGoOn) {
    const bool we_send = GetParam() != direction::to_us;
    const bool they_send = GetParam() != direction::from_us;
    if (we_send && they_send)
        proves("Flow", "200 MB each way at the same time, small calls between the parts", direction::both);
    bool came = !they_send;
    us.node.spawn(
        [&](process& self) -> task<> {
            term message = co_await self.receive();
            const auto bytes = message.view().binary();
            came = bytes && bytes->size() == large_bytes && bytes->front() == 7 && bytes->back() == 7;
        },
        {.label = "sink", .name = "sink"_atom});
    otp.erl("register(small, spawn(fun F() -> receive {From, N} -> From ! N, F() end end))");
    otp.erl("register(large, spawn(fun() -> receive B -> "
            "{answer, 'sedge@127.0.0.1'} ! {got, byte_size(B), binary:first(B), binary:last(B)} end end))");
    otp.erl("B = binary:copy(<<7>>, 200000000), ok");

    const term large{byte_buffer(large_bytes, 9)};
    std::string answer;
    bool over = false;
    std::vector<duration> took;
    us.node.spawn([&](process& self) -> task<> {
        const destination small = registered{"small"_atom, there};
        for (int i = 0; !over; ++i) {
            const auto begun = self.env().now();
            self.send(small, term{std::tuple{self.self(), i}});
            auto waiting = self.receive<int>();
            co_await std::move(waiting);
            took.push_back(self.env().now() - begun);
            const auto next = begun + 1ms;
            if (next > self.env().now()) {
                auto pause = self.sleep(next - self.env().now());
                co_await std::move(pause);
            }
        }
    });
    us.node.spawn(
        [&](process& self) -> task<> {
            term message = co_await self.receive();
            answer = to_erlang(message);
        },
        {.label = "answer", .name = "answer"_atom});
    run_for(50ms);
    otp.ask_erl(they_send ? "{sink, 'sedge@127.0.0.1'} ! B, sent" : "sent");
    if (we_send) us.node.send(registered{"large"_atom, there}, large);
    EXPECT_TRUE(eventually([&] { return came && (!we_send || !answer.empty()); }, 120s));
    over = true;
    EXPECT_EQ(answer, we_send ? "{got,200000000,9,9}" : "");
    EXPECT_EQ(otp.answer(60s), "sent");
    EXPECT_TRUE(us.node.is_connected(there));
    run_for(100ms);

    ASSERT_GT(took.size(), 20u);
    std::sort(took.begin(), took.end());
    const auto p99 = took[took.size() * 99 / 100];
    const auto micros = [](duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); };
    std::printf("%zu small calls: median %ld us, p99 %ld us, worst %ld us\n", took.size(),
                static_cast<long>(micros(took[took.size() / 2])), static_cast<long>(micros(p99)),
                static_cast<long>(micros(took.back())));
    EXPECT_LT(took[took.size() / 2], usual_small_call_max);
}

INSTANTIATE_TEST_SUITE_P(Ways, LargeWays, testing::Values(direction::both, direction::to_us, direction::from_us),
                         [](const auto& made) {
                             return made.param == direction::both    ? "Both"
                                    : made.param == direction::to_us ? "ToSedge"
                                                                     : "FromSedge";
                         });

TEST_F(Large, MessageAboveTheLimitEndsTheConnectionWithASentence) {
    proves("Flow", "a message above message_bytes_max closes the connection", direction::to_us);
    otp.erl("{nobody, 'sedge@127.0.0.1'} ! binary:copy(<<7>>, 255 bsl 20), ok");
    EXPECT_EQ(otp.erl("rpc:call('sedge@127.0.0.1', erlang, node, [], 60000)", 90s), "'sedge@127.0.0.1'");
    otp.erl("{nobody, 'sedge@127.0.0.1'} ! binary:copy(<<7>>, 257 bsl 20), ok");
    EXPECT_TRUE(eventually([&] { return !us.node.is_connected(there); }, 60s));
    EXPECT_NE(log->text.find("message_bytes_max says how large one may be"), std::string::npos) << log->text;
}

TEST_F(Large, OtpTakesWhatWeWouldNot) {
    proves("Flow", "a message above message_bytes_max is no limit of what is sent", direction::from_us);
    otp.ask_erl("receive {B, From} -> {byte_size(B), binary:last(B)} after 60000 -> none end");
    const term large{byte_buffer(std::size_t{300} << 20, 5)};
    us.node.send(registered{"driver"_atom, there}, term{std::tuple{large, us.node.name()}});
    EXPECT_EQ(otp.answer(90s), "{314572800,5}");
    EXPECT_TRUE(us.node.is_connected(there));
}

/// With the limits that a node has if nobody says otherwise.
class ManyLarge : public WithOtp {
protected:
    sedge_side& us = start_sedge();
    otp_node& otp = start_otp();
    const atom there{otp.name()};

    void SetUp() override { ASSERT_TRUE(run(us.node.connect(there))); }
    void TearDown() override { EXPECT_EQ(otp.complaints(), ""); }
};

/// What OTP does when many of its processes send at the same time: parts of all of them in turn, so that hundreds of
/// messages are under way, and none is whole before most of the bytes have come.
TEST_F(ManyLarge, OfHundredsOfTheirProcessesAtOnceAllArrive) {
    proves("Flow", "hundreds of processes send several megabytes each at the same time", direction::to_us);
    std::size_t came = 0;
    us.node.spawn(
        [&](process& self) -> task<> {
            for (;;) {
                term message = co_await self.receive();
                const auto bytes = message.view().binary();
                came += bytes && bytes->size() == 2'000'000 && bytes->back() == 7 ? 1 : 0;
            }
        },
        {.label = "sink", .name = "sink"_atom});
    otp.erl("B = binary:copy(<<7>>, 2000000), Ps = [spawn(fun() -> receive go -> {sink, 'sedge@127.0.0.1'} ! B end end)"
            " || _ <- lists:seq(1, 200)], [P ! go || P <- Ps], ok");
    EXPECT_TRUE(eventually([&] { return came == 200 || !us.node.is_connected(there); }, 60s));
    EXPECT_EQ(came, 200u);
    EXPECT_TRUE(us.node.is_connected(there)) << log->text;
}

TEST_F(Large, AtomHeavyMessagesCrossBothWays) {
    proves("Packets", "messages of more atoms than the cache has slots", direction::both);
    us.node.spawn(
        [](process& self) -> task<> {
            for (;;) {
                auto waiting = self.receive<pid, term>();
                auto [from, what] = co_await std::move(waiting);
                self.send(from, what);
            }
        },
        {.label = "echo", .name = "echo"_atom});
    otp.erl("Names = [list_to_atom(\"word_\" ++ integer_to_list(I)) || I <- lists:seq(1, 6000)], ok");
    otp.erl("Echo = fun(T) -> {echo, 'sedge@127.0.0.1'} ! {self(), T}, "
            "receive T -> same; Other -> {other, Other} after 20000 -> none end end, ok");
    // One at a time, in messages of up to 255 and more atoms, and all in one message in parts.
    EXPECT_EQ(otp.erl("lists:usort([Echo({N, self(), N}) || N <- Names])", 60s), "[same]");
    EXPECT_EQ(otp.erl("Sub = fun(I, L) -> lists:sublist(Names, I, L) end, "
                      "lists:usort([Echo(Sub(I, L)) || I <- [1, 100, 2000, 5000], L <- [254, 255, 256, 700]])",
                      60s),
              "[same]");
    EXPECT_EQ(otp.erl("Echo([{N, [N, #{N => N}]} || N <- Names])", 60s), "same");
    EXPECT_EQ(otp.erl("Echo(list_to_atom(lists:duplicate(255, 16#1F40D)))"), "same");
}

} // namespace
} // namespace sedge::test
