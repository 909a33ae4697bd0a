#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"
#include "evidence/evidence.h"

namespace weir {

/// Status, size and duration of the answer, and hashes of the host and of the route.
/// `scratch` is a buffer to reuse.
EvidenceFacts facts_of_response(const Event& event, std::string& scratch);

/// The path with ids folded to `*`: segments that are numbers, hexadecimal or long, and those with many digits; at most 8
/// segments. So `/orders/4711/items` and `/orders/12/items` are one route.
std::string folded_route(std::string_view path);

/// The time in milliseconds that a text asks a database or a shell to wait: `sleep(5)`, `pg_sleep(5)`, `sleep 5`,
/// `waitfor delay '0:0:5'`, `receive_message('a',5)`. 0 if it asks for none, or for more than ten minutes.
uint32_t delay_asked_for(std::string_view text);

}  // namespace weir
