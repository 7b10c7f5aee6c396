// SPDX-License-Identifier: Apache-2.0
#include "otp/source_function.hpp"

#include <gtest/gtest.h>

#include <source_location>

namespace sedge::test {
namespace {

std::string read(std::string_view pretty_function) {
    auto found = otp::function_at("/src/otp/rex.cpp", pretty_function, 7);
    return found.module + ":" + found.function + "/" + std::to_string(found.arity);
}

TEST(SourceFunction, NamesOfPlainFunctions) {
    EXPECT_EQ(read("int main()"), "rex.cpp:main/0");
    EXPECT_EQ(read("void a::{anonymous}::run(a::P&, std::map<int, int>)"), "rex.cpp:run/2");
    EXPECT_EQ(read("std::map<int, a::b>& a::S::get(int) const"), "rex.cpp:get/1");
    EXPECT_EQ(read("a::S& a::S::operator()(P&)"), "rex.cpp:operator()/1");
    EXPECT_EQ(read("auto a::t(T) [with T = int]"), "rex.cpp:t/1");
    EXPECT_EQ(read("virtual void (anonymous namespace)::S::f(std::function<void (int, int)>)"), "rex.cpp:f/1");
}

TEST(SourceFunction, NamesOfCoroutines) {
    EXPECT_EQ(read("void x::{anonymous}::run_it(run_it(P&, std::shared_ptr<int>, std::function<void(int, int)>)"
                   "::_ZN1x12_GLOBAL__N_16run_itER1PSt10shared_ptrIiESt8functionIFviiEE.Frame*)"),
              "rex.cpp:run_it/3");
    EXPECT_EQ(read("void x::S::m(x::S::m(P&) const::_ZNK1x1S1mER1P.Frame*)"), "rex.cpp:m/1");
    EXPECT_EQ(read("void x::S::t(x::S::t<int>(P&, int)::_ZN1x1S1tIiEE4taskR1PT_.Frame*)"), "rex.cpp:t/2");
    EXPECT_EQ(read("void x::none(none()::_ZN1x4noneEv.Frame*)"), "rex.cpp:none/0");
}

TEST(SourceFunction, ALambdaIsNamedAfterTheFunctionAroundIt) {
    EXPECT_EQ(read("main()::<lambda(P&)>::<lambda(P&)>"), "rex.cpp:-main/0-lambda-/1");
    EXPECT_EQ(read("void main()::<lambda(P&)>::operator()(main()::<lambda(P&)>::_ZZ4mainENKUlR1PE_clES0_.Frame*)"),
              "rex.cpp:-main/0-lambda-/1");
    EXPECT_EQ(read("a::run(int, int)::<lambda()>"), "rex.cpp:-run/2-lambda-/0");
}

TEST(SourceFunction, NothingIsTooStrange) {
    for (const char* text :
         {"", ")", "(", "::<lambda(", ".Frame*)", "x(.Frame*)", "::_Z(.Frame*)", "((((", ">>>>", "a b"})
        (void)read(text);
    EXPECT_EQ(read(""), "rex.cpp:?/0");
    EXPECT_EQ(otp::function_at("plain.cpp", "int f()", 3).module, "plain.cpp");
}

TEST(SourceFunction, ThePlaceOfACall) {
    auto here = otp::function_at(std::source_location::current());
    EXPECT_EQ(here.module, "source_function_test.cpp");
    EXPECT_EQ(here.function, "TestBody");
    EXPECT_EQ(here.line, static_cast<unsigned>(__LINE__ - 3));
}

} // namespace
} // namespace sedge::test
