// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sedge {
class atom;
class encoder;
class environment;
class error;
class log_sink;
class node;
class process;
class term;
class term_view;
struct pid;
struct port;
struct reference;
template <class T>
class result;
template <class T>
class task;
} // namespace sedge
