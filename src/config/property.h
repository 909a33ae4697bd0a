#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace weir {

/// Reaches one member of a configuration.
template <typename Member>
using Access = Member& (*)(Config&);

/// Reaches one enumeration by the index of its name.
struct ChoiceAccess {
  std::span<const std::string_view> names;
  size_t (*get)(const Config&);
  void (*set)(Config&, size_t);
};

/// Reaches a list of enumerations, without repeats.
struct ChoiceListAccess {
  std::span<const std::string_view> names;
  std::vector<size_t> (*get)(const Config&);
  void (*set)(Config&, const std::vector<size_t>&);
};

/// The input profile's name: setting it replaces the whole profile.
struct ProfileAccess {};

/// A server's log directive: it makes the input profile.
struct FormatAccess {};

using SecretMap = std::map<std::string, Secret>;
using PropertyAccess =
    std::variant<Access<std::string>, Access<Secret>, Access<std::vector<std::string>>, Access<SecretMap>,
                 Access<uint16_t>, Access<uint32_t>, Access<int32_t>, Access<uint64_t>, Access<double>,
                 Access<Milliseconds>, Access<std::vector<uint64_t>>, ChoiceAccess, ChoiceListAccess, ProfileAccess,
                 FormatAccess>;

/// When a changed value takes effect.
enum class Effect : uint8_t { kReload, kRestart };

/// Whole-number bounds of a number; for a list of numbers, of each.
struct Bounds {
  int64_t min = 0;
  int64_t max = 0;
};

/// One property: everything the loader, the printer, the schema and the documentation need to know of it. Its default is
/// the value in default_config().
struct Property {
  std::string_view path;  ///< sections and key: "kafka.topics.requests"
  PropertyAccess access;
  std::string_view help;
  std::string_view unit = {};  ///< of a number; empty for none
  Bounds bounds = {};
  Effect effect = Effect::kRestart;

  [[nodiscard]] std::string_view key() const { return path.substr(path.rfind('.') + 1); }
  /// The sections above, "kafka.topics"; empty at the top level.
  [[nodiscard]] std::string_view section() const {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
  }
  [[nodiscard]] bool is_secret() const { return std::holds_alternative<Access<Secret>>(access); }
};

struct Section {
  std::string_view path;
  std::string_view help;
};

/// All properties, those of one section together, in the order in which they are read and documented.
std::span<const Property> properties();
std::span<const Section> sections();

/// The variable that overrides a property: kafka.group_id → WEIR_KAFKA__GROUP_ID.
std::string environment_name(std::string_view path);

}  // namespace weir
