#include "workbench/draft/clue.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/ascii.h"
#include "base/hex.h"
#include "workbench/draft/shared_text.h"

namespace weir {
namespace {

constexpr size_t kFieldBytesMax = 16 << 10;
constexpr size_t kSinglesMax = 40, kSequencesMax = 12, kWordsMax = 12;
constexpr size_t kSequencePiecesMax = 4;
constexpr size_t kShownOfSecret = 4;  // what a masked secret ends with
constexpr std::string_view kHidden = "***";
// What breaks out of a value, begins code or leaves a folder; browsers' own headers hold quotes and brackets.
constexpr std::string_view kSigns = "'\"<>|;$`{}()*\\", kHeaderSigns = "'<>|$`{}\\";

bool is_kept(const DecodedRecord& record, const Line& line) {
  return (mask_of(line.place) & kUserTextPlaces) != 0 && !has(line.steps, DecodeStep::kLineBreaks) &&
         line.begin < line.end && line.end <= record.text.size();
}

/// A line without what was masked in it.
std::string without_secrets(const DecodedRecord& record, const Line& line, const Masker& masker) {
  std::string shown = masker.line(record, line);
  if (shown == record.line_text(line)) return shown;
  std::string kept;
  std::string_view rest = shown;
  while (true) {
    const size_t hidden = rest.find(kHidden);
    kept += rest.substr(0, hidden);
    if (hidden == std::string_view::npos) return kept;
    kept.push_back('\n');
    rest.remove_prefix(std::min(rest.size(), hidden + kHidden.size() + kShownOfSecret));
  }
}

bool tells(const DraftField& field, std::string_view piece) {
  return piece.find_first_of(field.signs) != std::string_view::npos || piece.find("..") != std::string_view::npos;
}

size_t bytes_of(const Clue& clue) {
  size_t bytes = 0;
  for (const auto& piece : clue.pieces)
    bytes += piece.size();
  return bytes;
}

bool is_better(const Clue& a, const Clue& b) {
  const auto key = [](const Clue& clue) {
    const DraftField& field = draft_fields()[clue.field];
    const bool telling =
        std::any_of(clue.pieces.begin(), clue.pieces.end(), [&](const auto& piece) { return tells(field, piece); });
    return std::tuple(!telling, field.rank, kFieldBytesMax - std::min(kFieldBytesMax, bytes_of(clue)));
  };
  return key(a) < key(b);
}

std::vector<std::string> texts_in(std::span<const RecordTexts> records, size_t field) {
  std::vector<std::string> texts;
  for (const RecordTexts& record : records)
    texts.push_back(record.by_field[field]);
  return texts;
}

/// The pieces that the line holds, in their order, without those that overlap one before.
std::vector<std::string> sequence_in(std::string_view line, const std::vector<std::string>& pieces) {
  std::vector<std::pair<size_t, std::string>> found;
  for (const auto& piece : pieces)
    if (const size_t at = line.find(piece); at != std::string_view::npos) found.emplace_back(at, piece);
  std::sort(found.begin(), found.end());
  std::vector<std::string> sequence;
  size_t end = 0;
  for (auto& [at, piece] : found) {
    if (at < end || sequence.size() == kSequencePiecesMax) continue;
    end = at + piece.size();
    sequence.push_back(std::move(piece));
  }
  return sequence;
}

template <typename Function>
void for_each_line(std::string_view text, Function function) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    function(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

bool has_sequence(std::string_view text, const std::vector<std::string>& sequence) {
  bool found = false;
  for_each_line(text, [&](std::string_view line) {
    size_t at = 0;
    for (const auto& piece : sequence) {
      at = line.find(piece, at);
      if (at == std::string_view::npos) return;
      at += piece.size();
    }
    found = true;
  });
  return found;
}

/// Several pieces that stand in one line of every text.
void add_sequences(size_t field, const std::vector<std::string>& texts, const std::vector<std::string>& pieces,
                   std::vector<Clue>& out) {
  for_each_line(texts.front(), [&](std::string_view line) {
    Clue clue{field, sequence_in(line, pieces), false};
    const bool in_all = std::all_of(texts.begin(), texts.end(),
                                    [&](const std::string& text) { return has_sequence(text, clue.pieces); });
    const bool is_known = std::any_of(
        out.begin(), out.end(), [&](const Clue& other) { return other.field == field && other.pieces == clue.pieces; });
    if (clue.pieces.size() > 1 && in_all && !is_known) out.push_back(std::move(clue));
  });
}

bool is_told_already(const std::vector<Clue>& clues, const std::string& piece) {
  return std::any_of(clues.begin(), clues.end(), [&](const Clue& clue) {
    return !draft_fields()[clue.field].is_several_places && clue.pieces.front().find(piece) != std::string::npos;
  });
}

void keep_best(std::vector<Clue>& clues, size_t count) {
  std::stable_sort(clues.begin(), clues.end(), is_better);
  clues.resize(std::min(clues.size(), count));
}

/// What JSON leaves as it is and YAML does not take, or takes for the end of a line: U+007F to U+009F, U+2028, U+2029, U+FEFF.
std::string with_escapes(std::string_view json) {
  std::string out;
  for (size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<uint8_t>(json[i]);
    const std::string_view three = json.substr(i, 3);
    if (byte == 0x7f) {
      out += "\\u007f";
    } else if (byte == 0xc2 && i + 1 < json.size() && static_cast<uint8_t>(json[i + 1]) < 0xa0) {
      out += "\\u00";
      append_hex(out, static_cast<uint8_t>(json[++i]));
    } else if (three == "\u2028" || three == "\u2029" || three == "\ufeff") {
      out += three == "\u2028" ? "\\u2028" : three == "\u2029" ? "\\u2029" : "\\ufeff";
      i += 2;
    } else {
      out.push_back(json[i]);
    }
  }
  return out;
}

std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

const std::vector<DraftField>& draft_fields() {
  static const std::vector<DraftField> kFields{
      {"weir.query", mask_of(Place::kQuery), 0, kSigns, false},
      {"weir.form", mask_of(Place::kForm), 0, kSigns, false},
      {"weir.json", mask_of(Place::kJson), 0, kSigns, false},
      {"weir.multipart", mask_of(Place::kMultipart), 0, kSigns, false},
      {"weir.xml", mask_of(Place::kXml), 0, kSigns, false},
      {"weir.body", mask_of(Place::kBody) | mask_of(Place::kXmlDocument), 0, kSigns, false},
      {"weir.path", mask_of(Place::kPath), 1, kSigns, false},
      {"weir.header", mask_of(Place::kHeader), 2, kHeaderSigns, false},
      {"weir.cookie", mask_of(Place::kCookie), 3, kHeaderSigns, false},
      {"weir.user_agent", mask_of(Place::kUserAgent), 3, kHeaderSigns, false},
      {"weir.referer", mask_of(Place::kReferer), 3, kHeaderSigns, false},
      {"weir.host", mask_of(Place::kHost), 4, kHeaderSigns, false},
      {"weir.param", kParameterPlaces, 0, kSigns, true},
      {"weir.text", kUserTextPlaces, 3, kHeaderSigns, true}};
  return kFields;
}

std::string yaml_scalar(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_plain)
    return with_escapes(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string Clue::key() const {
  return std::string(draft_fields()[field].name) + (as_word ? "|re|i" : "|contains");
}

std::string Clue::value() const {
  if (as_word) {
    const std::string& word = pieces.front();
    const auto bound = [](char c) { return is_word_byte(c) ? std::string("\\b") : std::string(); };
    return yaml_scalar(bound(word.front()) + escaped(word, "\\^$.|?*+()[]{}") + bound(word.back()));
  }
  std::string pattern;
  for (const auto& piece : pieces)
    pattern += (pattern.empty() ? "" : "*") + escaped(piece, "\\*?");
  return yaml_scalar(pattern);
}

RecordTexts texts_of(const DecodedRecord& record, const Masker& masker) {
  RecordTexts texts;
  texts.by_field.resize(draft_fields().size());
  for (const Line& line : record.lines) {
    if (!is_kept(record, line)) continue;
    const std::string text = lower_case(without_secrets(record, line, masker));
    for (size_t i = 0; i < texts.by_field.size(); ++i) {
      std::string& out = texts.by_field[i];
      if ((draft_fields()[i].places & mask_of(line.place)) == 0 || out.size() + text.size() > kFieldBytesMax) continue;
      out += (out.empty() ? "" : "\n") + text;
    }
  }
  return texts;
}

std::vector<Clue> find_clues(std::span<const RecordTexts> records) {
  std::vector<Clue> clues, sequences, words;
  for (size_t field = 0; !records.empty() && field < draft_fields().size(); ++field) {
    const auto texts = texts_in(records, field);
    const auto pieces = shared_pieces(texts);
    for (const auto& piece : pieces)
      if (!draft_fields()[field].is_several_places || !is_told_already(clues, piece))
        clues.push_back({field, {piece}, false});
    if (!draft_fields()[field].is_several_places && !pieces.empty()) add_sequences(field, texts, pieces, sequences);
  }
  keep_best(clues, kSinglesMax);
  for (const Clue& clue : clues) {
    const std::string& piece = clue.pieces.front();
    if (words.size() < kWordsMax && (is_word_byte(piece.front()) || is_word_byte(piece.back())))
      words.push_back({clue.field, clue.pieces, true});
  }
  keep_best(sequences, kSequencesMax);
  clues.insert(clues.end(), sequences.begin(), sequences.end());
  clues.insert(clues.end(), words.begin(), words.end());
  return clues;
}

}  // namespace weir
