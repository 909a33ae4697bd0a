#include "app/scan/scan_table.h"

#include <algorithm>
#include <vector>

namespace weir {
namespace {

constexpr size_t kWidthMin = 60;
constexpr size_t kTopRows = 5;
constexpr size_t kBarCells = 20;

/// Characters, not bytes.
size_t length_of(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// Cut to `width` characters, the last an ellipsis.
std::string cut(std::string text, size_t width) {
  if (length_of(text) <= width) return text;
  size_t bytes = 0;
  for (size_t seen = 0; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80;
    if (begins && ++seen == std::max<size_t>(width, 1)) break;
  }
  return text.substr(0, bytes) + "…";
}

std::string left(std::string_view text, size_t width) {
  std::string fitted = cut(printable(text), width);
  fitted.append(width - length_of(fitted), ' ');
  return fitted;
}

std::string right(std::string text, size_t width) {
  const size_t length = length_of(text);
  return length < width ? std::string(width - length, ' ') + text : text;
}

std::string names_of(CategoryMask categories) {
  std::string names;
  for (size_t i = 0; i < static_cast<size_t>(Category::kCount); ++i) {
    const auto category = static_cast<Category>(i);
    if ((categories & mask_of(category)) != 0) names.append(names.empty() ? "" : ", ").append(to_string(category));
  }
  return names;
}

std::string minutes_of(EventTime time) {
  std::string text = format_rfc3339(time).substr(0, 16);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text;
}

class Table {
 public:
  Table(const ScanFindings& findings, const ScanReport& report, const Palette& palette, size_t width)
      : findings_(findings), report_(report), palette_(palette), width_(std::max(width, kWidthMin)) {}

  std::string render() {
    headline();
    if (findings_.malicious() > 0) {
      categories();
      ranking("Attackers", "client", findings_.clients());
      ranking("Attacked paths", "path", findings_.paths());
      worst();
    }
    unread();
    blind();
    alerts();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }
  void heading(const std::string& title, const std::string& rest = "") {
    line("");
    line(palette_.bold(title) + (rest.empty() ? "" : palette_.dim(rest)));
  }

  void headline() {
    const uint64_t requests = findings_.requests(), attacks = findings_.malicious();
    std::string text = with_separators(requests) + (requests == 1 ? " request" : " requests");
    if (requests > 0 && findings_.from() <= findings_.until()) {
      const auto from = minutes_of(findings_.from()), until = minutes_of(findings_.until());
      text += from == until ? " at " + from + " UTC" : " from " + from + " to " + until + " UTC";
    }
    line(text);
    if (report_.passed_over > 0)
      line(palette_.dim(with_separators(report_.passed_over) + " of other times were left out"));
    if (requests == 0) return;
    if (attacks == 0) return line(palette_.green("no attack found"));
    line(palette_.red(with_separators(attacks) + (attacks == 1 ? " attack" : " attacks")) + " by " +
         approximate(findings_.clients()) + (findings_.clients().size() == 1 ? " client" : " clients") + " on " +
         approximate(findings_.paths()) + (findings_.paths().size() == 1 ? " path" : " paths"));
  }

  static std::string approximate(const TopCounts& counts) {
    return (counts.is_exact() ? "" : "more than ") + with_separators(counts.size());
  }

  void categories() {
    heading("Attacks");
    const auto& counts = findings_.by_category();
    std::vector<size_t> order;
    for (size_t i = 0; i < counts.size(); ++i)
      if (counts[i] > 0) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return counts[a] > counts[b]; });
    for (const size_t i : order) {
      const size_t cells = std::max<size_t>(1, counts[i] * kBarCells / counts[order.front()]);
      std::string bar;
      for (size_t cell = 0; cell < cells; ++cell)
        bar += "█";
      line("  " + left(to_string(static_cast<Category>(i)), 10) + right(with_separators(counts[i]), 9) + "  " +
           palette_.red(bar));
    }
  }

  void ranking(const std::string& title, const std::string& what, const TopCounts& counts) {
    const auto rows = counts.top(kTopRows);
    std::string rest =
        counts.size() > rows.size() ? "  the first " + std::to_string(rows.size()) + " of " + approximate(counts) : "";
    if (!counts.is_exact()) rest += "; rare ones are not counted exactly";
    heading(title, rest);
    // What is named takes the room that its longest row needs, up to half of the line.
    size_t key_width = what.size();
    for (const auto& row : rows)
      key_width = std::max(key_width, length_of(printable(row.key)));
    key_width = std::min(key_width, width_ / 2);
    const size_t fixed = 2 + key_width + 9 + 7 + 2;
    line(palette_.dim("  " + left(what, key_width) + right("attacks", 9) + right("worst", 7) + "  categories"));
    for (const auto& row : rows) {
      line("  " + left(row.key, key_width) + right(with_separators(row.count), 9) +
           right(std::to_string(row.worst_score), 7) + "  " + cut(names_of(row.categories), width_ - fixed));
    }
  }

