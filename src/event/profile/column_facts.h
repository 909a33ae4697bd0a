#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "event/profile/profile_catalog.h"

namespace weir {

/// What the values of one column (of a text form) or of one key (of JSON records) look like, over all lines looked at.
struct ColumnFacts {
  std::string name;   ///< what stands before the value ("status=") or the key; empty: nothing
  std::string place;  ///< where it stands: a JSON pointer; empty in text
  bool is_quoted = false;

  size_t values = 0;  ///< that are there at all; the others are counts of them
  size_t addresses = 0, address_lists = 0, times = 0, methods = 0, targets = 0, request_lines = 0, urls = 0;
  size_t statuses = 0, numbers = 0, fractions = 0, agents = 0, queries = 0, hosts = 0;

  /// Adds one value as logged; an absent one ("-") counts for nothing.
  void add(std::string_view value);

  /// Whether all but a tenth of the values are of a kind; never without values.
  [[nodiscard]] bool mostly(size_t count) const { return values > 0 && count * 10 >= values * 9; }
};

/// What keys are called: from the shipped profiles, whatever the spelling ("userAgent", "user_agent", "User-Agent").
class KnownNames {
 public:
  explicit KnownNames(const ProfileCatalog& catalog);

  /// The fields that profiles map a key of that name to, the most usual first.
  [[nodiscard]] std::vector<ProfileFieldIndex> fields_of(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    ProfileFieldIndex field;
    size_t profiles;
  };
  std::vector<Entry> entries_;  // by name, then by profiles, the most first
};

/// Which column is which field: by their values, and by their names where the values leave it open. `field_of[i]` is for
/// column i; kFieldCount where it is none that is needed.
std::vector<ProfileFieldIndex> fields_of_columns(const std::vector<ColumnFacts>& columns, const KnownNames& names);

}  // namespace weir
