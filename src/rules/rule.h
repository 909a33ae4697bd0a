#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "rules/category.h"

namespace weir {

/// One element of a Sigma string value: literal text or a wildcard.
struct StringPart {
  enum class Kind : uint8_t { kLiteral, kAnyOne /* ? */, kAnyMany /* * */ };
  Kind kind = Kind::kLiteral;
  std::string text;  ///< for kLiteral, escapes resolved
};
using PatternString = std::vector<StringPart>;

/// A value of a detection item, after the value-transforming modifiers (base64, wide, windash …) were applied.
struct StringValue {
  PatternString parts;
};
struct RegexValue {
  std::string pattern;
  bool ignore_case = false, multi_line = false, dot_all = false;
};
struct NumberValue {
  double number = 0;
  std::string text;  ///< as written, for fields that hold text
};
struct NullValue {};
struct CidrValue {
  std::string network;
};
struct FieldRefValue {
  std::string field;
  bool open_front = false;  ///< the other field's text may stand after other text (contains, endswith)
  bool open_back = false;   ///< … before other text (contains, startswith)
};
struct ExistsValue {
  bool exists = true;
};
using Value = std::variant<StringValue, RegexValue, NumberValue, NullValue, CidrValue, FieldRefValue, ExistsValue>;

enum class Comparison : uint8_t { kMatch, kNotEqual, kGreater, kGreaterEqual, kLess, kLessEqual };

/// `field|modifiers: values`; a keyword item has an empty field.
struct DetectionItem {
  std::string field;
  Comparison comparison = Comparison::kMatch;
  bool cased = false;
  std::vector<Value> values;  ///< any must match; `all` makes one item of each value
  int line = 0;
};

/// A map of items, all of which must hold.
struct DetectionMap {
  std::vector<DetectionItem> items;
};

/// A named search identifier: a list of maps, any of which must hold.
struct Selection {
  std::string name;
  std::vector<DetectionMap> alternatives;
  int line = 0;
  bool of_filter = false;  ///< what it finds needs no confirmation by the rule's tokenizer
};

/// A condition as a tree; leaves are indices into the rule's selections.
struct ConditionNode {
  enum class Kind : uint8_t { kSelection, kAnd, kOr, kNot, kAtLeast };
  Kind kind = Kind::kSelection;
  uint32_t selection = 0;  ///< for kSelection
  uint32_t count = 0;      ///< for kAtLeast: how many children must hold ("2 of sel*")
  std::vector<ConditionNode> children;
};

/// An example a rule carries: a request in weir's flat profile (missing required fields are filled with neutral ones).
struct RuleExample {
  std::string record_json;  ///< one flat-profile record
  int line = 0;
};

/// What must confirm a match of the rule's patterns in a line.
enum class Confirmation : uint8_t {
  kNone,
  kSql,     ///< the line's value reads as SQL that changes a statement
  kScript,  ///< the line's value reads as markup or a URL that runs script
};

inline constexpr int kUsualSpecificity = 50;  ///< of kSpecificityMax
inline constexpr int kSpecificityMax = 100;

/// One Sigma rule. Keys of ours stand in its `weir` section: see docs/rules.md.
struct Rule {
  std::string id, title, description, status, author, date;
  std::string name;  ///< what correlations may call it besides its id
  Level level = Level::kMedium;
  std::vector<std::string> references, tags, false_positives;
  std::string logsource_category, logsource_product, logsource_service;
  std::vector<Selection> selections;
  std::vector<ConditionNode> conditions;  ///< several: any

  bool ours = false;  ///< has a `weir` section, so it must carry examples
  Category category = Category::kOther;
  int weight = 0;  ///< points towards the request score; see also link_correlations()
  SecurityLevel security_level = SecurityLevel::kStandard;
  Confirmation confirmation = Confirmation::kNone;
  bool supporting = false;              ///< its weight alone is not meant to reach the threshold
  int specificity = kUsualSpecificity;  ///< how exactly it names an attack; of several the most exact names the alert
  std::string remediation;              ///< what to do about a hit; empty: what its category says
  std::vector<RuleExample> positive_examples, negative_examples;

  std::string file;
  int line = 0;
};

}  // namespace weir
