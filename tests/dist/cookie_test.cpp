// SPDX-License-Identifier: Apache-2.0

#include "dist/recorded.hpp"

#include <sedge/dist/cookie.hpp>
#include <sedge/dist/error.hpp>
#include <sedge/wire/simulation.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

using namespace sedge;
using dist::cookie;

namespace {

/// A folder of its own for files, removed at the end.
struct CookieFile : testing::Test {
    CookieFile() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sedge-cookie-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
    }
    ~CookieFile() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& content, mode_t mode = 0400) {
        const auto path = (folder / "cookie").string();
        std::ofstream{path} << content;
        ::chmod(path.c_str(), mode);
        return path;
    }
    std::filesystem::path folder;
};

std::string sentence_of(const result<cookie>& failed) { return failed ? "" : failed.error().context(); }

} // namespace

TEST(Cookie, AnswersAsInAllRecordedHandshakes) {
    std::size_t checked = 0;
    for (const auto& stream : test::recorded_streams("handshake")) {
        const auto* challenge = stream.find("send_challenge");
        const auto* reply = stream.find("send_challenge_reply");
        const auto* ack = stream.find("send_challenge_ack");
        if (ack == nullptr) continue;
        SCOPED_TRACE(stream.name);
        const auto from_acceptor = static_cast<std::uint32_t>(test::number_of(*challenge, "challenge"));
        const auto from_initiator = static_cast<std::uint32_t>(test::number_of(*reply, "challenge"));
        EXPECT_EQ(to_hex(stream.cookie.answer(from_acceptor)), test::text_of(*reply, "digest"));
        EXPECT_EQ(to_hex(stream.cookie.answer(from_initiator)), test::text_of(*ack, "digest"));
        ++checked;
    }
    EXPECT_GE(checked, 14u);
}

TEST(Cookie, AcceptsOnlyTheRightProof) {
    const auto mine = cookie::from_text("SEDGECOOKIE").value();
    auto proof = mine.answer(785074433);
    EXPECT_EQ(to_hex(proof), "8848283454659dc17a93129dea5bf362");
    EXPECT_TRUE(mine.accepts(proof, 785074433));
    EXPECT_FALSE(mine.accepts(proof, 785074434));
    EXPECT_FALSE(mine.accepts(byte_view{proof}.first(15), 785074433));
    proof[15] ^= 1;
    EXPECT_FALSE(mine.accepts(proof, 785074433));
}

TEST(Cookie, ThatIsNotSetAcceptsNothing) {
    EXPECT_FALSE(cookie{}.accepts(cookie{}.answer(1), 1));
}

TEST(Cookie, TakesLatin1AndNothingBeyond) {
    EXPECT_TRUE(cookie::from_text("k\xc3\xa5k\xc3\xa4"));
    EXPECT_FALSE(cookie::from_text("\xc4\x80"));     // U+0100
    EXPECT_FALSE(cookie::from_text("\xc3"));         // cut
    EXPECT_FALSE(cookie::from_text("\xe2\x82\xac")); // U+20AC
    EXPECT_FALSE(cookie::from_text(""));
    EXPECT_TRUE(cookie::from_text(std::string(254, 'c')));
    EXPECT_TRUE(cookie::from_text(std::string(255, 'c')));
    EXPECT_FALSE(cookie::from_text(std::string(256, 'c')));
}

TEST(Cookie, IsWipedWhenItIsMovedFrom) {
    auto first = cookie::from_text("SEDGECOOKIE").value();
    const cookie second = std::move(first);
    EXPECT_FALSE(first.is_set()); // NOLINT: that is the question
    EXPECT_TRUE(second.is_set());
}

TEST(Cookie, GeneratedOnesAreLongAndDifferent) {
    wire::simulation world{1};
    auto& env = world.machine("10.0.0.1");
    std::set<std::string> answers;
    for (int i = 0; i < 100; ++i) {
        const auto one = cookie::generate(env);
        EXPECT_FALSE(one.advice());
        answers.insert(to_hex(one.answer(1)));
    }
    EXPECT_EQ(answers.size(), 100u);
}

