#include "app/commands/rules/rules_new_command.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "app/commands/repeatable.h"
#include "app/commands/rules/draft_neighbours.h"
#include "app/commands/setup_options.h"
#include "app/scan/judged_requests.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "rules/loader.h"
#include "workbench/draft/rule_draft.h"

namespace weir {
namespace {

constexpr size_t kRecordsMax = 64;
constexpr size_t kPositiveExamplesMax = 5, kNegativeExamplesMax = 5;

struct NewArguments {
  SetupArguments setup;
  std::vector<std::string> record_files, benign_files;  ///< "-" is standard input
};

void remark(const std::string& text) {
  std::fprintf(stderr, "weir rules new: %s\n", text.c_str());
}

/// The requests that a draft is made of.
struct GivenRequests {
  std::vector<DraftRequest> requests;
  std::vector<DecodedRecord> decoded;
  std::vector<RecordTexts> texts;
  std::vector<std::string> places;
  CategoryMask categories = ~CategoryMask{0};  ///< that the rules in force find in all of them
  std::set<std::string> found_by;              ///< titles of rules that hit some
  size_t malicious = 0, left_out = 0;
  Masker masker;

  void add(const RecordJudge& judge, const JudgedRecord& record, const RecordPlace& place) {
    if (requests.size() == kRecordsMax) {
      ++left_out;
      return;
    }
    masker = judge.masker();
    requests.emplace_back(record.event);
    decoded.push_back(record.decoded);
    texts.push_back(texts_of(record.decoded, masker));
    places.push_back(printable(place.text()));
    categories &= record.detection.categories;
    malicious += record.detection.malicious ? 1 : 0;
    for (const Hit& hit : record.detection.hits)
      if (const RuleInfo& rule = judge.rules().rules()[hit.rule]; rule.weight > 0) found_by.insert(rule.title);
  }

