#pragma once

#include <simdjson.h>

#include "base/arena.h"
#include "event/json/json_text.h"
#include "event/values/header_list.h"

namespace weir {

/// Headers as sources log them in JSON: an object of name to value (text, number, truth or a list of them), a list of
/// objects with name (or key) and value, a list of pairs, or a list of texts "name: value". What is nested deeper is taken
/// as JSON text. False if the value is none of these.
bool read_json_headers(const simdjson::dom::element& value, HeaderSink& headers, JsonText& json, Arena& arena);

}  // namespace weir
