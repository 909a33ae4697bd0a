#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "event/directive/directive_template.h"

namespace weir {

/// The example of variables that are a whole request line; a row with it is one.
inline constexpr std::string_view kRequestLineExample = "GET /search?q=shoes HTTP/1.1";

/// What a variable of a fixed name means: a row of a server's table.
struct VariableRow {
  std::string_view name;
  TextUse use = TextUse::kSkip;
  ProfileFieldIndex field = kFieldCount;
  uint8_t rank = 0;
  std::string_view time{};  ///< see DirectiveVariable::time
  TimestampFormat time_format = TimestampFormat::kAuto;
  DurationUnit unit = DurationUnit::kMilliseconds;
  std::string_view example{};
};

/// The rows and, behind them, one without a use for each of the names.
template <size_t kRows, size_t kNames>
constexpr std::array<VariableRow, kRows + kNames> with_unused(const std::array<VariableRow, kRows>& rows,
                                                              const std::array<std::string_view, kNames>& names) {
  std::array<VariableRow, kRows + kNames> table{};
  for (size_t i = 0; i < table.size(); ++i)
    table[i] = i < kRows ? rows[i] : VariableRow{names[i - kRows]};
  return table;
}

/// The row of that name, or null. Tables are small and read once per directive.
const VariableRow* find_variable(std::span<const VariableRow> table, std::string_view name);

/// The variable that a row describes, as written in the directive.
DirectiveVariable variable_of(const VariableRow& row, std::string_view written, TextEscape escape);

/// A variable without a use for weir.
DirectiveVariable skipped_variable(std::string_view written);

/// A variable that holds a request header; the ones with a field of their own in the event are that field. `name` in any case.
DirectiveVariable request_header_variable(std::string_view name, std::string_view written, TextEscape escape);
DirectiveVariable response_header_variable(std::string_view name, std::string_view written, TextEscape escape);

/// The name in the table that a misspelt one is nearest to, or nothing: one letter wrong, missing or too many.
std::string_view nearest_variable(std::span<const VariableRow> table, std::string_view name);

}  // namespace weir
