#pragma once

#include <nlohmann/json.hpp>

#include "http/handlers.h"

namespace weir {

inline constexpr int kUnprocessable = 422;  ///< the request is understood, what it names is wrong

/// An answer of the admin API. Names of files and clients may hold any byte: what is no UTF-8 is replaced.
inline ApiAnswer json_answer(int status, const nlohmann::ordered_json& json) {
  return {status, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n"};
}

}  // namespace weir
