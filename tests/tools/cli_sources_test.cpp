// SPDX-License-Identifier: Apache-2.0
//
// Two whole programs that meet through a source that both ask: etcd, DNS (dnsmasq), and a server that behaves like the
// API of Kubernetes and Rancher's. Each is `sedge start --config`, as a user writes it. Sources that name addresses are
// asked for the other program's name, since both run on one address here.
#include "interop/api_server.hpp"
#include "support/run_program.hpp"
#include "tools/sedge_program.hpp"

namespace sedge::test {
namespace {

class SedgeSources : public Sedge {
protected:
    /// A program with one topology; `%` in its options is what stands in front of the @ in the other one's name.
    program& member(char me, char other, const std::string& strategy, std::string options) {
        for (std::size_t at = 0; (at = options.find('%', at)) != std::string::npos;) options[at] = other;
        const std::string file = std::string{me} + ".toml";
        write(file, "[topologies.plant]\nstrategy = \"" + strategy + "\"\n[topologies.plant.config]\n" + options);
        return *started.emplace_back(
            start({"start", "--name", name_of(me), "--cookie-file", "cookie", "--config", file}));
    }
    /// Starts a and b, which have nothing in common but the source, and waits until they are connected.
    void expect_to_meet(const std::string& strategy, const std::string& options) {
        auto& a = member('a', 'b', strategy, options);
        auto& b = member('b', 'a', strategy, options);
        a.wait_for("[sedge:plant] connected to :\"" + name_of('b') + "\"", std::chrono::seconds{40});
        b.wait_for("[sedge:plant] connected to :\"" + name_of('a') + "\"", std::chrono::seconds{40});
        EXPECT_EQ(run({"call", name_of('a'), "erlang", "nodes", "--cookie-file", "cookie"}).output,
                  "[:\"" + name_of('b') + "\"]\n");
    }
    static std::string name_of(char alive) { return std::string{alive} + "@127.0.0.1"; }

    /// dnsmasq on `name_server()`; it knows these records and nothing else.
    void serve_names(const std::string& records) {
        write("dnsmasq.conf", "no-resolv\nno-hosts\nbind-interfaces\nlisten-address=127.0.0.1\nlocal=/local/\nport=" +
                                  std::to_string(port + 1) + "\n" + records);
        program_options options;
        options.arguments = {"/usr/sbin/dnsmasq",
                             "--keep-in-foreground",
                             "--conf-file=" + (home / "dnsmasq.conf").string(),
                             "--user=root",
                             "--pid-file=" + (home / "pid").string(),
                             "--log-facility=-"};
        server = std::make_unique<program>(std::move(options));
        server->wait_for("started");
    }
    [[nodiscard]] std::string name_server() const {
        return "servers = [\"127.0.0.1:" + std::to_string(port + 1) + "\"]\n";
    }

    void TearDown() override {
        started.clear();
        server.reset(); // it writes below `home`
        Sedge::TearDown();
    }

    std::unique_ptr<program> server;
};

const std::string often = "polling_interval = 200\n";

} // namespace

TEST_F(SedgeSources, EtcdBringsThemTogether) {
    const auto clients = "http://127.0.0.1:" + std::to_string(port + 1);
    const auto peers = "http://127.0.0.1:" + std::to_string(port + 2);
    program_options options;
    options.arguments = {"etcd",
                         "--data-dir=" + (home / "etcd").string(),
                         "--listen-client-urls=" + clients,
                         "--advertise-client-urls=" + clients,
                         "--listen-peer-urls=" + peers,
                         "--initial-advertise-peer-urls=" + peers,
                         "--initial-cluster=default=" + peers};
    options.environment = {{"ETCD_UNSUPPORTED_ARCH", "arm64"}}; // ignored where etcd is at home
    options.directory = home.string();
    server = std::make_unique<program>(std::move(options));
    server->wait_for("ready to serve client requests", std::chrono::seconds{60});
    expect_to_meet("etcd", "endpoints = [\"" + clients + "\"]\nlease_ttl = 5\n");
}

TEST_F(SedgeSources, KubernetesBringsThemTogether) {
    run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                 "2", "-subj", "/CN=kubernetes", "-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key",
                 "-out", "server.pem"},
                home.string());
    fs::create_directory(home / "account");
    fs::copy(home / "server.pem", home / "account/ca.crt");
    write("account/namespace", "ns\n");
    write("account/token", "secret\n");
    api_server api{std::vector<std::string>{"--certificate", home / "server.pem", "--key", home / "server.key"}};
    api.tell("token secret");
    api.tell("selector app=plant");
    api.tell("nodes 127.0.0.1");
    expect_to_meet("kubernetes",
                   "kubernetes_node_basename = \"%\"\nkubernetes_selector = \"app=plant\"\nkubernetes_master = "
                   "\"localhost:" +
                       std::to_string(api.port()) + "\"\nkubernetes_service_account_path = \"" +
                       (home / "account").string() + "\"\n" + often);
}

TEST_F(SedgeSources, RancherBringsThemTogether) {
    api_server api;
    api.tell("nodes 127.0.0.1");
    expect_to_meet("rancher",
                   "node_basename = \"%\"\nurl = \"http://127.0.0.1:" + std::to_string(api.port()) + "\"\n" + often);
}

TEST_F(SedgeSources, AddressesOfAKubernetesServiceBringThemTogether) {
    serve_names("host-record=plant.ns.svc.cluster.local,127.0.0.1\n");
    expect_to_meet("kubernetes_dns",
                   "service = \"plant.ns.svc.cluster.local\"\napplication_name = \"%\"\n" + name_server() + often);
}

TEST_F(SedgeSources, ServiceRecordsOfKubernetesBringThemTogether) {
    // The target is a host's name, as stateful sets have them; here one that every machine resolves.
    serve_names("srv-host=plant.ns.svc.cluster.local,127.0.0.1,4370\n");
    expect_to_meet("kubernetes_dns_srv",
                   "service = \"plant\"\nnamespace = \"ns\"\napplication_name = \"%\"\n" + name_server() + often);
}

} // namespace sedge::test
