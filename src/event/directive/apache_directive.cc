#include <array>
#include <string>

#include "base/ascii.h"
#include "event/directive/config_text.h"
#include "event/directive/directive_template.h"
#include "event/directive/variable_table.h"

// Apache: LogFormat "text" [name], with %[<>][!status,…][{argument}]letter.
namespace weir {
namespace {

constexpr auto kUse = TextUse::kField;
constexpr auto kAutoTime = TimestampFormat::kAuto;
constexpr auto kUs = DurationUnit::kMicroseconds;
constexpr auto kS = DurationUnit::kSeconds;

// clang-format off
constexpr auto kUsed = std::to_array<VariableRow>({
    {"a", kUse, kFieldClientIp, 0},
    {"h", kUse, kFieldClientIp, 1},
    {"u", kUse, kFieldClientId},
    {"m", kUse, kFieldMethod},
    {"r", kUse, kFieldTarget, 0, {}, {}, {}, kRequestLineExample},
    {"U", kUse, kFieldPath},
    {"q", kUse, kFieldQuery, 0, {}, {}, {}, "?q=shoes"},
    {"s", kUse, kFieldStatus, 1},
    {"v", kUse, kFieldHost, 2, {}, {}, {}, "www.example.com"},
    {"V", kUse, kFieldHost, 1, {}, {}, {}, "www.example.com"},
    {"t", kUse, kFieldTime, 0, "%d/%b/%Y:%H:%M:%S %z", kAutoTime},
    {"D", kUse, kFieldDuration, 0, {}, {}, kUs, "12345"},
    {"T", kUse, kFieldDuration, 1, {}, {}, kS, "0"},
    {"I", kUse, kFieldRequestBytes},
    {"O", kUse, kFieldResponseBytes, 0},
    {"B", kUse, kFieldResponseBytes, 1},
    {"b", kUse, kFieldResponseBytes, 2},
});
// Without a use.
constexpr auto kUnused = std::to_array<std::string_view>({
    "S", "A", "f", "H", "k", "l", "L", "P", "p", "R", "X", "^FU", "^FB"
});
// clang-format on
constexpr auto kLetters = with_unused(kUsed, kUnused);

// Letters that take an argument which decides what they mean.
constexpr std::string_view kArgumentLetters = "iocCentTxaphP";

constexpr ConfigSyntax kSyntax{"\\\"'", true, false, false, '\n'};

struct Nickname {
  std::string_view name, text;
};

// What Debian's and Apache's own configuration call their formats.
constexpr std::array kNicknames{
    Nickname{"common", R"(%h %l %u %t "%r" %>s %b)"},
    Nickname{"combined", R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
    Nickname{"vhost_combined", R"(%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
    Nickname{"combinedio", R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O)"},
};

/// A directive as written: %>{argument}letter.
struct Percent {
  std::string_view argument;
  std::string_view letter;
  bool has_argument = false;
  bool is_original = false;  ///< <
  bool has_condition = false;
  size_t end = 0;
};

DirectiveResult<Percent> read_percent(const ConfigText& source, size_t begin) {
  const std::string_view text = source.text;
  Percent percent;
  size_t at = begin + 1;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<' || c == '>') {
      percent.is_original = c == '<';
    } else if (c == '!' || c == ',' || is_ascii_digit(c)) {
      percent.has_condition = true;
    } else if (c == '{') {
      const size_t close = text.find('}', at);
      if (close == std::string_view::npos)
        return directive_fault(source.offset_of(at), "the brace of %{…} is not closed");
      percent.argument = text.substr(at + 1, close - at - 1);
      percent.has_argument = true;
      at = close;
    } else {
      break;
    }
  }
  const size_t letters = at < text.size() && text[at] == '^' ? 3 : 1;
  if (at + letters > text.size())
    return directive_fault(source.offset_of(begin), "a % without a letter behind it (a percent sign is written %%)");
  percent.letter = text.substr(at, letters);
  percent.end = at + letters;
  return percent;
}

// %{…}t: a pattern of strftime, or one of Apache's own words.
DirectiveVariable time_variable(std::string_view argument, std::string_view written) {
  for (const std::string_view which : {"begin:", "end:"}) {
    if (argument.starts_with(which)) argument.remove_prefix(which.size());
  }
  auto variable = variable_of({"t", kUse, kFieldTime, 1, argument, kAutoTime}, written, TextEscape::kNone);
  const auto epoch = [&](std::string_view pattern, TimestampFormat format) {
    variable.time = std::string(pattern);
    variable.field.time_format = format;
  };
  if (argument.empty()) epoch("%d/%b/%Y:%H:%M:%S %z", kAutoTime);
  if (argument == "sec") epoch("%s", TimestampFormat::kEpochSeconds);
  if (argument == "msec") epoch("%s%3f", TimestampFormat::kEpochMilliseconds);
  if (argument == "usec") epoch("%s%6f", TimestampFormat::kEpochMicroseconds);
  if (argument == "msec_frac") epoch("%3f", kAutoTime);
  if (argument == "usec_frac") epoch("%6f", kAutoTime);
  return variable;
}

DirectiveResult<DirectiveVariable> with_argument(const Percent& percent, std::string_view written, size_t offset) {
  const auto escape = TextEscape::kBackslash;
  const auto argument = percent.argument;
  if (percent.letter == "i") return request_header_variable(argument, written, escape);
  if (percent.letter == "^ti") return skipped_variable(written);
  if (percent.letter == "o") return response_header_variable(argument, written, escape);
  if (percent.letter == "^to") return skipped_variable(written);
  if (percent.letter == "C") {
    auto variable = request_header_variable("cookie", written, escape);
    variable.rank = 9;
    return variable;
  }
  if (percent.letter == "t") return time_variable(argument, written);
  if (percent.letter == "T") {
    auto variable = variable_of(*find_variable(kLetters, "T"), written, escape);
    if (argument == "us")
      variable.field.unit = kUs;
    else if (argument == "ms")
      variable.field.unit = DurationUnit::kMilliseconds;
    else if (argument != "s")
      return directive_fault(offset, "%{…}T takes s, ms or us");
    return variable;
  }
  if (percent.letter == "a" || percent.letter == "h") {
    if (argument != "c") return directive_fault(offset, "%{…}" + std::string(percent.letter) + " takes c");
    // The peer of the connection: what mod_remoteip made of it stands in %a, if that is logged.
    return variable_of({"a", kUse, kFieldClientIp, 2}, written, escape);
  }
  if (percent.letter == "e" && argument == "UNIQUE_ID")
    return variable_of({"e", kUse, kFieldRequestId, 1}, written, escape);
  return skipped_variable(written);  // notes, environment, ports, process ids and variables of other modules
}

DirectiveResult<DirectiveVariable> variable_of_percent(const Percent& percent, std::string_view written,
                                                       size_t offset) {
  if (percent.has_argument) {
    if (percent.letter.size() == 1 && kArgumentLetters.find(percent.letter[0]) == std::string_view::npos &&
        find_variable(kLetters, percent.letter) == nullptr) {
      return directive_fault(offset, "Apache knows no %{…}" + std::string(percent.letter));
    }
    if (percent.letter.size() == 1 && kArgumentLetters.find(percent.letter[0]) != std::string_view::npos)
      return with_argument(percent, written, offset);
    if (percent.letter == "^ti" || percent.letter == "^to") return skipped_variable(written);
  }
  const auto* row = find_variable(kLetters, percent.letter);
  if (row == nullptr) return directive_fault(offset, "Apache knows no %" + std::string(percent.letter));
  auto variable = variable_of(*row, written, TextEscape::kBackslash);
  variable.is_decoded = row->field == kFieldPath;
  // After an internal redirect these two logs differ: the status of the last request counts, and %s alone is that of the first.
  if (percent.letter == "s" && !percent.is_original && written.find('>') != std::string_view::npos) variable.rank = 0;
  return variable;
}

// The format's own escapes, which work outside of the file's quotes.
char escaped_byte(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case '\\':
    case '"':
    case '\'':
      return c;
    default:
      return '\0';
  }
}

DirectiveResult<DirectiveTemplate> parse_text(const ConfigText& source) {
  DirectiveTemplate result;
  const std::string_view text = source.text;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\\' && escaped_byte(next) != '\0') {
      result.add_literal(source.offset_of(at), std::string(1, escaped_byte(next)));
      at += 2;
    } else if (c == '%' && next == '%') {
      result.add_literal(source.offset_of(at), "%");
      at += 2;
    } else if (c == '%') {
      const auto percent = read_percent(source, at);
      if (!percent) return tl::unexpected(percent.error());
      auto variable = variable_of_percent(*percent, text.substr(at, percent->end - at), source.offset_of(at));
      if (!variable) return tl::unexpected(variable.error());
      const bool has_brackets = percent->letter == "t" && percent->argument.empty();
      if (has_brackets) result.add_literal(source.offset_of(at), "[");
      result.add_variable(source.offset_of(at), std::move(*variable));
      if (has_brackets) result.add_literal(source.offset_of(at), "]");
      at = percent->end;
    } else {
      result.add_literal(source.offset_of(at), text.substr(at, 1));
      ++at;
    }
  }
  return result;
}

}  // namespace

