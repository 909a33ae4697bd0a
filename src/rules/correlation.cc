#include "rules/correlation.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(CorrelationType::kCount)> kTypes{
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile"};
constexpr std::array<std::string_view, static_cast<size_t>(CorrelationOperator::kCount)> kOperators{
    "gt", "gte", "lt", "lte", "eq", "neq"};

bool holds(const CorrelationBound& bound, double value) {
  switch (bound.op) {
    case CorrelationOperator::kGreater:
      return value > bound.number;
    case CorrelationOperator::kGreaterEqual:
      return value >= bound.number;
    case CorrelationOperator::kLess:
      return value < bound.number;
    case CorrelationOperator::kLessEqual:
      return value <= bound.number;
    case CorrelationOperator::kEqual:
      return value == bound.number;
    case CorrelationOperator::kNotEqual:
      return value != bound.number;
    case CorrelationOperator::kCount:
      break;
  }
  return false;
}

}  // namespace

std::string_view to_string(CorrelationType type) {
  return kTypes.at(static_cast<size_t>(type));
}

std::optional<CorrelationType> correlation_type_from(std::string_view name) {
  const auto found = std::find(kTypes.begin(), kTypes.end(), name);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<CorrelationType>(found - kTypes.begin());
}

std::string_view to_string(CorrelationOperator op) {
  return kOperators.at(static_cast<size_t>(op));
}

bool holds(const std::vector<CorrelationBound>& bounds, double value) {
  return std::all_of(bounds.begin(), bounds.end(), [&](const auto& bound) { return holds(bound, value); });
}

}  // namespace weir
