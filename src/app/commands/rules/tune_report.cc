#include "app/commands/rules/tune_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/terminal/terminal.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

void print_line(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
}

void print_samples(const Samples& samples) {
  for (const auto& text : samples.first)
    print_line("    " + printable(text));
  if (samples.count > samples.first.size())
    print_line("    and " + with_separators(samples.count - samples.first.size()) + " more");
}

std::string where(const TuneProposal& proposal, size_t number) {
  if (proposal.is_filter) return "the filter";
  const ExclusionSpec& exclusion = proposal.spec.exclusions[number];
  std::string text = exclusion.route;
  if (!exclusion.parameter.empty()) text += ", " + exclusion.parameter;
  if (!exclusion.clients.as_written.empty()) text += ", of " + exclusion.clients.as_written.front();
  return printable(text);
}

void print_proposals(const TuneFindings& findings) {
  print_line("  width                 exclusions  alarms left  attacks lost  hits hidden  examples lost");
  for (size_t i = 0; i < findings.proposals.size(); ++i) {
    const ExclusionEffect& effect = findings.effects[i];
    std::fprintf(stderr, "%s %-20s  %9zu  %11s  %12s  %11s  %13zu\n", findings.chosen == i ? ">" : " ",
                 findings.proposals[i].width.c_str(),
                 findings.proposals[i].is_filter ? size_t{1} : findings.proposals[i].spec.exclusions.size(),
                 with_separators(effect.alarms_left.count).c_str(), with_separators(effect.attacks_lost.count).c_str(),
                 with_separators(effect.hidden_hits()).c_str(), effect.examples_lost.size());
  }
}

void print_effect(const TuneProposal& proposal, const ExclusionEffect& effect) {
  if (effect.alarms_left.count > 0) print_line("  false alarms that it does not end:");
  print_samples(effect.alarms_left);
  if (effect.attacks_lost.count > 0) print_line("  attacks that would not be found any more:");
  print_samples(effect.attacks_lost);
  for (size_t i = 0; i < effect.hidden.size(); ++i) {
    const auto& [hits, requests] = effect.hidden[i];
    if (hits == 0) continue;
    print_line("  " + where(proposal, i) + " would also hide " + with_separators(hits) + " hits in " +
               with_separators(requests.count) + " requests:");
    print_samples(requests);
  }
  for (const auto& example : effect.examples_lost)
    print_line("  " + example.file + ":" + std::to_string(example.line) + ": this positive example of '" +
               example.title + "' is on the route of " + where(proposal, example.exclusion) +
               ": not found there any more");
}

Json json_of(const Samples& samples) {
  return {{"count", samples.count}, {"samples", samples.first}};
}

Json json_of(const TuneProposal& proposal, const ExclusionEffect& effect) {
  Json exclusions = Json::array();
  for (size_t i = 0; i < effect.hidden.size(); ++i) {
    Json json = Json::object();
    if (!proposal.is_filter) {
      const ExclusionSpec& spec = proposal.spec.exclusions[i];
      json = {{"rules", spec.rules},
              {"route", spec.route},
              {"parameter", spec.parameter},
              {"clients", spec.clients.as_written}};
    }
    json["hidden_hits"] = effect.hidden[i].hits;
    json["hidden_requests"] = json_of(effect.hidden[i].requests);
    exclusions.push_back(std::move(json));
  }
  Json lost = Json::array();
  for (const auto& example : effect.examples_lost)
    lost.push_back(
        {{"rule", example.rule}, {"file", example.file}, {"line", example.line}, {"exclusion", example.exclusion}});
  return {{"width", proposal.width},
          {"fine", effect.is_fine()},
          {"alarms_left", json_of(effect.alarms_left)},
          {"attacks_lost", json_of(effect.attacks_lost)},
          {"exclusions", std::move(exclusions)},
          {"examples", effect.examples},
          {"examples_lost", std::move(lost)},
          {proposal.is_filter ? "filter" : "policy", proposal.text}};
}

}  // namespace

void print_tune_report(const TuneFindings& findings) {
  for (const auto& note : findings.notes)
    print_line("weir rules tune: " + note);
  if (findings.proposals.empty()) return;
  print_line(with_separators(findings.alarms) + " false alarms");
  if (findings.has_range)
    print_line(with_separators(findings.requests) + " requests of the range: " + with_separators(findings.attacks) +
               " attacks, " + with_separators(findings.alarms_again) + " of these false alarms once more");
  else
    print_line("Nothing says that attacks are still found but the rules' own examples: give some with --against");
  print_proposals(findings);
  if (!findings.chosen) {
    print_line("Nothing ends the false alarms and keeps every attack. The narrowest one:");
    print_effect(findings.proposals.front(), findings.effects.front());
    return;
  }
  if (findings.proposals[*findings.chosen].is_filter)
    print_line(
        "No exclusion keeps every attack, as they come in the same place. A filter by what the false alarms say does: "
        "whoever sends that text, too, is not found by these rules");
  const ExclusionEffect& effect = findings.effects[*findings.chosen];
  print_effect(findings.proposals[*findings.chosen], effect);
  print_line(with_separators(effect.examples - effect.examples_lost.size()) + " of " +
             with_separators(effect.examples) + " positive examples of the rules concerned are still found");
}

std::string tune_json(const TuneFindings& findings) {
  Json proposals = Json::array();
  for (size_t i = 0; i < findings.proposals.size(); ++i)
    proposals.push_back(json_of(findings.proposals[i], findings.effects[i]));
  Json json{{"chosen", findings.chosen ? Json(*findings.chosen) : Json(nullptr)},
            {"false_alarms", findings.alarms},
            {"range",
             {{"requests", findings.requests}, {"attacks", findings.attacks}, {"false_alarms", findings.alarms_again}}},
            {"proposals", std::move(proposals)},
            {"notes", findings.notes}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir
