// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sedge/term/text.hpp>

#include <optional>
#include <string>

/// `io_lib:format`, for those who call it here and for output that other nodes send to our group leader.
namespace sedge::otp {

/// The text that `io_lib:format(Format, Arguments)` makes, as UTF-8; nothing where OTP raises `badarg`, nor for text
/// of more than 4 MiB and four times what both take, which only wide fields make.
///
/// `format` is a charlist, a binary or an atom; `arguments` a list. Known are `~p ~P ~w ~W ~s ~c ~b ~B ~x ~X ~# ~+ ~e
/// ~f ~g ~n ~i ~~` with field width, precision, padding, `*`, and the modifiers `t` and `l`. Other than OTP, `~p`
/// never breaks lines.
std::optional<std::string> format(const term_view& format, const term_view& arguments,
                                  const text_options& options = {});

/// Characters as OTP's `unicode:characters_to_binary` takes them: a binary, or a deep list of binaries and code points.
/// Nothing if it is neither. `latin1`: bytes of binaries are characters of their own.
std::optional<std::string> characters(const term_view& chardata, bool latin1 = false);

} // namespace sedge::otp
