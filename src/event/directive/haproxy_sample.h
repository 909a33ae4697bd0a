#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "event/directive/directive_template.h"

namespace weir {

/// What other lines of a HAProxy configuration say about the log: sample expressions by slot, and of variables.
struct HaproxyCaptures {
  bool are_given = false;  ///< there were such lines: what is not among them is not captured
  std::vector<std::string> request;
  std::vector<std::string> response;
  std::map<std::string, std::string, std::less<>> variables;  ///< "txn.path" → "path"
};

/// What %[expression] stands for: a sample fetch and converters behind it.
DirectiveVariable haproxy_sample_variable(std::string_view expression, std::string_view written,
                                          const HaproxyCaptures& captures);

}  // namespace weir