  void worst() {
    heading("Worst requests");
    for (const auto& worst : findings_.worst()) {
      const std::string score = right(std::to_string(worst.score), 5);
      const std::string target = worst.host + worst.target;
      line("  " + palette_.red(score) + "  " + cut(printable(target), width_ - 9));
      std::string where = worst.place + "  " + worst.client;
      if (worst.times > 1) where += "  and " + with_separators(worst.times - 1) + " alike";
      line("         " + cut(printable(worst.titles), width_ - 9));
      line("         " + palette_.dim(cut(printable(where), width_ - 9)));
    }
  }

  void unread() {
    uint64_t total = 0;
    for (const auto& counter : report_.detect.rejected)
      total += counter.value();
    if (total == 0) return;
    heading("Not read", "  " + with_separators(total) + " of " + with_separators(report_.detect.records.value()) +
                            " lines: nothing is known of them");
    for (size_t i = 1; i < report_.detect.rejected.size(); ++i) {
      const uint64_t count = report_.detect.rejected[i].value();
      if (count == 0) continue;
      const auto reason = to_string(static_cast<RejectReason>(i));
      const std::string& first = findings_.first_rejects()[i];
      line("  " + left(reason, 16) + right(with_separators(count), 9) +
           (first.empty() ? "" : palette_.dim("  first " + cut(printable(first), width_ - 36))));
    }
  }

  // What detection needs and no request had: silence there is no peace.
  void blind() {
    if (findings_.requests() == 0) return;
    std::vector<std::string> notes;
    for (const auto& [field, what] : {std::pair{kFieldQuery, "a query"}, std::pair{kFieldUserAgent, "a user agent"},
                                      std::pair{kFieldClientIp, "a client address"}, std::pair{kFieldTime, "a time"}})
      if (report_.detect.fields_read[field].value() == 0) notes.push_back("no request had " + std::string(what));
    if (const auto count = report_.detect.salvaged.value(); count > 0)
      notes.push_back(with_separators(count) + (count == 1 ? " request was" : " requests were") +
                      " read from damaged lines, as far as they go");
    if (notes.empty()) return;
    heading("Not seen");
    for (const std::string& note : notes)
      line("  " + cut(note, width_ - 2));
  }

  void alerts() {
    uint64_t total = 0;
    std::string kinds;
    for (const auto& [kind, name] :
         {std::pair{AlertKind::kAttack, "attack"}, std::pair{AlertKind::kAbuse, "abuse"},
          std::pair{AlertKind::kBurst, "burst"}, std::pair{AlertKind::kCorrelation, "correlation"}}) {
      uint64_t count = 0;
      for (const auto& counter : report_.score.alerts[static_cast<size_t>(kind)])
        count += counter.value();
      total += count;
      if (count > 0) kinds += (kinds.empty() ? "" : ", ") + with_separators(count) + " " + name;
    }
    line("");
    line("The daemon would publish " + (total == 0 ? "no alert" : kinds + (total == 1 ? " alert" : " alerts")) +
         palette_.dim("  (--output alerts)"));
  }

  const ScanFindings& findings_;
  const ScanReport& report_;
  const Palette& palette_;
  size_t width_;
  std::string out_;
};

}  // namespace

std::string scan_table(const ScanFindings& findings, const ScanReport& report, const Palette& palette, size_t width) {
  return Table(findings, report, palette, width).render();
}

std::string attack_line(const RecordVerdict& verdict, const RuleSet& rules, const Palette& palette, size_t width) {
  width = std::max(width, kWidthMin);
  const std::string titles = shown_titles(verdict, rules);
  const std::string time = format_rfc3339(verdict.time).substr(11, 8);
  const std::string head = "  " + left(verdict.client, 15) + "  ";
  const size_t used = time.size() + 1 + 5 + length_of(head);
  const size_t rest = width > used + 24 ? width - used : 24;
  const size_t title_width = std::min(length_of(titles), rest / 2);
  const std::string target = cut(printable(std::string(verdict.host) + std::string(verdict.target)),
                                 rest - std::min(rest - 8, title_width + 2));
  return palette.dim(time) + " " + palette.red(right(std::to_string(verdict.score), 5)) + head + target + "  " +
         palette.dim(cut(printable(titles), title_width)) + "\n";
}

}  // namespace weir
