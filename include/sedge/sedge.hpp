// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What an application needs: terms, processes, the node they run on, topologies, and what the kernel of OTP offers:
/// servers, calls, global names, groups. `docs/architecture.md` tells the way from here into the layers.

#include <sedge/cluster/application.hpp>
#include <sedge/cluster/metrics.hpp>
#include <sedge/cluster/timeline.hpp>
#include <sedge/fwd.hpp>
#include <sedge/otp/gen.hpp>
#include <sedge/otp/kernel.hpp>
#include <sedge/otp/pg.hpp>
#include <sedge/otp/pubsub.hpp>
#include <sedge/otp/rpc.hpp>
#include <sedge/otp/server.hpp>
#include <sedge/process/node.hpp>
#include <sedge/process/process.hpp>
#include <sedge/term/convert.hpp>
#include <sedge/term/match.hpp>
#include <sedge/term/term.hpp>
#include <sedge/term/text.hpp>
#include <sedge/version.hpp>
#include <sedge/wire/environment.hpp>
