// SPDX-License-Identifier: Apache-2.0
//
// Boost.JSON itself, compiled here once, so that no further library has to be installed. Programs that do not use it
// do not get it: it is an archive member of its own.
#include <boost/json/src.hpp>
