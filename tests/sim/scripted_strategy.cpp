// SPDX-License-Identifier: Apache-2.0
#include "sim/scripted_strategy.hpp"

#include <sedge/base/assert.hpp>
#include <sedge/wire/environment.hpp>

namespace sedge::test {
namespace {

using namespace std::chrono_literals;

std::vector<atom> with_nobody(const scripted_source& source, std::vector<atom> nodes) {
    nodes.insert(nodes.end(), source.nobody.begin(), source.nobody.end());
    return nodes;
}

class listed final : public cluster::strategy {
public:
    explicit listed(scripted_source& source) : source_(source) {}
    std::string_view name() const noexcept override { return "listed"; }
    task<> run(cluster::strategy_context& topology) override {
        topology.want(with_nobody(source_, source_.everybody));
        co_return;
    }

private:
    scripted_source& source_;
};

class polled final : public cluster::strategy {
public:
    explicit polled(scripted_source& source) : source_(source) {}
    std::string_view name() const noexcept override { return "polled"; }
    cluster::strategy_rules rules() const override { return {.owns_removal = true}; }
    task<> run(cluster::strategy_context& topology) override {
        for (;;) {
            if (!source_.is_silent) topology.want(answer(topology.env()));
            auto pause = sleep_for(topology.env(), 2s);
            co_await std::move(pause);
        }
    }

private:
    std::vector<atom> answer(environment& env) const {
        std::vector<atom> nodes{source_.running.begin(), source_.running.end()};
        for (std::size_t i = 0; i < source_.left_out && !nodes.empty(); ++i)
            nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(env.random_below(nodes.size())));
        return with_nobody(source_, std::move(nodes));
    }
    scripted_source& source_;
};

class announced final : public cluster::strategy {
public:
    explicit announced(scripted_source& source) : source_(source) {}
    std::string_view name() const noexcept override { return "announced"; }
    task<> run(cluster::strategy_context& topology) override {
        const hearing ear{source_, topology};
        for (;;) {
            announce(topology.self());
            auto pause = sleep_for(topology.env(), topology.env().random_between(1s, 3s));
            co_await std::move(pause);
        }
    }

private:
    struct hearing { // as long as the strategy runs
        scripted_source& source;
        atom self;
        hearing(scripted_source& s, cluster::strategy_context& topology) : source(s), self(topology.self()) {
            source.ears[self] = &topology;
        }
        hearing(const hearing&) = delete;
        ~hearing() { source.ears.erase(self); }
    };

    void announce(const atom& who) {
        if (source_.is_silent) return;
        for (const auto& [hearer, topology] : source_.ears) {
            if (hearer == who || source_.cut.contains({who.str(), hearer.str()})) continue;
            // In the hearer's program, when that runs next.
            topology->env().post([&source = source_, hearer = hearer, who] {
                auto still = source.ears.find(hearer);
                if (still != source.ears.end()) still->second->heard(who, cluster::trust::may_dial);
            });
        }
    }
    scripted_source& source_;
};

} // namespace

std::unique_ptr<cluster::strategy> scripted(scripted_source& source, script how) {
    SEDGE_ASSERT(how != script::mixed);
    if (how == script::listed) return std::make_unique<listed>(source);
    if (how == script::polled) return std::make_unique<polled>(source);
    return std::make_unique<announced>(source);
}

} // namespace sedge::test
