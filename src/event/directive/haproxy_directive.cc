#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>

#include "event/directive/config_text.h"
#include "event/directive/directive_template.h"
#include "event/directive/haproxy_sample.h"
#include "event/directive/variable_table.h"

// HAProxy: log-format "text", with %{flags}name and %{flags}[sample expression]; what is captured stands in lines of its own.
namespace weir {
namespace {

constexpr auto kUse = TextUse::kField;
constexpr auto kAutoTime = TimestampFormat::kAuto;
constexpr std::string_view kLogTime = "%d/%b/%Y:%H:%M:%S";

// clang-format off
constexpr auto kUsed = std::to_array<VariableRow>({
    {"ci", kUse, kFieldClientIp},
    {"HM", kUse, kFieldMethod},
    {"HU", kUse, kFieldTarget, 0},
    {"r", kUse, kFieldTarget, 1, {}, {}, {}, kRequestLineExample},
    {"HP", kUse, kFieldPath, 0},
    {"HPO", kUse, kFieldPath, 1},
    {"HQ", kUse, kFieldQuery, 0, {}, {}, {}, "?q=shoes"},
    {"ST", kUse, kFieldStatus},
    {"B", kUse, kFieldResponseBytes},
    {"U", kUse, kFieldRequestBytes},
    {"Ta", kUse, kFieldDuration, 0},
    {"Tt", kUse, kFieldDuration, 1},
    {"Tu", kUse, kFieldDuration, 2},
    {"Tr", kUse, kFieldDuration, 3},
    {"ID", kUse, kFieldRequestId},
    {"CC", TextUse::kRequestHeader, kFieldCount},
    {"tr", kUse, kFieldTime, 0, "%d/%b/%Y:%H:%M:%S.%3f", kAutoTime},
    {"trg", kUse, kFieldTime, 0, "%d/%b/%Y:%H:%M:%S +0000", kAutoTime},
    {"trl", kUse, kFieldTime, 0, "%d/%b/%Y:%H:%M:%S %z", kAutoTime},
    {"t", kUse, kFieldTime, 1, "%d/%b/%Y:%H:%M:%S.%3f", kAutoTime},
    {"T", kUse, kFieldTime, 1, "%d/%b/%Y:%H:%M:%S +0000", kAutoTime},
    {"Tl", kUse, kFieldTime, 1, "%d/%b/%Y:%H:%M:%S %z", kAutoTime},
    {"Ts", kUse, kFieldTime, 1, "%s", TimestampFormat::kEpochSeconds},
    {"ms", kUse, kFieldTime, 1, "%3f", kAutoTime},
});
// Without a use.
constexpr auto kUnused = std::to_array<std::string_view>({
    "CS", "H", "HV", "Tc", "Td", "Th", "Ti", "Tq", "TR", "Tw", "ac", "b", "bc", "bi", "bp", "bq", "cp", "f", "fc", "fi", "fp",
    "ft", "lc", "pid", "rc", "rt", "s", "sc", "si", "sp", "sq", "sslc", "sslv", "ts", "tsc", "OG"
});

// What +Q puts quotes around: texts and addresses, no numbers and times.
constexpr std::array<std::string_view, 21> kQuotable{"ci", "f", "ft", "b", "s", "CC", "CS", "r", "HM", "HP", "HPO", "HQ", "HU", "HV",
                                                     "ID", "H", "fi", "si", "bi", "sslv", "sslc"};
// clang-format on
constexpr auto kVariables = with_unused(kUsed, kUnused);

struct NamedFormat {
  std::string_view name, text;
};

// The formats behind HAProxy's own options.
constexpr std::array kNamedFormats{
    NamedFormat{"httplog",
                "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
                "%hr %hs %{+Q}r"},
    NamedFormat{"httplog clf",
                "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc "
                "%ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"},
    NamedFormat{"httpslog",
                "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq "
                "%hr %hs %{+Q}r %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] "
                "%[ssl_fc_sni]/%sslv/%sslc"},
    NamedFormat{"tcplog", "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"},
};

constexpr ConfigSyntax kSyntax{"\\\"' $#", false, true, true, '\n'};

struct Flags {
  bool quote = false, escape = false, hex = false;
};

/// Reads one format text.
class LogFormatReader {
 public:
  LogFormatReader(const ConfigText& source, const HaproxyCaptures& captures)
      : source_(source), text_(source.text), captures_(captures) {}

