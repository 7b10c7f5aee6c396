// SPDX-License-Identifier: Apache-2.0
#pragma once

// Included by term/term.hpp. How C++ values become terms and back.

#include <sedge/term/encoder.hpp>
#include <sedge/term/term.hpp>