  [[nodiscard]] Category category() const {
    for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i)
      if (categories == mask_of(static_cast<Category>(i))) return static_cast<Category>(i);
    return Category::kOther;
  }
};

/// Reads files as every command that judges records does; false when not all of it could be
/// read, which is then on standard error.
bool read_files(const CommandSetup& setup, const std::vector<std::string>& files, JudgedRequests& requests) {
  Interruption interruption;
  ProgressBar progress;
  FileFeed feed("rules new", setup.config, analyzer_options(setup.config), {}, Reading::kToEnd, requests, interruption,
                progress);
  feed.run(files);
  progress.finish();
  return feed.something_was_read(0) && !feed.has_failed() && !interruption.requested();
}

/// Which record is in the way; empty: not a single one.
std::string odd_one(const GivenRequests& given) {
  for (size_t i = 0; given.texts.size() > 2 && i < given.texts.size(); ++i) {
    auto others = given.texts;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const auto clues = find_clues(others);
    if (!clues.empty())
      return "; without " + given.places[i] + " the others share " + clues.front().key() + ": " + clues.front().value();
  }
  return {};
}

/// Those clues that the engine finds in each of the requests, too.
Result<std::vector<Clue>> clues_of(const GivenRequests& given) {
  std::vector<Clue> clues = find_clues(given.texts);
  if (clues.empty()) return clues;
  const auto rules = compile_clues(clues);
  if (!rules) return tl::unexpected<Error>(rules.error());
  auto matcher = Matcher::create(*rules);
  if (!matcher) return tl::unexpected<Error>(matcher.error());
  ClueMask in_all = ~ClueMask{0};
  Detection detection;
  Event event;
  event.method = event.path = "-";
  for (const DecodedRecord& decoded : given.decoded)
    in_all &= clues_in(*matcher, event, decoded, detection);
  std::vector<Clue> kept;
  for (size_t i = 0; i < clues.size(); ++i)
    if ((in_all >> i & 1U) != 0) kept.push_back(std::move(clues[i]));
  return kept;
}

/// The ordinary requests of the files and those that weir brings along.
bool read_neighbours(const NewArguments& arguments, const CommandSetup& setup, DraftNeighbours& neighbours,
                     uint64_t& malicious) {
  JudgedRequests requests(Judgement(setup.rules), [&](RecordJudge&, JudgedRecord& record, const RecordPlace& place) {
    if (record.detection.malicious)
      ++malicious;
    else
      neighbours.add(record, place.text());
  });
  if (!arguments.benign_files.empty() && !read_files(setup, arguments.benign_files, requests)) return false;
  Diagnostics findings;  // the rules were loaded before
  const auto sources = load_rules(setup.rule_directories, findings);
  if (Status added = neighbours.add_shipped(setup.rules, sources); !added) {
    remark(added.error().to_string());
    return false;
  }
  return true;
}

RuleDraft make_draft(const GivenRequests& given, const std::vector<Clue>& clues, const ClueChoice& choice,
                     const DraftNeighbours& neighbours) {
  RuleDraft draft;
  draft.category = given.category();
  draft.records = given.requests.size();
  PlaceMask looked_at = 0;
  for (size_t i = 0; i < clues.size(); ++i) {
    const bool is_chosen = std::find(choice.clues.begin(), choice.clues.end(), i) != choice.clues.end();
    if (is_chosen) looked_at |= draft_fields()[clues[i].field].places;
    if (is_chosen)
      draft.looks_for.push_back(clues[i]);
    else if (!clues[i].as_word && clues[i].pieces.size() == 1)
      draft.also_shared.push_back(clues[i]);
  }
  const auto add = [&](std::vector<DraftExample>& examples, const DraftRequest& request, size_t count_max) {
    DraftExample example = example_of(request, looked_at, given.masker);
    const bool is_known =
        std::any_of(examples.begin(), examples.end(), [&](const auto& other) { return other.yaml == example.yaml; });
    if (!is_known && examples.size() < count_max) examples.push_back(std::move(example));
  };
  for (const auto& request : given.requests)
    add(draft.positive, request, kPositiveExamplesMax);
  for (const auto& request : neighbours.nearest(choice.mask(), kNegativeExamplesMax))
    add(draft.negative, request, kNegativeExamplesMax);
  return draft;
}

void say_what_it_is(const NewArguments& arguments, const GivenRequests& given, const RuleDraft& draft,
                    const DraftNeighbours& neighbours, uint64_t malicious, size_t dropped) {
  std::string fields;
  for (const Clue& clue : draft.looks_for)
    fields += (fields.empty() ? "" : " and ") + clue.key() + ": " + clue.value();
  remark(with_separators(given.requests.size()) + (given.requests.size() == 1 ? " record holds " : " records hold ") +
         fields + "; none of " + with_separators(neighbours.counts().records()) + " ordinary requests does");
  if (arguments.benign_files.empty())
    remark(
        "the ordinary requests are generated ones and the rules' negative examples: give some of your own with "
        "--benign");
  if (malicious > 0)
    remark(with_separators(malicious) + " requests of --benign were left out: the rules in force find them malicious");
  if (neighbours.same_as_given() > 0)
    remark(with_separators(neighbours.same_as_given()) +
           " requests of --benign were left out: they are those of the draft");
  if (given.requests.size() == 1)
    remark(
        "of one record nobody can tell what the attack needs from what this one happened to hold: give more if you "
        "have them");
  if (given.left_out > 0)
    remark("the first " + std::to_string(kRecordsMax) + " records count; " + with_separators(given.left_out) +
           " more were left out");
  if (given.malicious > 0) {
    std::string titles;
    for (const auto& title : given.found_by)
      titles += (titles.empty() ? "" : "; ") + title;
    remark("the rules in force find " + with_separators(given.malicious) +
           " of the records malicious already: " + titles);
  }
  const auto masked = std::count_if(draft.positive.begin(), draft.positive.end(), [](auto& e) { return e.is_masked; });
  if (masked > 0)
    remark("in " + with_separators(static_cast<uint64_t>(masked)) + " positive examples a secret was masked");
  if (dropped > 0)
    remark(std::to_string(dropped) + " examples were left out: masked or cut they would not test the rule");
  if (draft.positive.empty()) remark("no positive example is left: write one yourself");
}

int print(const RuleDraft& draft) {
  const std::string text = print_draft(draft);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? kExitFine : kExitFailed;
}

int report_failure(const Error& error) {
  remark(error.to_string());
  return kExitFailed;
}

/// The draft for clues that the requests share.
int draft_of(const NewArguments& arguments, const CommandSetup& setup, const GivenRequests& given,
             const std::vector<Clue>& clues) {
  const auto rules = compile_clues(clues);
  if (!rules) return report_failure(rules.error());
  auto matcher = Matcher::create(*rules);
  if (!matcher) return report_failure(matcher.error());
  DraftNeighbours neighbours(*matcher, given.requests);
  uint64_t malicious = 0;
  if (!read_neighbours(arguments, setup, neighbours, malicious)) return kExitFailed;
  const ClueChoice choice = choose_clues(clues, neighbours.counts());
  if (choice.neighbours > 0) {
    const Clue& best = clues[choice.clues.front()];
    remark("what the records share is nothing particular: " + with_separators(choice.neighbours) +
           " ordinary requests hold all of it, too, as " + printable(neighbours.counts().first_holding(choice.mask())) +
           " holds " + best.key() + ": " + best.value() +
           ". Look whether that one is ordinary; else give records that are more alike, or only those of one attack");
    return kExitFailed;
  }
  RuleDraft draft = make_draft(given, clues, choice, neighbours);
  const auto dropped = drop_false_examples(draft);
  if (!dropped) return report_failure(dropped.error());
  say_what_it_is(arguments, given, draft, neighbours, malicious, *dropped);
  return print(draft);
}

bool reads_input_twice(const NewArguments& arguments) {
  return std::count(arguments.record_files.begin(), arguments.record_files.end(), "-") +
             std::count(arguments.benign_files.begin(), arguments.benign_files.end(), "-") >
         1;
}

int run_rules_new(const NewArguments& arguments) {
  if (reads_input_twice(arguments))
    return report_usage_error({ErrorCode::kInvalidArgument, "rules new", "standard input (-) can be read once only"});
  const auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  GivenRequests given;
  JudgedRequests requests(Judgement(setup->rules), [&](RecordJudge& judge, JudgedRecord& record,
                                                       const RecordPlace& place) { given.add(judge, record, place); });
  if (!read_files(*setup, arguments.record_files, requests)) return kExitFailed;
  if (given.requests.empty()) {
    remark("there is no record: give it the requests that a rule is to find, a line each");
    return kExitFailed;
  }
  const auto clues = clues_of(given);
  if (!clues) return report_failure(clues.error());
  if (clues->empty()) {
    remark("the records share no text of three bytes or more in any place" + odd_one(given) +
           ". Give only those of one kind of attack, or make a draft of each kind");
    return kExitFailed;
  }
  return draft_of(arguments, *setup, given, *clues);
}

}  // namespace