  DirectiveResult<DirectiveTemplate> read() {
    while (at_ < text_.size()) {
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (text_[at_] != '%') {
        read_literal_byte();
      } else if (next == '%') {
        result_.add_literal(offset(), "%");
        at_ += 2;
      } else if (auto done = read_variable(); !done) {
        return tl::unexpected(done.error());
      }
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] size_t offset() const { return source_.offset_of(at_); }

  // Spaces in a row are written as one, and none is at the beginning.
  void read_literal_byte() {
    const auto& pieces = result_.pieces;
    const bool after_space = pieces.empty() || (!pieces.back().variable && pieces.back().literal.ends_with(' '));
    if (text_[at_] != ' ' || !after_space) result_.add_literal(offset(), text_.substr(at_, 1));
    ++at_;
  }

  DirectiveResult<void> read_variable() {
    const size_t begin = at_++;
    const size_t where = source_.offset_of(begin);
    // %(name) names the value, from HAProxy 2.9 on.
    if (at_ < text_.size() && text_[at_] == '(') {
      const size_t close = text_.find(')', at_);
      if (close == std::string_view::npos) return directive_fault(where, "the bracket of %(…) is not closed");
      at_ = close + 1;
    }
    Flags flags = global_;
    if (at_ < text_.size() && text_[at_] == '{') {
      if (auto read = read_flags(flags); !read) return read;
    }
    if (at_ < text_.size() && text_[at_] == '[') return read_sample(begin, flags);
    const size_t name_begin = at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_])) != 0)
      ++at_;
    const auto name = text_.substr(name_begin, at_ - name_begin);
    if (name.empty()) return directive_fault(where, "a % without a variable behind it (a percent sign is written %%)");
    return add_named(name, text_.substr(begin, at_ - begin), flags, where);
  }

  DirectiveResult<void> read_flags(Flags& flags) {
    const size_t where = offset();
    const size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return directive_fault(where, "the brace of %{…} is not closed");
    bool on = true;
    for (++at_; at_ < close; ++at_) {
      switch (text_[at_]) {
        case '+':
          on = true;
          break;
        case '-':
          on = false;
          break;
        case ',':
        case ' ':
          break;
        case 'Q':
          flags.quote = on;
          break;
        case 'E':
          flags.escape = on;
          break;
        case 'X':
          flags.hex = on;
          break;
        default:
          return directive_fault(offset(), "weir knows the flags Q, E and X, no other");
      }
    }
    ++at_;
    return {};
  }

  DirectiveResult<void> add_named(std::string_view name, std::string_view written, Flags flags, size_t where) {
    if (name == "o") {
      global_ = flags;
      return {};
    }
    if (name == "hr" || name == "hs" || name == "hrl" || name == "hsl") {
      add_captures(name, written, flags, where);
      return {};
    }
    const auto* row = find_variable(kVariables, name);
    if (row == nullptr) return directive_fault(where, "HAProxy knows no variable %" + std::string(name));
    auto variable = variable_of(*row, written, TextEscape::kHash);
    if (name == "CC") variable.field.header = "cookie";
    if (flags.hex && (name == "ci" || name == "Ts")) {
      variable = skipped_variable(written);
      result_.notes.push_back(std::string(written) +
                              " is written in hexadecimal, which weir does not read: it is skipped.");
    }
    const bool quoted = flags.quote && std::find(kQuotable.begin(), kQuotable.end(), name) != kQuotable.end();
    add(std::move(variable), where, quoted);
    return {};
  }

  void add(DirectiveVariable variable, size_t where, bool quoted) {
    if (quoted) result_.add_literal(where, "\"");
    result_.add_variable(where, std::move(variable));
    if (quoted) result_.add_literal(where, "\"");
  }

  // {a|b} or "a" "b", as many as are captured. Without the lines that say what is, one text that may also be missing.
  void add_captures(std::string_view name, std::string_view written, Flags flags, size_t where) {
    const bool of_request = name[1] == 'r';
    const bool as_list = name.size() == 3;
    const auto& captured = of_request ? captures_.request : captures_.response;
    if (captured.empty()) {
      auto variable = skipped_variable(written);
      variable.field.use = of_request ? TextUse::kRequestHeader : TextUse::kResponseHeader;
      variable.field.header = "captured-headers";
      variable.field.escape = TextEscape::kHash;
      variable.can_vanish = true;
      if (of_request && !captures_.are_given) {
        result_.notes.push_back(
            std::string(written) +
            " stands for headers whose names are in other lines: paste the lines 'capture request header …' and "
            "'http-request capture …' with the log-format, so that weir knows the user agent among them.");
      }
      if (!captures_.are_given) result_.add_variable(where, std::move(variable));
      return;
    }
    if (!as_list) result_.add_literal(where, flags.quote ? "\"{" : "{");
    for (size_t i = 0; i < captured.size(); ++i) {
      if (i > 0) result_.add_literal(where, as_list ? " " : "|");
      add(captured_variable(captured[i], written, of_request), where, as_list && flags.quote);
    }
    if (!as_list) result_.add_literal(where, flags.quote ? "}\"" : "}");
  }

  [[nodiscard]] DirectiveVariable captured_variable(const std::string& expression, std::string_view written,
                                                    bool of_request) const {
    const auto name = std::string(written) + " (" + expression + ")";
    auto variable = haproxy_sample_variable(expression, name, captures_);
    if (variable.field.use == TextUse::kSkip) {
      variable.field.use = of_request ? TextUse::kRequestHeader : TextUse::kResponseHeader;
      variable.field.header = "captured-header";
    }
    variable.field.escape = TextEscape::kHash;
    return variable;
  }

  DirectiveResult<void> read_sample(size_t begin, Flags flags) {
    const size_t where = source_.offset_of(begin);
    int depth = 0;
    size_t end = at_;
    for (; end < text_.size(); ++end) {
      if (text_[end] == '[') ++depth;
      if (text_[end] == ']' && --depth == 0) break;
    }
    if (end >= text_.size()) return directive_fault(where, "the bracket of %[…] is not closed");
    const auto expression = text_.substr(at_ + 1, end - at_ - 1);
    if (expression.empty()) return directive_fault(where, "%[] without an expression");
    at_ = end + 1;
    auto variable = haproxy_sample_variable(expression, text_.substr(begin, at_ - begin), captures_);
    if (flags.escape && variable.field.escape == TextEscape::kNone) variable.field.escape = TextEscape::kBackslash;
    add(std::move(variable), where, flags.quote);
    return {};
  }

  const ConfigText& source_;
  std::string_view text_;
  const HaproxyCaptures& captures_;
  size_t at_ = 0;
  Flags global_;
  DirectiveTemplate result_;
};

const NamedFormat* named_format(std::string_view name) {
  for (const auto& format : kNamedFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

bool is_configuration(std::string_view text, size_t begin) {
  for (const std::string_view word : {"log-format", "option", "capture", "http-request", "declare", "frontend",
                                      "listen", "defaults", "mode", "log"}) {
    if (starts_with_word(text, begin, word)) return true;
  }
  return false;
}

/// The lines of a configuration that bear on the log: the format, and what its variables stand for.
struct ConfigLines {
  std::optional<ConfigText> format;
  HaproxyCaptures captures;
};

void read_capture(const std::vector<ConfigWord>& words, HaproxyCaptures& captures) {
  const auto word = [&](size_t i) {
    return i < words.size() ? std::string_view(words[i].value.text) : std::string_view{};
  };
  captures.are_given = true;
  auto& captured = word(1) == "response" || word(0) == "http-response" ? captures.response : captures.request;
  const bool of_request = &captured == &captures.request;
  if (word(0) == "capture" && word(2) == "header") {
    captured.push_back((of_request ? "req.fhdr(" : "res.hdr(") + std::string(word(3)) + ")");
  } else if (word(0) == "declare") {
    (word(2) == "response" ? captures.response : captures.request).emplace_back();
  } else if (word(1) == "capture" && word(3) == "len") {
    captured.emplace_back(word(2));
  } else if (word(1) == "capture" && word(3) == "id") {
    const size_t slot = static_cast<size_t>(std::atoi(std::string(word(4)).c_str()));
    if (slot < captured.size()) captured[slot] = std::string(word(2));
  }
}

DirectiveResult<ConfigLines> read_config_lines(std::string_view text, size_t begin) {
  ConfigLines lines;
  while (begin < text.size()) {
    const size_t line_end = std::min(text.find('\n', begin), text.size());
    const auto words = read_config_words(text, begin, kSyntax);
    if (!words) return tl::unexpected(words.error());
    const auto word = [&](size_t i) {
      return i < words->size() ? std::string_view((*words)[i].value.text) : std::string_view{};
    };
    if (word(0) == "log-format" && words->size() > 1) {
      lines.format = (*words)[1].value;
    } else if (word(0) == "option") {
      const auto option = std::string(word(1)) + (word(2) == "clf" ? " clf" : "");
      if (const auto* format = named_format(option); format != nullptr && !lines.format)
        lines.format = plain_config_text(format->text, 0, format->text.size());
    } else if (word(0) == "capture" || word(0) == "declare" || word(1) == "capture") {
      read_capture(*words, lines.captures);
    } else if (word(0) == "http-request" && word(1).starts_with("set-var(") && word(1).ends_with(')')) {
      lines.captures.variables[std::string(word(1).substr(8, word(1).size() - 9))] = std::string(word(2));
    }
    begin = line_end + 1;
  }
  return lines;
}

}  // namespace

DirectiveResult<DirectiveTemplate> parse_haproxy_directive(std::string_view text) {
  const auto [begin, end] = trimmed_range(text);
  const auto trimmed = text.substr(begin, end - begin);
  const HaproxyCaptures none;
  if (const auto* format = named_format(trimmed))
    return LogFormatReader(plain_config_text(format->text, 0, format->text.size()), none).read();
  if (is_configuration(text, begin)) {
    const auto lines = read_config_lines(text, begin);
    if (!lines) return tl::unexpected(lines.error());
    if (!lines->format) return directive_fault(begin, "there is no log-format in these lines");
    return LogFormatReader(*lines->format, lines->captures).read();
  }
  // The value alone, in its quotes, with its backslashes, or just the text.
  const auto words = read_config_words(text, begin, kSyntax);
  const bool is_one_word = words && words->size() == 1;
  const bool is_quoted = is_one_word && (trimmed.starts_with('"') || trimmed.starts_with('\''));
  if (is_quoted || (is_one_word && trimmed.find("\\ ") != std::string_view::npos))
    return LogFormatReader((*words)[0].value, none).read();
  return LogFormatReader(plain_config_text(text, begin, end), none).read();
}

}  // namespace weir