DirectiveResult<DirectiveTemplate> parse_apache_directive(std::string_view text) {
  const auto [begin, end] = trimmed_range(text);
  const auto trimmed = text.substr(begin, end - begin);
  for (const auto& nickname : kNicknames) {
    if (trimmed == nickname.name) return parse_text(plain_config_text(nickname.text, 0, nickname.text.size()));
  }
  const bool is_log_format = starts_with_word(text, begin, "LogFormat");
  const bool is_custom_log = starts_with_word(text, begin, "CustomLog");
  if (is_log_format || is_custom_log) {
    const size_t wanted = is_log_format ? 1 : 2;
    auto words = read_config_words(text, begin, kSyntax);
    if (!words) return tl::unexpected(words.error());
    if (words->size() <= wanted) return directive_fault(begin, "the directive has no format");
    return parse_text((*words)[wanted].value);
  }
  // A value in its quotes: all of it is one word (the name that may follow it aside).
  if (trimmed.starts_with('"') || trimmed.starts_with('\'')) {
    const auto words = read_config_words(text, begin, kSyntax);
    const auto has_percent = [&](size_t i) { return (*words)[i].value.text.find('%') != std::string::npos; };
    if (words && !words->empty() && has_percent(0) && (words->size() == 1 || (words->size() == 2 && !has_percent(1))))
      return parse_text((*words)[0].value);
  }
  return parse_text(plain_config_text(text, begin, end));
}

}  // namespace weir
