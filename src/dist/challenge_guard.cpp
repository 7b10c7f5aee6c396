// SPDX-License-Identifier: Apache-2.0
#include <sedge/base/assert.hpp>
#include <sedge/dist/challenge_guard.hpp>
#include <sedge/wire/environment.hpp>

#include <utility>

namespace sedge::dist {

challenge_guard::issued& challenge_guard::issued::operator=(issued&& other) noexcept {
    if (this != &other) {
        release();
        owner_ = std::exchange(other.owner_, nullptr);
        value_ = other.value_;
    }
    return *this;
}

void challenge_guard::issued::release() noexcept {
    if (owner_ != nullptr) owner_->outstanding_.erase(value_);
    owner_ = nullptr;
}

challenge_guard::issued challenge_guard::issue(environment& env) {
    for (;;) {
        const auto value = static_cast<std::uint32_t>(env.random_u64());
        if (outstanding_.insert(value).second) return {this, value};
    }
}

challenge_guard::issued challenge_guard::issue(std::uint32_t value) {
    const bool fresh = outstanding_.insert(value).second;
    SEDGE_ASSERT(fresh);
    return {this, value};
}

} // namespace sedge::dist
