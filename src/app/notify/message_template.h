#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace weir {

/// A JSON document whose texts hold placeholders: {{name}}, or {{name|slack}} for text that Slack reads signs of its own in. It is
/// filled in as a tree and written as JSON afterwards, so that no value can break out of its text, whatever a request held.
///
/// A text that is nothing but one placeholder becomes the value itself: a number stays a number.
class MessageTemplate {
 public:
  using Json = nlohmann::ordered_json;
  /// The value of a placeholder.
  using Values = std::function<Json(std::string_view name)>;

  static constexpr size_t kBytesMax = 64 << 10;    ///< of a template
  static constexpr size_t kValueBytesMax = 2'000;  ///< of a text that is filled in; longer ones are cut
  static constexpr size_t kPlaceholdersMax = 200;

  /// Refuses what is no JSON object or array, and placeholders that are not among `names`, and says which there are. `what` names the
  /// template for a person.
  static Result<MessageTemplate> parse(std::string_view what, std::string_view text,
                                       const std::vector<std::string>& names);

  /// The whole message.
  [[nodiscard]] std::string fill(const Values& values) const;

 private:
  Json json_;
};

}  // namespace weir
