#include "rules/correlation_links.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weir {
namespace {

void add_error(Diagnostics& diagnostics, const Correlation& where, int line, std::string message,
               std::string hint = {}) {
  diagnostics.push_back(
      {Diagnostic::Severity::kError, where.file, line > 0 ? line : where.line, 0, std::move(message), std::move(hint)});
}

/// What a reference may name: a rule or a correlation, by id or name.
struct Target {
  bool is_correlation = false;
  size_t index = 0;
};

class Linker {
 public:
  Linker(std::vector<Correlation>& correlations, std::vector<Rule>& rules, Diagnostics& diagnostics)
      : correlations_(correlations), rules_(rules), diagnostics_(diagnostics) {}

  void run() {
    name_all();
    for (auto& correlation : correlations_) {
      for (auto& source : correlation.sources)
        resolve(correlation, source);
      check_aliases(correlation);
    }
    for (size_t i = 0; i < correlations_.size(); ++i)
      check_chain(i);
    silence_rules();
  }

 private:
  void name_all() {
    for (size_t i = 0; i < rules_.size(); ++i) {
      targets_.emplace(rules_[i].id, Target{false, i});
      if (!rules_[i].name.empty() && !targets_.emplace(rules_[i].name, Target{false, i}).second)
        ambiguous_.insert(rules_[i].name);
    }
    for (size_t i = 0; i < correlations_.size(); ++i) {
      const Correlation& correlation = correlations_[i];
      if (!targets_.emplace(correlation.id, Target{true, i}).second)
        add_error(diagnostics_, correlation, correlation.line,
                  "the id " + correlation.id + " is taken by another rule");
      if (!correlation.name.empty() && !targets_.emplace(correlation.name, Target{true, i}).second)
        ambiguous_.insert(correlation.name);
    }
  }

  void resolve(const Correlation& correlation, CorrelationSource& source) {
    const auto target = targets_.find(source.written);
    if (target == targets_.end())
      return add_error(diagnostics_, correlation, source.line,
                       "the correlation takes in the rule '" + source.written + "', which is not loaded",
                       "the id or the name of a rule or correlation");
    if (ambiguous_.contains(source.written))
      return add_error(diagnostics_, correlation, source.line, "several rules have the name '" + source.written + "'",
                       "refer to it by its id");
    source.is_correlation = target->second.is_correlation;
    source.id = source.is_correlation ? correlations_[target->second.index].id : rules_[target->second.index].id;
  }

  void check_aliases(const Correlation& correlation) {
    for (const auto& [alias, by_rule] : correlation.aliases) {
      if (std::find(correlation.group_by.begin(), correlation.group_by.end(), alias) == correlation.group_by.end())
        add_error(diagnostics_, correlation, 0, "no group-by uses the alias '" + alias + "'");
      for (const auto& [rule, field] : by_rule) {
        const auto source = std::find_if(correlation.sources.begin(), correlation.sources.end(),
                                         [&name = rule](const CorrelationSource& candidate) {
                                           return candidate.written == name || candidate.id == name;
                                         });
        if (source == correlation.sources.end())
          add_error(diagnostics_, correlation, 0,
                    "the alias '" + alias + "' is for the rule '" + rule + "', which the correlation does not take in");
        else if (source->is_correlation)
          add_error(diagnostics_, correlation, 0,
                    "the alias '" + alias + "' is for a correlation, whose results have its group-by fields only");
      }
      for (const auto& source : correlation.sources)
        if (!source.is_correlation && !by_rule.contains(source.written) && !by_rule.contains(source.id))
          add_error(diagnostics_, correlation, source.line,
                    "the alias '" + alias + "' names no field for the rule '" + source.written + "'");
    }
  }

  /// Walks up the chain that begins with a correlation.
  void check_chain(size_t index) {
    std::vector<size_t> path;
    walk(index, path);
  }

  /// False when an error was reported: one is enough for a chain.
  bool walk(size_t index, std::vector<size_t>& path) {
    const Correlation& correlation = correlations_[index];
    if (std::find(path.begin(), path.end(), index) != path.end()) {
      if (path.front() == index)
        add_error(diagnostics_, correlation, correlation.line, "the correlation takes in its own results");
      return false;
    }
    if (path.size() == Correlation::kChainMax) {
      add_error(diagnostics_, correlations_[path.front()], 0, "the chain of correlations is longer than 8");
      return false;
    }
    path.push_back(index);
    for (const auto& source : correlation.sources) {
      if (!source.is_correlation || source.id.empty()) continue;
      const auto target = targets_.find(source.id);
      if (target == targets_.end()) continue;
      const Correlation& from = correlations_[target->second.index];
      if (path.size() == 1) check_link(correlation, source, from);
      if (!walk(target->second.index, path)) return false;
    }
    path.pop_back();
    return true;
  }

  void check_link(const Correlation& to, const CorrelationSource& source, const Correlation& from) {
    if (from.group_by != to.group_by)
      add_error(diagnostics_, to, source.line,
                "the group-by fields of '" + from.title + "' differ from this correlation's",
                "chained correlations group by the same fields, since a group's state stands in one partition");
    if (!to.fields.empty())
      add_error(diagnostics_, to, source.line, "the result of a correlation has no fields whose values could count",
                "event_count, temporal and temporal_ordered take in correlations");
  }

  void silence_rules() {
    std::set<std::string> silent, loud;
    for (const auto& correlation : correlations_)
      for (const auto& source : correlation.sources)
        (correlation.generate ? loud : silent).insert(source.id);
    for (auto& rule : rules_)
      if (!rule.ours && silent.contains(rule.id) && !loud.contains(rule.id)) rule.weight = 0;
  }

  std::vector<Correlation>& correlations_;
  std::vector<Rule>& rules_;
  Diagnostics& diagnostics_;
  std::map<std::string, Target> targets_;
  std::set<std::string> ambiguous_;
};

}  // namespace

void link_correlations(std::vector<Correlation>& correlations, std::vector<Rule>& rules, Diagnostics& diagnostics) {
  Linker(correlations, rules, diagnostics).run();
}

}  // namespace weir
