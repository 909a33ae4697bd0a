#pragma once

#include <string>

#include "base/diagnostic.h"
#include "detect/compile/pattern_facts.h"
#include "detect/compile/program_builder.h"
#include "detect/program/field_map.h"
#include "rules/rule.h"

namespace weir {

/// Turns the items of one of a rule's selections ("this field has one of these values") into steps of a program: text on lines
/// becomes patterns of the scan, what else a request has becomes a question about the event. What cannot be turned is reported
/// and counts as false.
class ItemCompiler {
 public:
  /// `confirmation` is of what the items find on lines.
  ItemCompiler(const Rule& rule, Confirmation confirmation, ProgramBuilder& program, PatternFacts& facts,
               Diagnostics& diagnostics)
      : rule_(rule), confirmation_(confirmation), program_(program), facts_(facts), diagnostics_(diagnostics) {}

  StepIndex compile(const DetectionItem& item);

 private:
  void report(Diagnostic::Severity severity, int line, std::string message, std::string hint = {});
  StepIndex error(int line, std::string message, std::string hint = {});
  void warn_absent(const DetectionItem& item, bool known);

  StepIndex compile_value(const DetectionItem& item, const FieldTarget& field, const Value& value);
  StepIndex field_reference(const DetectionItem& item, EventAtom atom, const FieldRefValue& reference);
  StepIndex exists(const FieldTarget& field, bool wanted);
  StepIndex flag(const DetectionItem& item, const FieldTarget& field, const Value& value);
  StepIndex numeric(const DetectionItem& item, const FieldTarget& field, const NumberValue& value);
  StepIndex string(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern);
  void add_keyword_facts(const DetectionItem& item, const PatternString& pattern, std::vector<StepIndex>& found);
  StepIndex glob(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern);
  StepIndex regular(const DetectionItem& item, const FieldTarget& field, const RegexValue& value);
  StepIndex precise(const DetectionItem& item, const FieldTarget& field, const Pattern& pattern,
                    EventAtom::Operation operation);
  StepIndex scan(const DetectionItem& item, Pattern pattern, PlaceMask places, const FieldTarget& field);

  const Rule& rule_;
  Confirmation confirmation_;
  ProgramBuilder& program_;
  PatternFacts& facts_;
  Diagnostics& diagnostics_;
};

}  // namespace weir
