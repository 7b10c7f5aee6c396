// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What an application needs first: terms, processes and the node they run on. `docs/architecture.md` tells the way
/// from here into the layers.

#include <sedge/fwd.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/term/term.hpp>
#include <sedge/term/text.hpp>
#include <sedge/version.hpp>
