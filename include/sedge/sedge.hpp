// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What an application needs first: terms, processes, the node they run on, and topologies. `docs/architecture.md`
/// tells the way from here into the layers.

#include <sedge/cluster/application.hpp>
#include <sedge/fwd.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/term/term.hpp>
#include <sedge/term/text.hpp>
#include <sedge/version.hpp>
#include <sedge/wire/environment.hpp>
