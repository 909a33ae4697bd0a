#include "config/decisions/rule_reader.h"

#include <algorithm>
#include <set>
#include <span>

#include "config/policy/policy_fields.h"

namespace weir {
namespace {

constexpr size_t kDecisionNameBytesMax = 64;
constexpr Bounds kSeconds{1, 366 * 86'400};
constexpr Bounds kRetrySeconds{0, 86'400};
constexpr Bounds kRecords{1, int64_t{1} << 50};
constexpr Bounds kAlerts{1, DecisionRule::kAlertsMax};
constexpr Bounds kScore{1, 1'000};
constexpr Bounds kFactor{1, 100};

/// Those that are of clients.
constexpr std::array<std::string_view, 3> kKindNames{"attack", "abuse", "burst"};
constexpr std::array kKinds{AlertKind::kAttack, AlertKind::kAbuse, AlertKind::kBurst};
constexpr std::span kClientNames = std::span(kNamesOf<ClientKind>).first<3>();
constexpr unsigned kAllClients = 0b111;

constexpr unsigned bit(AlertKind kind) {
  return 1U << static_cast<unsigned>(kind);
}
constexpr unsigned kAllKinds = bit(AlertKind::kAttack) | bit(AlertKind::kAbuse) | bit(AlertKind::kBurst);

bool is_label(std::string_view name) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kDecisionNameBytesMax && std::all_of(name.begin(), name.end(), legal);
}

/// Reads one entry of the list.
class RuleReader {
 public:
  RuleReader(PolicyFields& fields) : fields_(fields) {}

  DecisionRule read(const YamlNode& node, const Origin& at) {
    const auto seconds = [this](Milliseconds& member, const Bounds& bounds) {
      return [this, &member, bounds](const YamlNode& value, const Origin& value_at) {
        if (const auto got = fields_.count(value, value_at, bounds))
          member = Milliseconds{static_cast<int64_t>(*got) * 1'000};
      };
    };
    bool has_action = false, has_duration_max = false;
    fields_.read_map(
        node, at, "a rule of decisions",
        {{"name", [&](const YamlNode& value, const Origin& value_at) { take_name(value, value_at); }},
         {"kinds", mask_of_names(rule_.kinds, kKindNames, [](size_t i) { return bit(kKinds[i]); })},
         {"clients", mask_of_names(rule_.client_kinds, kClientNames, [](size_t i) { return 1U << i; })},
         {"severity", into_choice(rule_.severity_min, kNamesOf<Level>)},
         {"categories", mask_of_names(rule_.categories, kNamesOf<Category>, [](size_t i) { return 1U << i; })},
         {"outcomes", mask_of_names(rule_.outcomes, kNamesOf<Outcome>, [](size_t i) { return 1U << i; })},
         {"reasons", [&](const YamlNode& value, const Origin& value_at) { take_reasons(value, value_at); }},
         {"risk_score", into_count(rule_.risk_score_min, kScore)},
         {"records", into_count(rule_.records_min, kRecords)},
         {"alerts", into_count(rule_.alerts_min, kAlerts)},
         {"within_s", seconds(rule_.within, kSeconds)},
         {"action",
          [&](const YamlNode& value, const Origin& value_at) {
            has_action = true;
            into_choice(rule_.action, kNamesOf<DecisionAction>)(value, value_at);
          }},
         {"duration_s", seconds(rule_.duration, kSeconds)},
         {"factor", into_count(rule_.factor, kFactor)},
         {"duration_max_s",
          [&](const YamlNode& value, const Origin& value_at) {
            has_duration_max = true;
            seconds(rule_.duration_max, kSeconds)(value, value_at);
          }},
         {"retry_after_s", seconds(rule_.retry_after, kRetrySeconds)}});
    if (rule_.name.empty()) fields_.error(at, "name is missing", "a label that decisions are told with");
    if (!has_action) fields_.error(at, "action is missing", "ban, captcha or throttle");
    if (!has_duration_max) rule_.duration_max = std::max(rule_.duration_max, rule_.duration);
    if (rule_.kinds == 0) rule_.kinds = kAllKinds;
    if (rule_.client_kinds == 0) rule_.client_kinds = kAllClients;
    check(at);
    return std::move(rule_);
  }

 private:
  using Setter = std::function<void(const YamlNode&, const Origin&)>;

  template <typename Mask, typename BitAt>
  Setter mask_of_names(Mask& mask, std::span<const std::string_view> names, BitAt bit_at) {
    return [this, &mask, names, bit_at](const YamlNode& value, const Origin& at) {
      each_of(value, at, [&](const YamlNode& item, const Origin& item_at) {
        if (const auto index = fields_.choice(item, item_at, names)) mask = static_cast<Mask>(mask | bit_at(*index));
      });
    };
  }
  template <typename Number>
  Setter into_count(Number& member, const Bounds& bounds) {
    return [this, &member, bounds](const YamlNode& value, const Origin& at) {
      if (const auto got = fields_.count(value, at, bounds)) member = static_cast<Number>(*got);
    };
  }
  template <typename Enum>
  Setter into_choice(Enum& member, std::span<const std::string_view> names) {
    return [this, &member, names](const YamlNode& value, const Origin& at) {
      if (const auto got = fields_.choice(value, at, names)) member = static_cast<Enum>(*got);
    };
  }

  void each_of(const YamlNode& value, const Origin& at, const Setter& each) {
    if (value.is_scalar()) return each(value, at);
    fields_.read_list(value, at, "this", each);
  }

  void take_name(const YamlNode& value, const Origin& at) {
    const auto name = fields_.text(value, at);
    if (!name) return;
    rule_.name = *name;
    if (!is_label(*name))
      fields_.error(at, "name must be a label",
                    "small letters, digits, '.', '_' and '-', at most " + std::to_string(kDecisionNameBytesMax));
  }

  void take_reasons(const YamlNode& value, const Origin& at) {
    std::vector<std::string_view> names(kBitNamesOf<AbuseReason>.begin(), kBitNamesOf<AbuseReason>.end());
    names.insert(names.end(), kBitNamesOf<BurstReason>.begin(), kBitNamesOf<BurstReason>.end());
    constexpr size_t kAbuse = kBitNamesOf<AbuseReason>.size();
    each_of(value, at, [&](const YamlNode& item, const Origin& item_at) {
      const auto index = fields_.choice(item, item_at, names);
      if (!index) return;
      if (*index < kAbuse)
        rule_.abuse_reasons = static_cast<AbuseReasons>(rule_.abuse_reasons | 1U << *index);
      else
        rule_.burst_reasons = static_cast<BurstReasons>(rule_.burst_reasons | 1U << (*index - kAbuse));
    });
  }

  /// What each condition leaves of the kinds.
  void check(const Origin& at) {
    unsigned possible = rule_.kinds;
    if (rule_.categories != 0 || rule_.outcomes != 0) possible &= bit(AlertKind::kAttack);
    if (rule_.risk_score_min > 0) possible &= bit(AlertKind::kAbuse);
    if (rule_.abuse_reasons != 0 || rule_.burst_reasons != 0) {
      possible &= (rule_.abuse_reasons != 0 ? bit(AlertKind::kAbuse) : 0U) |
                  (rule_.burst_reasons != 0 ? bit(AlertKind::kBurst) : 0U);
    }
    if (possible == 0) {
      fields_.error(
          at, "no alert could ever fit rule " + rule_.name,
          "categories and outcomes are those of attacks, risk_score that of abuse, reasons those of abuse and "
          "bursts: make a rule for each kind");
    }
    if (rule_.duration_max < rule_.duration)
      fields_.error(at, "duration_max_s of rule " + rule_.name + " is less than its duration_s", "raise it");
  }

  PolicyFields& fields_;
  DecisionRule rule_;
};

std::string names_of(unsigned mask, std::span<const std::string_view> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    if ((mask >> i & 1U) != 0) text += (text.empty() ? "" : ", ") + std::string(names[i]);
  return text;
}

/// One rule's lines.
class RulePrinter {
 public:
  explicit RulePrinter(std::string& out) : out_(out) {}

  void line(std::string_view key, const std::string& value) {
    out_ += is_first_ ? "    - " : "      ";
    is_first_ = false;
    out_.append(key) += ": " + value + "\n";
  }
  void list(std::string_view key, const std::string& names) {
    if (!names.empty()) line(key, "[" + names + "]");
  }
  void seconds(std::string_view key, Milliseconds value) { line(key, std::to_string(value.count() / 1'000)); }

 private:
  std::string& out_;
  bool is_first_ = true;
};

void print_rule(const DecisionRule& rule, std::string& out) {
  RulePrinter lines(out);
  lines.line("name", rule.name);
  std::string kinds;
  for (size_t i = 0; i < kKinds.size(); ++i)
    if ((rule.kinds & bit(kKinds[i])) != 0) kinds += (kinds.empty() ? "" : ", ") + std::string(kKindNames[i]);
  lines.list("kinds", kinds);
  lines.list("clients", names_of(rule.client_kinds, kClientNames));
  lines.line("severity", std::string(to_string(rule.severity_min)));
  lines.list("categories", names_of(rule.categories, kNamesOf<Category>));
  lines.list("outcomes", names_of(rule.outcomes, kNamesOf<Outcome>));
  std::string reasons = names_of(rule.abuse_reasons, kBitNamesOf<AbuseReason>);
  const std::string of_bursts = names_of(rule.burst_reasons, kBitNamesOf<BurstReason>);
  if (!reasons.empty() && !of_bursts.empty()) reasons += ", ";
  lines.list("reasons", reasons + of_bursts);
  if (rule.risk_score_min > 0) lines.line("risk_score", std::to_string(rule.risk_score_min));
  lines.line("records", std::to_string(rule.records_min));
  lines.line("alerts", std::to_string(rule.alerts_min));
  lines.seconds("within_s", rule.within);
  lines.line("action", std::string(to_string(rule.action)));
  lines.seconds("duration_s", rule.duration);
  lines.line("factor", std::to_string(rule.factor));
  lines.seconds("duration_max_s", rule.duration_max);
  lines.seconds("retry_after_s", rule.retry_after);
}

}  // namespace

std::vector<DecisionRule> read_decision_rules(const YamlNode& list, const std::string& file, Findings& findings) {
  PolicyFields fields(file, findings);
  std::vector<DecisionRule> rules;
  std::set<std::string> names;
  if (list.items.size() > kDecisionRulesMax)
    fields.error(fields.origin_of(list),
                 "decisions.rules has more than " + std::to_string(kDecisionRulesMax) + " entries");
  fields.read_list(list, fields.origin_of(list), "decisions.rules", [&](const YamlNode& item, const Origin& at) {
    rules.push_back(RuleReader(fields).read(item, at));
    if (!names.insert(rules.back().name).second)
      fields.error(at, "two rules of decisions have the name " + rules.back().name);
  });
  return rules;
}

std::string print_decision_rules(const std::vector<DecisionRule>& rules) {
  std::string text = rules.empty() ? "" : "  rules:\n";
  for (const DecisionRule& rule : rules)
    print_rule(rule, text);
  return text;
}

}  // namespace weir
