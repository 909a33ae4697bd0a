#include "app/demo/demo_view.h"

#include <unistd.h>

#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/time.h"

namespace weir {
namespace {

constexpr double kRedrawSeconds = 0.25;
constexpr double kLineSeconds = 5;  // where there is no terminal to redraw
constexpr size_t kExcerptShownMax = 100;

using ParsedJson = nlohmann::json;

/// The value at the pointer, or an empty text.
std::string text_at(const ParsedJson& json, const char* pointer) {
  const ParsedJson::json_pointer at(pointer);
  return json.contains(at) && json.at(at).is_string() ? json.at(at).get<std::string>() : "";
}

uint64_t number_at(const ParsedJson& json, const char* pointer) {
  const ParsedJson::json_pointer at(pointer);
  return json.contains(at) && json.at(at).is_number() ? json.at(at).get<uint64_t>() : 0;
}

std::string joined(const ParsedJson& json, const char* pointer) {
  std::string all;
  const ParsedJson::json_pointer at(pointer);
  if (!json.contains(at)) return all;
  for (const ParsedJson& item : json.at(at))
    all += (all.empty() ? "" : ", ") + item.get<std::string>();
  return all;
}

}  // namespace

DemoView::DemoView() : is_terminal_(isatty(STDOUT_FILENO) == 1), palette_(Palette::for_stream(STDOUT_FILENO)) {}

void DemoView::started(size_t rules, const std::string& bootstrap_servers, uint16_t http_port) {
  const std::lock_guard lock(mutex_);
  std::printf("%s  %zu rules, embedded Kafka on %s\n", palette_.bold("weir demo").c_str(), rules,
              bootstrap_servers.c_str());
  std::printf("metrics: http://127.0.0.1:%u/metrics   ready: http://127.0.0.1:%u/-/ready\n", http_port, http_port);
  std::printf("%s\n\n", palette_.dim("joining the consumer groups takes a few seconds; Ctrl-C ends the demo").c_str());
  std::fflush(stdout);
}

void DemoView::alert(std::string_view ocsf_json) {
  const ParsedJson json = ParsedJson::parse(ocsf_json, nullptr, /*allow_exceptions=*/false);
  const std::lock_guard lock(mutex_);
  clear_live_line();
  if (json.is_discarded()) {
    std::printf("an alert that is no JSON\n");
    return;
  }
  const bool is_abuse = text_at(json, "/unmapped/weir/kind") == "abuse";
  const std::string severity = text_at(json, "/severity"), phase = text_at(json, "/unmapped/weir/phase");
  const std::string time = format_rfc3339(EventTime{Milliseconds{number_at(json, "/time")}}).substr(11, 12);
  const bool is_burst = text_at(json, "/unmapped/weir/kind") == "burst";
  std::string kind = is_abuse   ? palette_.magenta("ABUSE ")
                     : is_burst ? palette_.magenta("BURST ")
                                : palette_.red("ATTACK");
  std::string label = severity + std::string(severity.size() < 9 ? 9 - severity.size() : 0, ' ');
  label = severity == "Critical" || severity == "High" ? palette_.red(label) : palette_.yellow(label);
  std::printf("%s %s %s %s  %s", palette_.dim(time).c_str(), kind.c_str(), label.c_str(),
              palette_.bold(printable(text_at(json, "/unmapped/weir/client"))).c_str(),
              printable(text_at(json, "/finding_info/title")).c_str());
  if (is_abuse)
    std::printf("  %s", palette_.cyan("risk " + std::to_string(number_at(json, "/unmapped/risk_score"))).c_str());
  if (phase != "opened")
    std::printf("  %s", palette_.cyan(phase + ", " + with_separators(number_at(json, "/count")) + " requests").c_str());
  std::printf("\n");
  const std::string excerpt = text_at(json, "/evidences/0/data/hits/0/excerpt");
  if (!excerpt.empty()) {
    const std::string steps = joined(json, "/unmapped/weir/decode_steps");
    std::printf("             %s in %s: %s%s\n", palette_.dim("found").c_str(),
                text_at(json, "/evidences/0/data/hits/0/place").c_str(),
                printable(excerpt.substr(0, kExcerptShownMax)).c_str(),
                steps.empty() ? "" : palette_.dim("  [" + steps + "]").c_str());
  }
  draw_live_line();
}

void DemoView::rates(const Figures& figures) {
  const std::lock_guard lock(mutex_);
  const double passed = figures.seconds - last_drawn_seconds_;
  if (passed < (is_terminal_ ? kRedrawSeconds : kLineSeconds)) return;
  const double rate = last_drawn_seconds_ < 0 ? 0 : static_cast<double>(figures.scored - last_.scored) / passed;
  live_line_ = std::to_string(static_cast<int>(figures.seconds)) + " s  " +
               with_separators(static_cast<uint64_t>(rate)) + " records/s  " + with_separators(figures.scored) +
               " of " + with_separators(figures.fed) + " records scored  " + with_separators(figures.alerts) +
               " alerts  " + with_separators(figures.dead_letters) + " dead letters";
  last_ = figures;
  last_drawn_seconds_ = figures.seconds;
  clear_live_line();
  draw_live_line();
  if (!is_terminal_) std::printf("%s\n", live_line_.c_str());
  std::fflush(stdout);
}

void DemoView::message(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  std::printf("%s %.*s\n", palette_.yellow("note:").c_str(), static_cast<int>(text.size()), text.data());
  draw_live_line();
}

void DemoView::summary(const Figures& figures) {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  live_line_.clear();
  std::printf("\n%s %s records in %.1f s: %s scored + %s dead letters; %s alerts\n", palette_.green("done:").c_str(),
              with_separators(figures.fed).c_str(), figures.seconds, with_separators(figures.scored).c_str(),
              with_separators(figures.dead_letters).c_str(), with_separators(figures.alerts).c_str());
  std::fflush(stdout);
}

void DemoView::finish() {
  const std::lock_guard lock(mutex_);
  clear_live_line();
  std::fflush(stdout);
}

void DemoView::clear_live_line() {
  if (live_line_drawn_) std::fputs("\r\033[K", stdout);
  live_line_drawn_ = false;
}

void DemoView::draw_live_line() {
  if (!is_terminal_ || live_line_.empty()) return;
  std::fputs(palette_.dim(live_line_).c_str(), stdout);
  std::fflush(stdout);
  live_line_drawn_ = true;
}

}  // namespace weir
