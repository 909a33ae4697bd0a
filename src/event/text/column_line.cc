#include "event/text/column_line.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::string_view kFieldsDirective = "#Fields:";
constexpr size_t kNamesBytesMax = 8192;

}  // namespace

ColumnLine::ColumnLine(const InputProfile& profile) : columns_(profile.columns) {
  if (!columns_.empty()) use(profile.default_columns);
}

void ColumnLine::learn(std::string_view directive) {
  if (!directive.starts_with(kFieldsDirective) || directive.size() > kNamesBytesMax) return;
  const auto names = directive.substr(kFieldsDirective.size());
  if (names != names_) use(names);
}

void ColumnLine::use(std::string_view names) {
  names_ = names;
  by_spaces_ = form_of(names, " ");
  by_tabs_ = form_of(names, "\t");
}

std::unique_ptr<TextForm> ColumnLine::form_of(std::string_view names, const std::string& separator) const {
  TextFormat format;
  format.name = "#Fields";
  while (true) {
    const auto begin = names.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    names.remove_prefix(begin);
    const auto name = names.substr(0, names.find_first_of(" \t"));
    names.remove_prefix(name.size());
    const auto known =
        std::find_if(columns_.begin(), columns_.end(), [&](const TextColumn& column) { return column.name == name; });
    format.parts.push_back(
        {format.parts.empty() ? "" : separator, known == columns_.end() ? TextField{} : known->field});
  }
  if (!format.validate()) return nullptr;
  return std::make_unique<TextForm>(std::move(format));
}

const TextForm* ColumnLine::form_for(std::string_view line) const {
  return line.find('\t') == std::string_view::npos ? by_spaces_.get() : by_tabs_.get();
}

}  // namespace weir