void add_rules_new(CLI::App& rules, int& exit_code) {
  auto arguments = std::make_shared<NewArguments>();
  auto* command = rules.add_subcommand(
      "new", "Draft a rule from requests by what they share and ordinary ones do not, on standard output");
  add_setup_options(
      *command, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  const auto add_files = [&](const char* name, std::vector<std::string>& files, const char* help) {
    return repeatable(command->add_option(name, files, help)->option_text("FILE"));
  };
  add_files("--from-record", arguments->record_files,
            "Requests that the rule is to find, a line each, also compressed; - is standard input; may be repeated")
      ->required();
  add_files("--benign", arguments->benign_files,
            "Ordinary requests, which it must not find; may be repeated. Without them generated ones count, and the "
            "negative examples of the rules");
  command->footer(
      "The rule looks for the longest text that all of the requests hold in one place and no ordinary one does, or "
      "for\n"
      "several such texts. Examples are masked as alerts are. What only a person can say is marked TODO.\n"
      "Examples: grep '203.0.113.7' access.log | weir rules new --from-record - --benign ordinary.log > my-rule.yml\n"
      "          weir rules test my-rule.yml && weir rules try my-rule.yml access.log\n"
      "Exit codes: 0 fine, 1 the requests share nothing particular or could not be read, 2 wrong usage or "
      "configuration.");
  command->callback([arguments, &exit_code] { exit_code = run_rules_new(*arguments); });
}

}  // namespace weir
