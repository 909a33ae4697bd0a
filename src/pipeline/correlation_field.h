#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "detect/program/field_map.h"
#include "event/event.h"
#include "pipeline/client_identity.h"
#include "rules/correlation.h"

namespace weir {

/// A field of a record that correlations group by or count the values of: the names of docs/rules.md that stand for one value
/// a record, `weir.client` (whom the record is attributed to), `weir.network` (the address's neighbourhood), `weir.route` (the path with ids folded), and
/// `cs-username`/`user.name` (the customer).
struct CorrelationField {
  enum class Kind : uint8_t { kClient, kAddress, kNetwork, kRoute, kNumber, kText };
  Kind kind = Kind::kText;
  EventText text = EventText::kNone;
  EventNumber number = EventNumber::kStatus;

  bool operator==(const CorrelationField&) const = default;
};

/// Nothing for names that stand for no single value of a record.
std::optional<CorrelationField> find_correlation_field(std::string_view name);

/// The field's value as text; empty when the record has none. Composed in `buffer` where needed.
std::string_view value_of(const CorrelationField& field, const Event& event, const ClientIdentity& client,
                          std::string& buffer);

/// Appends a value as it may leave the process: secrets masked, cookies as a digest, cut to a bounded length.
void append_shown(const CorrelationField& field, std::string_view value, uint64_t keyed_hash, const Masker& masker,
                  std::string& out);

/// Reports fields that correlations cannot use, with file and line.
void check_correlations(const std::vector<Correlation>& correlations, Diagnostics& diagnostics);

/// The field that a group-by name stands for in the records of a source.
std::string field_name_of(const Correlation& correlation, const CorrelationSource& source, const std::string& name);

}  // namespace weir
