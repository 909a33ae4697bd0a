#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/input_profile.h"
#include "event/text/text_fields.h"

namespace weir {

/// Logs whose columns are named by a line of their own ("#Fields: date time c-ip …", the W3C extended log format): reads that
/// line, and has the form of the lines behind it. Columns the profile does not know are skipped.
class ColumnLine {
 public:
  /// Until a line says otherwise, the profile's default columns count.
  explicit ColumnLine(const InputProfile& profile);

  /// Whether the line is such a directive ("#…"), where the profile has columns at all.
  [[nodiscard]] bool is_directive(std::string_view line) const { return !columns_.empty() && line.starts_with('#'); }

  /// Takes the names of a "#Fields:" line; other directives change nothing, and so do names that no form can be made of.
  void learn(std::string_view directive);

  /// The form for a line, by what separates its columns; null if there is none.
  [[nodiscard]] const TextForm* form_for(std::string_view line) const;

 private:
  void use(std::string_view names);
  [[nodiscard]] std::unique_ptr<TextForm> form_of(std::string_view names, const std::string& separator) const;

  std::vector<TextColumn> columns_;
  std::string names_;
  std::unique_ptr<TextForm> by_spaces_, by_tabs_;
};

}  // namespace weir
