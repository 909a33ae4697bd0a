#include "app/top/top_view.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace weir {
namespace {

constexpr size_t kTopRowsMax = 10;

struct Counted {
  std::string_view title;
  std::string_view name;
};

/// Counters of which the rate is shown.
constexpr std::array<Counted, 9> kRates{{
    {"records", "weir_records_total"},
    {"malicious records", "weir_malicious_records_total"},
    {"alerts", "weir_alerts_total"},
    {"left out by flood control", "weir_alerts_suppressed_total"},
    {"dead letters", "weir_dead_letters_total"},
    {"observations scored", "weir_observations_total"},
    {"commits", "weir_commits_total"},
    {"transactions aborted", "weir_transactions_aborted_total"},
    {"library errors", "weir_kafka_client_errors_total"},
}};

constexpr std::array<Counted, 5> kStates{{
    {"lag, messages", "weir_consumer_lag_records"},
    {"partitions", "weir_assigned_partitions"},
    {"clients", "weir_clients"},
    {"episodes open", "weir_episodes_open"},
    {"memory, MiB", "process_resident_memory_bytes"},
}};

constexpr int kTitleWidth = 28;
constexpr int kRuleWidth = 60;

std::string row(std::string_view title, std::string_view value, std::string_view more, int width = kTitleWidth) {
  std::array<char, 160> line{};
  const auto shown = cut_utf8(title, kRuleWidth);
  std::snprintf(line.data(), line.size(), "  %-*.*s %12.*s  %.*s\n", width, static_cast<int>(shown.size()),
                shown.data(), static_cast<int>(value.size()), value.data(), static_cast<int>(more.size()), more.data());
  return line.data();
}

std::string decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 10 ? "%.1f" : "%.0f", number);
  return number < 10 ? text.data() : with_separators(static_cast<uint64_t>(number));
}

/// The most frequent values of a label since the sample before, then since the start.
std::string most_frequent(const TopSample& before, const TopSample& now, std::string_view name, std::string_view label,
                          double seconds, int width = kTitleWidth) {
  auto earlier = before.metrics.by_label(name, label);
  struct Row {
    double rate = 0;
    double total = 0;
    std::string value;
  };
  std::vector<Row> rows;
  for (const auto& [value, total] : now.metrics.by_label(name, label))
    if (total > 0) rows.push_back({std::max(0.0, total - earlier[value]) / seconds, total, value});
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.rate != b.rate ? a.rate > b.rate : a.total > b.total; });
  std::string text;
  for (size_t i = 0; i < std::min(rows.size(), kTopRowsMax); ++i)
    text += row(printable(rows[i].value), decimal(rows[i].rate) + "/s",
                with_separators(static_cast<uint64_t>(rows[i].total)), width);
  return text.empty() ? "  none yet\n" : text;
}

}  // namespace

std::string top_screen(const TopSample& before, const TopSample& now, const Palette& palette) {
  const double seconds = std::max(now.seconds - before.seconds, 0.001);
  const bool ready = now.ready.starts_with("every lane");
  std::string screen =
      palette.bold("weir") + "  " + (ready ? palette.green(now.ready) : palette.yellow(now.ready)) + "\n\n";
  screen += palette.bold("  rates") + "\n";
  for (const Counted& kRate : kRates) {
    const double total = now.metrics.sum(kRate.name);
    const double rate = std::max(0.0, total - before.metrics.sum(kRate.name)) / seconds;
    screen += row(kRate.title, decimal(rate) + "/s", with_separators(static_cast<uint64_t>(total)));
  }
  screen += "\n" + palette.bold("  now") + "\n";
  for (const Counted& kState : kStates) {
    double value = now.metrics.sum(kState.name);
    if (kState.name.ends_with("_bytes")) value /= 1 << 20;
    screen += row(kState.title, decimal(value), "");
  }
  screen += "\n" + palette.bold("  rule hits by category") + "\n";
  screen += most_frequent(before, now, "weir_rule_hits_total", "category", seconds);
  screen += "\n" + palette.bold("  rules that hit most") + "\n";
  screen += most_frequent(before, now, "weir_hits_by_rule_total", "title", seconds, kRuleWidth);
  screen += "\n" + palette.bold("  alerts by kind") + "\n";
  return screen + most_frequent(before, now, "weir_alerts_total", "kind", seconds);
}

}  // namespace weir
