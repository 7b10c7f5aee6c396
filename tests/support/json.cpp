// SPDX-License-Identifier: Apache-2.0
#include "support/json.hpp"
#include "support/vectors.hpp"

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

namespace sedge::test {

boost::json::value read_vectors(const std::string& name) {
    std::ifstream file{vectors(name), std::ios::binary};
    if (!file) throw std::runtime_error{"no vectors called " + name};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return boost::json::parse(text);
}

} // namespace sedge::test
