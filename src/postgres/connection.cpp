// SPDX-License-Identifier: Apache-2.0
#include "postgres/connection.hpp"

#include <sedge/base/log.hpp>

#include <map>
#include <memory>
#include <sys/epoll.h>
#include <unistd.h>

namespace sedge::postgres {
namespace {

std::string one_line(const char* text) {
    std::string out{text ? text : ""};
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    for (auto& c : out)
        if (c == '\n') c = ' ';
    return printable(out);
}

// Parameters as libpq calls them; those of the URL first.
result<std::map<std::string, std::string>> parameters_of(const cluster::postgres_strategy& how) {
    std::map<std::string, std::string> out;
    if (!how.url.empty()) {
        char* complaint = nullptr;
        std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed{
            PQconninfoParse(how.url.c_str(), &complaint), PQconninfoFree};
        if (!parsed) {
            error bad{errc::invalid_argument, "url: " + one_line(complaint)};
            PQfreemem(complaint);
            return bad;
        }
        for (const auto* each = parsed.get(); each->keyword; ++each)
            if (each->val) out[each->keyword] = each->val;
    }
    const cluster::postgres_strategy usual;
    const auto put = [&out](const char* keyword, const std::string& value, bool is_given) {
        if (is_given || (!out.contains(keyword) && !value.empty())) out[keyword] = value;
    };
    if (!how.socket_dir.empty())
        out["host"] = how.socket_dir;
    else
        put("host", how.hostname, how.hostname != usual.hostname);
    put("port", std::to_string(how.port), how.port != usual.port);
    put("user", how.username, !how.username.empty());
    put("password", how.password, !how.password.empty());
    put("dbname", how.database, !how.database.empty());
    if (!how.sslrootcert.empty()) {
        out["sslmode"] = "verify-full";
        out["sslrootcert"] = how.sslrootcert;
    } else if (how.ssl) {
        out["sslmode"] = "require";
    }
    std::string settings;
    for (const auto& each : how.parameters) {
        settings += settings.empty() ? "-c " : " -c ";
        for (char c : each) { // blanks and backslashes end a word otherwise
            if (c == ' ' || c == '\\') settings += '\\';
            settings += c;
        }
    }
    if (!settings.empty()) out["options"] = settings;
    out["client_encoding"] = "UTF8";
    return out;
}

} // namespace

result<std::string> host_of(const cluster::postgres_strategy& how) {
    auto parameters = parameters_of(how);
    if (!parameters) return std::move(parameters).error();
    if (parameters->contains("hostaddr")) return std::string{};
    const auto host = (*parameters)["host"];
    return host.starts_with('/') ? std::string{} : host;
}

connection::~connection() { PQfinish(native_); }

error connection::failure(const char* step) const {
    return {wire::errc::closed, std::string{step} + ": " + (native_ ? one_line(PQerrorMessage(native_)) : "no memory")};
}

task<result<void>> connection::open(cluster::postgres_strategy how, std::vector<wire::ip_address> addresses,
                                    std::string application) {
    auto parameters = parameters_of(how);
    if (!parameters) co_return parameters.error();
    if (!addresses.empty()) {
        const auto host = (*parameters)["host"];
        std::string hosts;
        std::string literals;
        for (const auto& each : addresses) { // libpq wants as many names as addresses, and tries them in turn
            hosts += (hosts.empty() ? "" : ",") + host;
            literals += (literals.empty() ? "" : ",") + to_string(each);
        }
        (*parameters)["host"] = hosts;
        (*parameters)["hostaddr"] = literals;
    }
    (*parameters)["application_name"] = application;
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : *parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    native_ = PQconnectStartParams(keywords.data(), values.data(), 0);
    if (!native_ || PQstatus(native_) == CONNECTION_BAD) co_return failure("connect");
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        auto waiting = next == PGRES_POLLING_READING ? env_.fd_readable(PQsocket(native_)) : writable();
        co_await std::move(waiting);
        next = PQconnectPoll(native_);
        if (next == PGRES_POLLING_FAILED) co_return failure("connect");
    }
    if (PQsetnonblocking(native_, 1) != 0) co_return failure("connect");
    co_return result<void>{};
}

task<result<void>> connection::run(std::string statement, std::vector<std::string> values) {
    std::vector<const char*> texts;
    for (const auto& value : values) texts.push_back(value.c_str());
    if (PQsendQueryParams(native_, statement.c_str(), static_cast<int>(texts.size()), nullptr, texts.data(), nullptr,
                          nullptr, 0) != 1)
        co_return failure("send");
    for (int unsent = PQflush(native_); unsent != 0; unsent = PQflush(native_)) {
        if (unsent < 0) co_return failure("send");
        auto waiting = writable();
        co_await std::move(waiting);
    }
    std::string complaint;
    for (;;) {
        while (PQisBusy(native_) == 1) {
            auto waiting = readable();
            co_await std::move(waiting);
            if (PQconsumeInput(native_) != 1) co_return failure("receive");
        }
        const std::unique_ptr<PGresult, void (*)(PGresult*)> outcome{PQgetResult(native_), PQclear};
        if (!outcome) break;
        const auto status = PQresultStatus(outcome.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            complaint = one_line(PQresultErrorMessage(outcome.get()));
    }
    if (!complaint.empty()) co_return error{wire::errc::closed, complaint};
    co_return result<void>{};
}

std::string connection::quoted_name(const std::string& name) const {
    const std::unique_ptr<char, void (*)(void*)> quoted{PQescapeIdentifier(native_, name.data(), name.size()),
                                                        PQfreemem};
    return quoted ? quoted.get() : "\"\"";
}

task<> connection::readable() { return env_.fd_readable(PQsocket(native_)); }

// An epoll descriptor can be read when what it watches is ready, for writing as well.
task<> connection::writable() {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) co_return;
    struct closer {
        int fd;
        ~closer() { ::close(fd); }
    } const owner{epoll};
    epoll_event interest{};
    interest.events = EPOLLOUT;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, PQsocket(native_), &interest) != 0) co_return;
    auto waiting = env_.fd_readable(epoll);
    co_await std::move(waiting);
}

result<std::vector<connection::notification>> connection::notifications() {
    if (PQconsumeInput(native_) != 1) return failure("receive");
    std::vector<notification> out;
    for (;;) {
        const std::unique_ptr<PGnotify, void (*)(void*)> next{PQnotifies(native_), PQfreemem};
        if (!next) return out;
        out.push_back({next->relname, next->extra});
    }
}

} // namespace sedge::postgres
