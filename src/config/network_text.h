#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// What is wrong with the text of a network, and how to write it.
struct NetworkFault {
  std::string message;
  std::string hint;
};

/// A network in CIDR notation or one address; bits behind the prefix are a fault, since they show that another network, or one
/// address, was meant.
std::optional<NetworkFault> network_fault(std::string_view text);

}  // namespace weir