TEST(Cookie, AdviceIsGivenForWeakOnes) {
    struct row {
        const char* text;
        const char* advice;
    };
    for (const auto& [text, advice] :
         {row{"monster", "well-known"}, row{"edge-servers", "well-known"}, row{"abc", "only 3 characters"},
          row{"fifteen-letters", "only 15 characters"}, row{"ABCDEFGHIJKLMNOPQRST", "36 bits"}}) {
        SCOPED_TRACE(text);
        const auto given = cookie::from_text(text).value().advice();
        ASSERT_TRUE(given);
        EXPECT_NE(given->find(advice), std::string::npos) << *given;
        EXPECT_EQ(given->find(text), std::string::npos) << "the cookie itself is never printed";
    }
    EXPECT_FALSE(cookie::from_text("sixteen-letters!").value().advice());
    EXPECT_FALSE(cookie::from_text("ABCDEFGHIJKLMNOPQRSTU").value().advice());
}

TEST_F(CookieFile, IsReadWithoutTheEndOfItsLine) {
    const auto wanted = cookie::from_text("SEDGECOOKIE").value().answer(1);
    for (const char* content : {"SEDGECOOKIE", "SEDGECOOKIE\n", "SEDGECOOKIE \r\n\n"}) {
        std::filesystem::remove(folder / "cookie");
        EXPECT_EQ(cookie::load(write(content)).value().answer(1), wanted);
    }
}

TEST_F(CookieFile, OpenToOthersIsRefusedWithWhatToDo) {
    for (const mode_t mode : {0440u, 0404u, 0640u, 0777u}) {
        std::filesystem::remove(folder / "cookie");
        const auto path = write("SEDGECOOKIE", mode);
        const auto loaded = cookie::load(path);
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error(), make_error_code(dist::errc::cookie_unusable));
        EXPECT_NE(sentence_of(loaded).find("chmod 400 " + path), std::string::npos);
    }
}

TEST_F(CookieFile, LinkIsNotFollowed) {
    const auto path = write("SEDGECOOKIE");
    const auto link = (folder / "link").string();
    ASSERT_EQ(::symlink(path.c_str(), link.c_str()), 0);
    EXPECT_NE(sentence_of(cookie::load(link)).find("symbolic link"), std::string::npos);
}

TEST_F(CookieFile, PipesAndFoldersAreNotRead) {
    const auto pipe = (folder / "pipe").string();
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_NE(sentence_of(cookie::load(pipe)).find("is not a file"), std::string::npos);
    EXPECT_NE(sentence_of(cookie::load(folder.string())).find("is not a file"), std::string::npos);
}

TEST_F(CookieFile, OfAnotherUserIsRefused) {
    if (::geteuid() != 0) return; // only root can give a file away
    const auto path = write("SEDGECOOKIE");
    ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
    EXPECT_NE(sentence_of(cookie::load(path)).find("another user"), std::string::npos);
}

TEST_F(CookieFile, UnusableContentIsExplained) {
    struct row {
        std::string content;
        const char* why;
    };
    for (const auto& [content, why] :
         {row{"", "is empty"}, row{"\n\n", "is empty"}, row{"one\ntwo", "one line"},
          row{"k\xc3\xa5", "printable ASCII"}, row{std::string(256, 'c'), "longer than 255"},
          row{std::string(600, 'c'), "too long"}}) {
        std::filesystem::remove(folder / "cookie");
        const auto loaded = cookie::load(write(content));
        ASSERT_FALSE(loaded);
        EXPECT_NE(sentence_of(loaded).find(why), std::string::npos) << sentence_of(loaded);
    }
}

TEST_F(CookieFile, MissingIsASystemError) {
    const auto loaded = cookie::load((folder / "none").string());
    EXPECT_EQ(loaded.error().code(), std::errc::no_such_file_or_directory);
}

TEST_F(CookieFile, IsSavedForItsOwnerOnlyAndNeverOverwritten) {
    wire::simulation world{1};
    const auto made = cookie::generate(world.machine("10.0.0.1"));
    const auto path = (folder / "new").string();
    ASSERT_TRUE(made.save(path));
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0400u);
    EXPECT_EQ(cookie::load(path).value().answer(9), made.answer(9));
    EXPECT_EQ(made.save(path).error().code(), std::errc::file_exists);
}
