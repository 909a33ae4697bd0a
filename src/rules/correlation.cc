#include "rules/correlation.h"

#include <algorithm>

namespace weir {
namespace {

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

bool holds(const std::vector<CorrelationBound>& bounds, double value) {
  return std::all_of(bounds.begin(), bounds.end(), [&](const auto& bound) { return holds(bound, value); });
}

}  // namespace weir
