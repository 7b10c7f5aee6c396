// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sedge {
class node;
}

namespace sedge::cluster {

class timeline;
class topologies;

/// One number of a family, told apart by labels: `{{"peer", "b@10.0.0.2"}}`.
struct metric_sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
};

/// Numbers of one name, as Prometheus has them.
struct metric_family {
    enum class type { counter, gauge };
    std::string name; ///< `press_plates_total`: letters, digits and `_`; counters end in `_total`.
    type what = type::gauge;
    std::string help; ///< One sentence.
    std::vector<metric_sample> samples;
};

/// What a program can be asked for in numbers. They are read when somebody asks, so counting costs nothing but the
/// counter itself.
///
///     app.metrics().add([&press] {
///         return std::vector<sedge::cluster::metric_family>{
///             {"press_plates_total", sedge::cluster::metric_family::type::counter, "Plates pressed.",
///              {{{}, static_cast<double>(press.plates())}}}};
///     });
///
/// Threads: only on the environment's thread.
class metrics {
public:
    using collector = std::function<std::vector<metric_family>()>;
    /// `collect` is called at each question, until this object is destroyed. It must not wait.
    void add(collector collect) { collectors_.push_back(std::move(collect)); }
    /// All families, in the order in which their collectors were added.
    [[nodiscard]] std::vector<metric_family> collect() const;

private:
    std::vector<collector> collectors_;
};

/// Prometheus' text format, version 0.0.4. Families and labels whose names it does not allow are left out; of two
/// families of one name the first is taken.
std::string to_prometheus(const std::vector<metric_family>& families);

/// What a node tells of itself, its topologies, its timeline and its program; docs/guide/events.md lists it. At most
/// `limits::metric_peers_max` peers have numbers of their own, the first by name.
std::vector<metric_family> node_metrics(node& here, const topologies& running, const timeline& history);

} // namespace sedge::cluster
