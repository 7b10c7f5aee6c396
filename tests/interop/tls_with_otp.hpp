// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "interop/with_otp.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace sedge::test {

namespace fs = std::filesystem;

enum class version { otp_default, v1_3 };

/// Nodes of both kinds with certificates and option files that `sedge cert` made.
class TlsWithOtp : public WithOtp {
protected:
    TlsWithOtp() {
        folder = (fs::temp_directory_path() / "sedge-tls-interop-XXXXXX").string();
        EXPECT_NE(::mkdtemp(folder.data()), nullptr);
        sedge({"cert", "init", ca()});
    }
    ~TlsWithOtp() override { fs::remove_all(folder); }

    /// The program as a user runs it; gives what it prints.
    std::string sedge(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), SEDGE_PROGRAM);
        auto running = start(std::move(arguments));
        running->close_input();
        const int status = running->wait_for_end();
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << running->output();
        return running->output();
    }

    [[nodiscard]] std::string ca() const { return folder + "/ca"; }
    [[nodiscard]] std::string file_of(const std::string& name, const std::string& kind) const {
        return ca() + "/" + name + kind;
    }
    std::string issue(const std::string& name, std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"cert", "issue", name, "--ca", ca(), "--force"});
        return sedge(std::move(more));
    }

    static sedge_options ours_with(wire::tls_options files) {
        sedge_options options;
        options.roles = everything_allowed();
        options.more = [files = std::move(files)](node_options& o) {
            o.tls = files;
            o.setup_time = 30s;
        };
        return options;
    }
    wire::tls_options files_of(const std::string& name) const {
        wire::tls_options files;
        files.ca_file = ca() + "/ca.crt";
        files.certificate_file = file_of(name, ".crt");
        files.key_file = file_of(name, ".key");
        return files;
    }
    sedge_side& start_ours() {
        issue("sedge@127.0.0.1");
        return start_sedge(ours_with(files_of("sedge@127.0.0.1")));
    }

    /// A text of the option file that `sedge cert` wrote replaced by another one.
    void change_options(const std::string& name, const std::string& from, const std::string& to) {
        std::stringstream read;
        read << std::ifstream{file_of(name, ".ssl_dist")}.rdbuf();
        std::string text = read.str();
        ASSERT_NE(text.find(from), std::string::npos) << text;
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
        fs::remove(file_of(name, ".ssl_dist"));
        std::ofstream{file_of(name, ".ssl_dist")} << text;
    }
    otp_node& start_theirs(version which = version::v1_3, const std::string& name = "otp@127.0.0.1") {
        issue(name);
        if (which == version::otp_default) // as by somebody who says nothing of versions
            change_options(name, "{versions, ['tlsv1.3', 'tlsv1.2']}", "{depth, 2}");
        return start_otp_with(name);
    }
    otp_node& start_otp_with(const std::string& name) {
        return warmed_up(start_otp(name, {.more = {"-proto_dist", "inet_tls", "-ssl_dist_optfile",
                                                   file_of(name, ".ssl_dist"), "-kernel", "net_setuptime", "30"}}));
    }

    /// OTP loads its TLS at the first handshake. On a busy machine that alone can take longer than handshakes may.
    static otp_node& warmed_up(otp_node& otp) {
        otp.erl("[begin application:load(A), {ok, Ms} = application:get_key(A, modules), "
                "[code:ensure_loaded(M) || M <- Ms], ok end || A <- [crypto, asn1, public_key, ssl]]",
                60s);
        return otp;
    }

    /// OTP dials us and fails; what our log says then.
    std::string refused_dial_of(otp_node& otp) {
        EXPECT_EQ(otp.elixir("Node.ping(:\"sedge@127.0.0.1\")"), ":pang");
        eventually([&] { return log->text.find("failed:") != std::string::npos; }, 3s);
        return log->text;
    }
    /// We dial OTP and fail; the sentence.
    std::string refused_dial_to(otp_node& otp, sedge_side& us) {
        auto outcome = run(us.node.connect(atom{otp.name()}));
        EXPECT_FALSE(outcome);
        return outcome ? "" : outcome.error().message();
    }

    std::string folder;
};

} // namespace sedge::test
