#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// The callers that may use the admin API, by the hashes of their keys. Immutable.
///
/// The file has one line per key: a name, a blank, and what `weir apikey hash` printed; '#' begins a comment. It holds no
/// secret, but whoever can write it can let itself in.
class ApiKeyStore {
 public:
  static constexpr size_t kKeysMax = 1'000;

  /// The error names file and line.
  static Result<ApiKeyStore> load(const std::string& file);
  static Result<ApiKeyStore> parse(std::string_view text, const std::string& file);

  [[nodiscard]] size_t size() const { return keys_.size(); }

  /// The name of the caller with this key. Takes the same time whatever the key is, and whether it is known.
  [[nodiscard]] std::optional<std::string> caller_of(std::string_view key) const;

 private:
  struct Entry {
    std::string name;
    std::string hash;
  };
  std::vector<Entry> keys_;
};

}  // namespace weir
