#include <unistd.h>

#include <CLI/App.hpp>

#include <cstdio>

#include "app/commands/command.h"
#include "app/commands/setup_options.h"
#include "app/explain/policy_explain.h"
#include "app/input/line_reader.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "workbench/explanation.h"

namespace weir {
namespace {

constexpr size_t kShownBytesMax = 400;  // of one line

struct ExplainArguments {
  SetupArguments setup;
  std::string file = "-";  ///< its first line is explained; "-" is standard input
  std::string record;      ///< given on the command line instead of a file
};

void print_heading(const Palette& palette, const char* text) {
  std::printf("\n%s\n", palette.bold(text).c_str());
}

void print_one(const Masker& masker, const char* name, std::string_view value) {
  if (value.empty()) return;
  std::string shown = printable(masker.text(value, kShownBytesMax));
  if (value.size() > kShownBytesMax) shown += "…";
  std::printf("  %-14s %s\n", name, shown.c_str());
}

template <typename Bit, typename Bits>
std::string names_of(Bits bits) {
  std::string names;
  for (unsigned i = 0; i < sizeof(Bits) * 8; ++i) {
    if ((bits >> i & 1U) == 0) continue;
    names += names.empty() ? "" : ", ";
    names += to_string(static_cast<Bit>(1U << i));
  }
  return names;
}

void print_event(const Palette& palette, const Masker& masker, const Event& event, const ClientIdentity& client) {
  const auto print_field = [&](const char* name, std::string_view value) { print_one(masker, name, value); };
  print_heading(palette, "Event");
  print_field("time", format_rfc3339(event.time));
  print_field("request id", event.request_id);
  std::printf("  %-14s %s (%s)\n", "client", printable(masker.text(client.text)).c_str(),
              std::string(to_string(client.kind)).c_str());
  print_field("address", event.client_ip.to_string());
  print_field("method", event.method);
  print_field("host", event.host);
  print_field("path", event.path);
  print_field("query", event.query);
  print_field("user agent", event.user_agent);
  print_field("referer", event.referer);
  print_field("content type", event.content_type);
  if (event.status != 0) std::printf("  %-14s %u\n", "status", event.status);
  if (event.has(EventFlag::kUtf8Repaired)) std::printf("  %s\n", palette.yellow("invalid UTF-8 was repaired").c_str());
}

std::string shown_line(const Masker& masker, const DecodedRecord& record, const Line& line) {
  const std::string text = printable(masker.line(record, line, kShownBytesMax));
  return record.line_text(line).size() > kShownBytesMax ? text + "…" : text;
}

void print_lines(const Palette& palette, const Masker& masker, const DecodedRecord& record) {
  print_heading(palette, "Decoded text, as the rules see it");
  for (const Line& line : record.lines) {
    const std::string steps = names_of<DecodeStep>(line.steps);
    std::printf("  %-10s %s%s\n", std::string(to_string(line.place)).c_str(), shown_line(masker, record, line).c_str(),
                steps.empty() ? "" : palette.cyan("   [" + steps + "]").c_str());
  }
  if (record.evasions != 0)
    std::printf("  %s %s\n", palette.yellow("evasion:").c_str(), names_of<Evasion>(record.evasions).c_str());
  if (record.dropped_lines > 0) std::printf("  %u further lines were not scanned\n", record.dropped_lines);
}

/// The line of a hit with the match underlined; only the text when masking changed it or the start is unknown.
void print_span(const Palette& palette, const Masker& masker, const DecodedRecord& record, const Hit& hit) {
  if (hit.line == Hit::kNoLine) return;
  const Line& line = record.lines[hit.line];
  const auto text = record.line_text(line);
  const bool is_plain = printable(text) == text && masker.line(record, line) == text;
  const size_t begin = hit.match_begin - line.begin, end = hit.match_end - line.begin;
  std::printf("      %-8s ", std::string(to_string(line.place)).c_str());
  if (!is_plain || end > text.size() || text.size() > kShownBytesMax) {
    std::printf("%s   (match at bytes %zu–%zu)\n", shown_line(masker, record, line).c_str(), begin, end);
    return;
  }
  std::printf("%s%s%s\n", std::string(text.substr(0, begin)).c_str(),
              palette.red(text.substr(begin, end - begin)).c_str(), std::string(text.substr(end)).c_str());
  const size_t width = end > begin ? end - begin : 1;
  std::printf("      %-8s %s%s\n", "", std::string(begin < end ? begin : begin - (begin > 0), ' ').c_str(),
              palette.red(std::string(width, '^')).c_str());
}

void print_hits(const Palette& palette, const Masker& masker, const DecodedRecord& record, const Detection& detection,
                const RuleSet& rules) {
  print_heading(palette, "Hits");
  if (detection.hits.empty()) std::printf("  none\n");
  if (detection.capped)
    std::printf("  %s\n",
                palette.yellow("the record matched so often that its scan was ended early; hits so far count").c_str());
  if (detection.gave_up)
    std::printf("  %s\n", palette.yellow("a regular expression gave up, which counts as a match").c_str());
  for (const Hit& hit : detection.hits) {
    const RuleInfo& rule = rules.rules()[hit.rule];
    std::printf("  %s %s  %s  %s\n", palette.yellow("+" + std::to_string(rule.weight)).c_str(),
                std::string(to_string(rule.category)).c_str(), rule.title.c_str(), palette.dim(rule.id).c_str());
    print_span(palette, masker, record, hit);
  }
}

void print_score(const Palette& palette, const Explanation& made) {
  const Detection& detection = made.record.detection;
  print_heading(palette, "Score");
  for (const auto& [category, points, counted] : made.categories)
    std::printf("  %-10s %d%s\n", std::string(to_string(category)).c_str(), points,
                counted < points ? (", of which " + std::to_string(counted) + " count").c_str() : "");
  if (made.policy_points != 0) std::printf("  %-10s %d\n", "policy", made.policy_points);
  std::printf("  %-10s %d of %d: %s\n", "request", detection.score, made.judge.rules().options().threshold,
              detection.scan_failed ? palette.red("unknown, the matcher failed").c_str()
              : detection.malicious ? palette.red("malicious").c_str()
                                    : palette.green("below the threshold").c_str());
}

Result<std::string> read_record(const ExplainArguments& arguments, size_t record_bytes_max) {
  if (!arguments.record.empty()) return arguments.record;
  LineReader reader(arguments.file, record_bytes_max);
  if (auto opened = reader.open(); !opened) return tl::unexpected(opened.error());
  std::vector<std::string_view> lines;
  if (auto read = reader.read(1, lines); !read) return tl::unexpected(read.error());
  if (lines.empty())
    return fail(ErrorCode::kInvalidArgument, "input",
                "no record: give one line of JSON in a file, on standard input or with --record");
  return std::string(lines.front());
}

/// `weir explain`: one record, step by step (DE14): the event, every decoded line and how it was decoded, every hit with
/// its span, the parts of the score, the client. Secrets are masked. Returns the exit code.
int run_explain(const ExplainArguments& arguments) {
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  const Config& config = setup->config;
  const auto record_text = read_record(arguments, config.input.record_bytes_max);
  if (!record_text) {
    std::fprintf(stderr, "weir explain: %s\n", record_text.error().to_string().c_str());
    return record_text.error().code == ErrorCode::kInvalidArgument ? kExitUsage : kExitFailed;
  }
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  auto made = explain_record(analyzer_options(config), {setup->rules, config.policy}, *record_text);
  if (!made && made.error().code == ErrorCode::kParse) {
    std::printf("%s %s\nThe daemon would send this record to the dead-letter topic.\n",
                palette.red("rejected:").c_str(), made.error().detail.c_str());
    return kExitFailed;
  }
  if (!made) return report_usage_error(made.error());
  const JudgedRecord& record = made->record;
  const Masker& masker = made->judge.masker();
  print_event(palette, masker, record.event, record.client);
  print_lines(palette, masker, record.decoded);
  if (const Policy* policy = made->judge.policy())
    print_policy_findings(palette, *policy, record, made->judge.rules(), masker);
  print_hits(palette, masker, record.decoded, record.detection, made->judge.rules());
  print_score(palette, *made);
  return record.detection.scan_failed ? kExitFailed : kExitFine;
}

}  // namespace

void add_explain_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<ExplainArguments>();
  arguments->setup.sources = SetupArguments::Sources::kNamedOne;
  auto* explain =
      program.add_subcommand("explain", "Show for one record every decode step, every hit and the parts of its score");
  add_setup_options(*explain, arguments->setup, "Form of the record: flat, ecs, nginx, envoy, traefik, caddy");
  explain->add_option("--record", arguments->record, "The record itself, as one JSON object");
  explain->add_option("FILE", arguments->file, "A file whose first line is explained; - is standard input")
      ->default_str("-");
  explain->footer(
      R"(Example: weir explain --record '{"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/","query":"id=1%27%20OR%201=1--"}')");
  explain->callback([arguments, &exit_code] { exit_code = run_explain(*arguments); });
}

}  // namespace weir
