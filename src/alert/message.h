#pragma once

#include <string>

#include "alert/alert.h"

namespace weir {

/// A customer whose account is guessed at is the one it happens to: who does it, the addresses' alerts say.
bool is_target(const Alert& alert);

/// And no summary of many clients'.
bool is_clients_burst(const Alert& alert);

/// In a few words: what was found.
std::string title_of(const Alert& alert);

/// In one sentence: what, where, whose, how often, and what became of it.
std::string message_of(const Alert& alert);

}  // namespace weir
